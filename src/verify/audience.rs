//! `aud` (RFC 7519 section 4.1.3, RFC 8725 section 3.9).

use std::borrow::Cow;

use crate::domain::Reason;
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
    pub(super) fn judge(&self, claims: &Claims) -> Result<(), Reason> {
        let stated = self.stated(claims).ok_or(Reason::AudienceMismatch)?;
        let satisfied = match &self.accepted {
            AcceptedAudience::Everyone => true,
            AcceptedAudience::Listed { names, quantity: AudienceMatch::Any } => {
                names.iter().any(|name| stated.iter().any(|stated| stated == name))
            }
            AcceptedAudience::Listed { names, quantity: AudienceMatch::All } => {
                names.iter().all(|name| stated.iter().any(|stated| stated == name))
            }
        };
        if satisfied { Ok(()) } else { Err(Reason::AudienceMismatch) }
    }

    /// The audiences the token states; nothing if it states them in a form that is not the RFC's.
    fn stated<'a>(&self, claims: &'a Claims) -> Option<Vec<Cow<'a, str>>> {
        let Some(aud) = claims.member("aud") else {
            return Some(self.fallback.iter().filter_map(|name| claims.member(name)?.string()).collect());
        };
        match aud.string() {
            Some(audience) => Some(vec![audience]),
            None => aud.elements()?.into_iter().map(Json::string).collect(),
        }
    }
}
