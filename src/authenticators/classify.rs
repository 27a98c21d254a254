//! The kind of a credential, which decides who verifies it.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::opaque::AskedIssuers;
use crate::domain::{Credential, IssuerIndex};

/// The kind of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialKind {
    /// A JWT, whose `iss` says whose it is; also what is nothing that is known, which is denied as
    /// a JWT is.
    Jwt,
    /// An opaque token of this issuer.
    Opaque(IssuerIndex),
}

/// Returns the kind of a credential by its form. Never by trial: a token must not be shown to a
/// server that did not issue it.
pub(super) fn classify(credential: &Credential<'_>, asked: &AskedIssuers) -> CredentialKind {
    if asked.take_no_opaque_tokens() {
        return CredentialKind::Jwt;
    }
    let token = credential.as_bytes();
    if let Some(issuer) = asked.with_prefix_of(token) {
        return CredentialKind::Opaque(issuer);
    }
    match asked.of_the_rest() {
        Some(issuer) if !is_like_jwt(token) => CredentialKind::Opaque(issuer),
        _ => CredentialKind::Jwt,
    }
}

/// Returns `true` for three parts whose first one decodes to a JSON object. A JWT with a flaw counts
/// too: it is denied for the flaw, and no server of opaque tokens sees it. Five parts do not count:
/// there are opaque tokens that look like a JWE.
fn is_like_jwt(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(first), Some(_), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let padding = first.iter().rev().take_while(|byte| **byte == b'=').count();
    let (first, _) = first
        .split_at_checked(first.len() - padding)
        .unwrap_or_default();
    LENIENT
        .decode(first)
        .is_ok_and(|header| serde_json::from_slice::<Map<String, Value>>(&header).is_ok())
}

/// Takes base64url with or without padding, and with stray bits at the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jose::encode_base64url;

    #[test]
    fn a_jwt_has_three_parts_and_a_json_object_in_front() {
        let header = encode_base64url(r#"{"alg":"ES256"}"#);
        let spaced = encode_base64url("\n { } ");
        let array = encode_base64url("[1]");
        for (token, is_jwt) in [
            (format!("{header}.a.b"), true),
            (format!("{header}=.a.b"), true),
            (format!("{spaced}.."), true),
            (format!("{header}.a"), false),
            (format!("{header}.a.b.c"), false),
            (format!("{header}.a.b.c.d"), false),
            (format!("{array}.a.b"), false),
            ("a.b.c".to_owned(), false),
            ("v2.local.x".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_like_jwt(token.as_bytes()), is_jwt, "{token}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_be_classified(token in any::<Vec<u8>>()) {
            is_like_jwt(&token);
        }
    }
}
