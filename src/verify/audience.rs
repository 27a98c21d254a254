//! `aud` (RFC 7519 section 4.1.3, RFC 8725 section 3.9).

use std::borrow::Cow;
use std::fmt;

use crate::jose::{Claims, Json};

/// Which audiences a token must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceRule {
    /// The audiences this API goes by.
    pub accepted: AcceptedAudience,
    /// Claims that stand in for `aud` when a token has none.
    pub fallback: Vec<String>,
}

/// The audiences this API goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedAudience {
    /// Whatever the token says: written `*`, never a default.
    Everyone,
    /// These.
    Listed {
        /// The names, compared exactly.
        names: Vec<String>,
        /// How many of them a token must name.
        quantity: AudienceMatch,
    },
}

/// How many of the accepted audiences a token must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceMatch {
    /// One is enough.
    Any,
    /// Each of them.
    All,
}

impl AudienceRule {
    /// What it judges by, for people.
    pub(super) fn found(&self, claims: &Claims) -> String {
        let stand_ins = self
            .fallback
            .iter()
            .filter(|_| claims.member("aud").is_none());
        let told = stand_ins.map(|name| format!(", {name} {}", claims.describe(name)));
        std::iter::once(claims.describe("aud").to_owned())
            .chain(told)
            .collect()
    }

    pub(super) fn is_satisfied_by(&self, claims: &Claims) -> bool {
        self.stated(claims)
            .is_some_and(|stated| self.accepted.accepts(&stated))
    }

    /// The audiences the token states; nothing if it states them in a form that is not the RFC's.
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
    /// The names, if there is a list of them.
    pub(super) fn names(&self) -> &[String] {
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
