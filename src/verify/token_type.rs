//! The type of a token (RFC 8725 section 3.11, RFC 9068 section 2.1).

use super::required_claim::is_empty_text;
use crate::domain::Reason;
use crate::jose::{Claims, JoseHeader};

/// Which types of token an issuer's tokens may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenTypeRule {
    /// No type, `JWT`, `at+jwt`, or one of these, compared without regard to case.
    Any {
        /// Further types, without `application/`.
        accepted: Vec<String>,
    },
    /// The JWT profile for access tokens (RFC 9068): header type and all seven claims.
    AccessToken,
}

/// The claims every access token of the profile has (RFC 9068 section 2.2).
const PROFILE_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

/// Those of them that are texts; the others are judged where they are read.
const PROFILE_TEXTS: [&str; 4] = ["iss", "sub", "client_id", "jti"];

impl TokenTypeRule {
    pub(super) fn judge(&self, header: &JoseHeader, claims: &Claims) -> Result<(), Reason> {
        let token_type = header.token_type().map(without_prefix);
        let is = |expected: &str| token_type.is_some_and(|stated| stated.eq_ignore_ascii_case(expected));
        match self {
            Self::Any { accepted } => {
                let listed = accepted.iter().any(|accepted| is(without_prefix(accepted)));
                let fits = token_type.is_none() || is("JWT") || is("at+jwt") || listed;
                if fits { Ok(()) } else { Err(Reason::TokenTypeMismatch) }
            }
            Self::AccessToken if !is("at+jwt") => Err(Reason::TokenTypeMismatch),
            Self::AccessToken => judge_profile(claims),
        }
    }
}

fn judge_profile(claims: &Claims) -> Result<(), Reason> {
    if !PROFILE_CLAIMS.iter().all(|name| is_stated(claims, name)) {
        return Err(Reason::ClaimMissing);
    }
    let are_texts = PROFILE_TEXTS.iter().all(|name| claims.member(name).is_some_and(|claim| claim.string().is_some()));
    if are_texts { Ok(()) } else { Err(Reason::ClaimInvalid) }
}

fn is_stated(claims: &Claims, name: &str) -> bool {
    claims.member(name).is_some_and(|claim| !is_empty_text(claim))
}

/// A type without a slash means the one with `application/` in front (RFC 7515 section 4.1.9).
fn without_prefix(token_type: &str) -> &str {
    match token_type.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => rest,
        _ => token_type,
    }
}
