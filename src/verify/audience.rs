//! `aud` (RFC 7519 section 4.1.3, RFC 8725 section 3.9).

use std::borrow::Cow;
use std::fmt;

use crate::jose::{Claims, Json};

/// The audiences that a token must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceRule {
    /// The audiences that identify this API.
    pub accepted: AcceptedAudience,
    /// The claims that are read instead of `aud` if a token has none.
    pub fallback: Vec<String>,
}

/// The audiences that identify this API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedAudience {
    /// Any audience, or none. It is written `*` and never a default.
    Everyone,
    /// The audiences of a list.
    Listed {
        /// The names, compared exactly.
        names: Vec<String>,
        /// The number of them that a token must name.
        quantity: AudienceMatch,
    },
}

/// The number of accepted audiences that a token must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceMatch {
    /// At least one of them.
    Any,
    /// All of them.
    All,
}

impl AudienceRule {
    /// Describes for people the claims that this rule reads.
    pub(super) fn found(&self, claims: &Claims) -> String {
        let fallbacks = self
            .fallback
            .iter()
            .filter(|_| claims.member("aud").is_none());
        let described = fallbacks.map(|name| format!(", {name} {}", claims.describe(name)));
        std::iter::once(claims.describe("aud").to_owned())
            .chain(described)
            .collect()
    }

    /// Returns `true` if the token is for this API: the principal that processes it identifies
    /// itself with a value of `aud` (RFC 7519 section 4.1.3).
    pub(super) fn is_satisfied_by(&self, claims: &Claims) -> bool {
        self.stated(claims)
            .is_some_and(|stated| self.accepted.accepts(&stated))
    }

    /// Returns the audiences that the token states; `None` if `aud` is neither a text nor an array
    /// of texts (RFC 7519 section 4.1.3).
    pub(super) fn stated<'a>(&self, claims: &'a Claims) -> Option<Vec<Cow<'a, str>>> {
        let Some(aud) = claims.member("aud") else {
            return Some(
                self.fallback
                    .iter()
                    .filter_map(|name| claims.member(name)?.string())
                    .collect(),
            );
        };
        match aud.string() {
            Some(audience) => Some(vec![audience]),
            None => aud.elements()?.into_iter().map(Json::string).collect(),
        }
    }
}

impl AcceptedAudience {
    /// Returns the names; none if every audience is accepted.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Everyone => &[],
            Self::Listed { names, .. } => names,
        }
    }

    pub(super) fn accepts(&self, stated: &[Cow<'_, str>]) -> bool {
        let is_stated = |name: &String| stated.iter().any(|stated| stated == name);
        match self {
            Self::Everyone => true,
            Self::Listed {
                names,
                quantity: AudienceMatch::Any,
            } => names.iter().any(is_stated),
            Self::Listed {
                names,
                quantity: AudienceMatch::All,
            } => names.iter().all(is_stated),
        }
    }
}

impl fmt::Display for AcceptedAudience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("any"),
            Self::Listed {
                names,
                quantity: AudienceMatch::Any,
            } => write!(f, "one of {}", names.join(", ")),
            Self::Listed {
                names,
                quantity: AudienceMatch::All,
            } => write!(f, "all of {}", names.join(", ")),
        }
    }
}
