//! The authenticator of a credential: its form decides, and never a trial.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::CredentialDigest;
use super::listed::{ApiKeys, Listed, Passwords};
use super::opaque::AskedIssuers;
use crate::domain::{Credential, CredentialScheme, IssuerIndex, Reason};
use crate::jose::CompactJws;

/// The authenticator of a credential. No other one is tried.
#[derive(Clone, Copy)]
pub(super) enum Authenticator<'a> {
    /// A user and a password; `None` if there is no list of users.
    Passwords(Option<&'a Passwords>),
    /// A credential that begins as API keys do.
    ApiKeys(&'a ApiKeys),
    /// Any other token; [`classify`] returns its kind.
    Token,
}

impl<'a> Authenticator<'a> {
    /// Returns the authenticator of a credential. The first that fits is the only one.
    pub(super) fn of(credential: &Credential<'_>, listed: &'a Listed) -> Self {
        if credential.scheme == CredentialScheme::Basic {
            return Self::Passwords(listed.passwords.as_ref());
        }
        match &listed.api_keys {
            Some(keys) if keys.form().is_begun_by(credential.as_bytes()) => Self::ApiKeys(keys),
            _ => Self::Token,
        }
    }

    /// Computes the digest by which a credential of this kind is remembered; `None` if it must not
    /// be.
    pub(super) fn digest(self, credential: &Credential<'_>) -> Option<CredentialDigest> {
        match self {
            Self::Passwords(passwords) => passwords?.digest(credential),
            Self::ApiKeys(_) => Some(CredentialDigest::of_api_key(credential)),
            Self::Token => Some(CredentialDigest::of(credential)),
        }
    }
}

/// The kind of a token.
pub(super) enum CredentialKind<'a> {
    /// A JWT; its `iss` names the issuer. A credential of no known form is also treated as a JWT,
    /// and denied for the reason why it cannot be parsed.
    Jwt(Result<CompactJws<'a>, Reason>),
    /// An opaque token of this issuer.
    Opaque(IssuerIndex),
}

/// Returns the kind of a token by its form. Never by trial: a token must not be shown to a
/// server that did not issue it.
pub(super) fn classify<'a>(
    credential: &'a Credential<'_>,
    asked: &AskedIssuers,
) -> CredentialKind<'a> {
    let token = credential.as_bytes();
    if let Some(issuer) = asked.with_prefix_of(token) {
        return CredentialKind::Opaque(issuer);
    }
    // A token that can be parsed is like a JWT: only others are looked at once more.
    match (
        CompactJws::parse(credential.as_bearer()),
        asked.of_the_rest(),
    ) {
        (Err(_), Some(issuer)) if !is_like_jwt(token) => CredentialKind::Opaque(issuer),
        (parsed, _) => CredentialKind::Jwt(parsed),
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
    use crate::domain::BearerToken;
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

        /// Otherwise the order of the two looks would decide where a token goes.
        #[test]
        fn what_can_be_parsed_is_like_a_jwt(
            header in r#"\{"alg":"(RS256|none)"(,"[a-z]{1,3}":"[a-z]{0,3}")?\}|[a-z{}\[\]]{0,5}"#,
            payload in r#"\{("[a-z]":[0-9]{1,2})?\}"#,
            end in "(|[.]|=|[.]AA)",
        ) {
            let (header, payload) = (encode_base64url(header), encode_base64url(payload));
            let token = format!("{header}.{payload}.AA{end}");
            let bearer = BearerToken::parse(token.as_bytes(), usize::MAX).unwrap();
            if CompactJws::parse(bearer).is_ok() {
                prop_assert!(is_like_jwt(token.as_bytes()), "{}", token);
            }
        }
    }
}
