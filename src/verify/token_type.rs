//! The type of a token (RFC 8725 section 3.11, RFC 9068 section 2.1).

use std::fmt;

use super::required_claim::is_empty_text;
use crate::domain::{Explain, Reason};
use crate::jose::{Claims, JoseHeader};

/// The types that an issuer's tokens may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenTypeRule {
    /// No type, `JWT`, `at+jwt`, or one of these, compared case-insensitively.
    Any {
        /// Further types, without `application/`.
        accepted: Vec<String>,
    },
    /// The JWT profile for access tokens (RFC 9068): header type and all seven claims.
    AccessToken,
}

/// The claims that every access token of the profile has (RFC 9068 section 2.2).
const PROFILE_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

/// The claims of the profile that are strings. The others are checked where they are read.
const PROFILE_TEXTS: [&str; 4] = ["iss", "sub", "client_id", "jti"];

impl TokenTypeRule {
    /// Validates `typ` (RFC 7519 section 5.1), and for the profile the claims of an access token.
    ///
    /// Fails with [`Reason::TokenTypeMismatch`], or as the claims of the profile fail.
    pub(super) fn validate(
        &self,
        header: &JoseHeader,
        claims: &Claims,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let stated = header.token_type().unwrap_or("absent");
        explain.outcome("typ", self.validate_type(header), || (self, stated))?;
        if *self == Self::AccessToken {
            validate_profile(claims, explain)
        } else {
            Ok(())
        }
    }

    fn validate_type(&self, header: &JoseHeader) -> Result<(), Reason> {
        let token_type = header.token_type().map(without_prefix);
        let is =
            |expected: &str| token_type.is_some_and(|stated| stated.eq_ignore_ascii_case(expected));
        let fits = match self {
            Self::Any { accepted } => {
                let listed = accepted.iter().any(|accepted| is(without_prefix(accepted)));
                token_type.is_none() || is("JWT") || is("at+jwt") || listed
            }
            Self::AccessToken => is("at+jwt"),
        };
        if fits {
            Ok(())
        } else {
            Err(Reason::TokenTypeMismatch)
        }
    }
}

impl fmt::Display for TokenTypeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any { accepted } if accepted.is_empty() => f.write_str("none, JWT or at+jwt"),
            Self::Any { accepted } => write!(f, "none, JWT, at+jwt or {}", accepted.join(", ")),
            Self::AccessToken => f.write_str("at+jwt"),
        }
    }
}

/// Validates that the claims of the profile are there (RFC 9068 section 2.2).
fn validate_profile(claims: &Claims, explain: &mut impl Explain) -> Result<(), Reason> {
    for name in PROFILE_CLAIMS {
        let stated = if is_stated(claims, name) {
            Ok(())
        } else {
            Err(Reason::ClaimMissing)
        };
        explain.outcome(name, stated, || {
            (
                "there, and not empty (RFC 9068 section 2.2)",
                claims.describe(name),
            )
        })?;
    }
    for name in PROFILE_TEXTS {
        let is_text = claims
            .member(name)
            .is_some_and(|claim| claim.string().is_some());
        let text = if is_text {
            Ok(())
        } else {
            Err(Reason::ClaimInvalid)
        };
        explain.outcome(name, text, || ("a text", claims.describe(name)))?;
    }
    Ok(())
}

fn is_stated(claims: &Claims, name: &str) -> bool {
    claims
        .member(name)
        .is_some_and(|claim| !is_empty_text(claim))
}

/// Removes `application/`: a type without a slash means the one with this prefix (RFC 7515 section
/// 4.1.9).
fn without_prefix(token_type: &str) -> &str {
    match token_type.split_at_checked("application/".len()) {
        Some((prefix, rest))
            if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') =>
        {
            rest
        }
        _ => token_type,
    }
}
