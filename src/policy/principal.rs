//! The principal of a credential.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwapOption;

use super::condition::ClaimValues;
use super::{ClaimHeaders, Evidence, IssuerProfile, RenderedHeaders, UserRow};
use crate::domain::{Moment, Reason};
use crate::verify::VerifiedToken;

/// The principal of a credential: the verified token, its claims as headers,
/// its issuer, what vouches for it, and the user's row as it was last looked up.
///
/// It says nothing about a request. It may be kept and used again as long as its evidence holds;
/// what depends on the request or the time is decided by [`Rules`](super::Rules).
pub struct Principal {
    profile: Arc<IssuerProfile>,
    evidence: Evidence,
    kept_until: Moment,
    token: VerifiedToken,
    headers: Result<RenderedHeaders, Reason>,
    /// The claims as values of conditions; the first condition that reads them converts them.
    values: OnceLock<Option<ClaimValues>>,
    /// The user's row as it was last looked up, and until when it is good: a hit here computes no
    /// key of a cache and allocates nothing. The row belongs to the directory, which bounds what
    /// all rows take: as many principals would hold as many rows for as long as they are cached.
    user: ArcSwapOption<KeptUser>,
}

/// A row of the directory, and until when it is good.
#[derive(Debug)]
struct KeptUser {
    row: Weak<UserRow>,
    until: Moment,
}

/// Shows whose principal it is and what vouches for it, and nothing of the user.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer", &self.profile.name)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
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
            headers: claim_headers.render(&token),
            profile,
            evidence,
            kept_until: Moment::NEVER,
            token,
            values: OnceLock::new(),
            user: ArcSwapOption::empty(),
        }
    }

    /// Returns the principal with a moment beyond which it is not kept. The issuer is then asked
    /// again.
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

    /// Returns the headers that are made of claims, in the order of their configuration.
    ///
    /// Fails with the reason why there can be none, which matters only if the token is not denied
    /// for another reason.
    pub fn headers(&self) -> Result<&RenderedHeaders, Reason> {
        self.headers.as_ref().map_err(|reason| *reason)
    }

    /// Returns the user's row that was kept by [`keep_user`](Self::keep_user), if it is good at
    /// this time and the directory still has it.
    pub fn kept_user(&self, now: Moment) -> Option<Arc<UserRow>> {
        let kept = self.user.load();
        let kept = kept.as_deref().filter(|kept| !now.reaches(kept.until))?;
        kept.row.upgrade()
    }

    /// Keeps the user's row until this time for the next request with the same credential.
    pub fn keep_user(&self, row: &Arc<UserRow>, until: Moment) {
        let row = Arc::downgrade(row);
        self.user.store(Some(Arc::new(KeptUser { row, until })));
    }

    /// Returns the claims as values of conditions.
    pub(super) fn values(&self) -> Option<&ClaimValues> {
        self.values
            .get_or_init(|| ClaimValues::of(&self.token))
            .as_ref()
    }

    /// Returns about how many bytes this takes in memory, with or without its values of conditions.
    /// The user's row is counted by the directory.
    pub fn size(&self, with_values: bool) -> usize {
        let headers = self.headers().map_or(0, RenderedHeaders::size);
        let converted = if with_values {
            ClaimValues::size(&self.token.members().unwrap_or_default())
        } else {
            0
        };
        size_of::<Self>() + size_of::<KeptUser>() + headers + self.token.size() + converted
    }
}
