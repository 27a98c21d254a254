//! The principal of a credential.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::condition::ClaimValues;
use super::{ClaimHeaders, Evidence, IssuerProfile};
use crate::domain::{Moment, Reason};
use crate::verify::VerifiedToken;

/// The principal of a credential: the verified token, its claims as headers,
/// its issuer, and what vouches for it.
///
/// It says nothing about a request. It may be kept and used again as long as its evidence holds;
/// what depends on the request or the time is decided by [`Rules`](super::Rules).
#[derive(Debug)]
pub struct Principal {
    profile: Arc<IssuerProfile>,
    evidence: Evidence,
    kept_until: Moment,
    token: VerifiedToken,
    claim_values: Result<Box<[Bytes]>, Reason>,
    /// The claims as values of conditions; the first condition that reads them converts them.
    values: OnceLock<Option<ClaimValues>>,
}

impl Principal {
    /// Makes a principal of a verified token of this issuer, which this evidence vouches for.
    ///
    /// The claims are rendered here, once for all requests with the token.
    pub fn new(
        token: VerifiedToken,
        profile: Arc<IssuerProfile>,
        evidence: Evidence,
        claim_headers: &ClaimHeaders,
    ) -> Self {
        Self {
            claim_values: claim_headers.render(&token),
            profile,
            evidence,
            kept_until: Moment::NEVER,
            token,
            values: OnceLock::new(),
        }
    }

    /// Returns the principal, which is not kept beyond this moment: then the issuer is asked again.
    #[must_use]
    pub fn kept_until(self, kept_until: Moment) -> Self {
        Self { kept_until, ..self }
    }

    /// Returns the moment beyond which it is not kept, whatever its token says.
    pub const fn last_moment(&self) -> Moment {
        self.kept_until
    }

    /// Returns what policy knows of the issuer.
    pub fn profile(&self) -> &IssuerProfile {
        &self.profile
    }

    /// Returns what vouches for the principal.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Returns the token.
    pub const fn token(&self) -> &VerifiedToken {
        &self.token
    }

    /// Returns the values of the claim headers, in the order of their configuration.
    ///
    /// Fails with the reason why there can be none, which matters only if the token is not denied
    /// for another reason.
    pub fn claim_values(&self) -> Result<&[Bytes], Reason> {
        self.claim_values.as_deref().map_err(|reason| *reason)
    }

    /// Returns the claims as values of conditions.
    pub(super) fn values(&self) -> Option<&ClaimValues> {
        self.values
            .get_or_init(|| ClaimValues::of(&self.token))
            .as_ref()
    }

    /// Returns about how many bytes this takes in memory, with or without its values of conditions.
    pub fn size(&self, with_values: bool) -> usize {
        let values = self.claim_values().unwrap_or_default().iter();
        let values: usize = values.map(|value| value.len() + size_of::<Bytes>()).sum();
        let converted = if with_values {
            ClaimValues::size(&self.token)
        } else {
            0
        };
        size_of::<Self>() + values + self.token.size() + converted
    }
}
