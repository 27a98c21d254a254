//! `aud` (RFC 7519 section 4.1.3, RFC 8725 section 3.9).

use serde_json::Value;

use crate::domain::Reason;
use crate::jose::Claims;

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
                names.iter().any(|name| stated.contains(&name.as_str()))
            }
            AcceptedAudience::Listed { names, quantity: AudienceMatch::All } => {
                names.iter().all(|name| stated.contains(&name.as_str()))
            }
        };
        if satisfied { Ok(()) } else { Err(Reason::AudienceMismatch) }
    }

    /// The audiences the token states; nothing if it states them in a form that is not the RFC's.
    fn stated<'a>(&self, claims: &'a Claims) -> Option<Vec<&'a str>> {
        match claims.member("aud") {
            Some(Value::String(audience)) => Some(vec![audience]),
            Some(Value::Array(audiences)) => audiences.iter().map(Value::as_str).collect(),
            Some(_) => None,
            None => Some(self.fallback.iter().filter_map(|name| claims.member(name)?.as_str()).collect()),
        }
    }
}
