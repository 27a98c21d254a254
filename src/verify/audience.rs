//! `aud` (RFC 7519 section 4.1.3, RFC 8725 section 3.9).

use std::borrow::Cow;
use std::fmt;

use super::VerifiedToken;
use crate::domain::{Notes, Reason};
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
    /// Judges whom a token is for: the audiences of this rule, or others that a route asks for in
    /// their place.
    pub fn judge(
        &self,
        token: &VerifiedToken,
        in_their_place: Option<&AcceptedAudience>,
        notes: &mut impl Notes,
    ) -> Result<(), Reason> {
        let satisfied = match in_their_place {
            None => token.names_audience_of_issuer(),
            Some(accepted) => self
                .stated(token.claims())
                .is_some_and(|stated| accepted.accepts(&stated)),
        };
        let outcome = if satisfied {
            Ok(())
        } else {
            Err(Reason::AudienceMismatch)
        };
        notes.judged("aud", outcome, || {
            (
                in_their_place.unwrap_or(&self.accepted),
                self.found(token.claims()),
            )
        })
    }

    /// What it judges by, for people.
    fn found(&self, claims: &Claims) -> String {
        let stand_ins = self
            .fallback
            .iter()
            .filter(|_| claims.member("aud").is_none());
        let told = stand_ins.map(|name| format!(", {name} {}", claims.told(name)));
        std::iter::once(claims.told("aud").to_owned())
            .chain(told)
            .collect()
    }

    pub(super) fn is_satisfied_by(&self, claims: &Claims) -> bool {
        self.stated(claims)
            .is_some_and(|stated| self.accepted.accepts(&stated))
    }

    /// The audiences the token states; nothing if it states them in a form that is not the RFC's.
    fn stated<'a>(&self, claims: &'a Claims) -> Option<Vec<Cow<'a, str>>> {
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

    fn accepts(&self, stated: &[Cow<'_, str>]) -> bool {
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
