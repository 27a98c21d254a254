//! Layer 7: from a credential to its principal.
//!
//! [`Authenticators::authenticate`] takes a credential of any form. A principal that is in the
//! cache is used again; otherwise the form of the credential decides which authenticator verifies
//! it (`classify`), and never a trial of one after the other. A credential is a JWT (`jwt`) or an
//! opaque token (`opaque`); an API key or a password would be verified by a file of its own beside
//! them, and make the same [`Principal`] with other [`Evidence`](crate::policy::Evidence).

mod cache;
mod classify;
mod digest;
mod explain;
mod jwt;
pub mod opaque;
mod record;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

pub use cache::TokenCache;
pub use digest::CredentialDigest;
pub use record::AuthenticationRecord;

use crate::domain::{Credential, Denial, Explain, Moment, Reason, RequestContext};
use crate::issuers::Issuers;
use crate::policy::{ClaimHeaders, IssuerProfile, Principal, Rules};
use crate::telemetry::CacheUse;
use classify::{CredentialKind, classify};
use opaque::AskedIssuers;

/// Authenticates credentials, and remembers the principals of those that were good.
pub struct Authenticators {
    /// The issuers whose tokens are accepted.
    pub issuers: Issuers,
    /// Those of them that are asked about tokens.
    pub asked: AskedIssuers,
    /// The claims that become headers.
    pub claim_headers: ClaimHeaders,
    /// The principals that were authenticated before.
    pub cache: TokenCache,
}

impl Authenticators {
    /// Returns the principal of this credential, on a route with these rules.
    ///
    /// On a cache hit, the checks of the route that concern the issuer and the source of the
    /// credential run again. Time, audience and requirements are always left to [`Rules`].
    pub async fn authenticate<E: Explain>(
        &self,
        credential: &Credential<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Arc<Principal>, Denial> {
        record.digest =
            (self.cache.is_on() || record.wants_digest).then(|| CredentialDigest::of(credential));
        if !E::DRY_RUN
            && let Some(principal) = self.look_up(cx.now, record)
        {
            let issuer = principal.profile();
            self.check_issuer_of_route(issuer, rules, cx)?;
            rules.check_source(issuer, credential, cx.explain)?;
            return Ok(principal);
        }
        // Boxed, to keep its large state out of the caller's future: cache hits stay small.
        Box::pin(self.authenticate_fresh(credential, rules, cx, record)).await
    }

    fn check_issuer_of_route(
        &self,
        issuer: &IssuerProfile,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<(), Reason> {
        let accepted = rules.check_issuer(issuer.index);
        cx.explain.outcome("issuer of the route", accepted, || {
            (explain::issuers(rules, &self.issuers), &issuer.name)
        })
    }

    /// Returns the principal as it was authenticated before, if its evidence still holds.
    fn look_up(&self, now: Moment, record: &mut AuthenticationRecord) -> Option<Arc<Principal>> {
        record.cache = if self.cache.is_on() {
            CacheUse::Miss
        } else {
            CacheUse::None
        };
        let digest = record.digest?;
        let principal = self.cache.get(&digest, now)?;
        if !principal.evidence().still_holds(now) {
            self.cache.forget(&digest);
            return None;
        }
        record.cache = CacheUse::Hit;
        record.issuer = Some(principal.profile().index);
        Some(principal)
    }

    /// Authenticates a credential without the cache, and keeps the principal there.
    async fn authenticate_fresh<E: Explain>(
        &self,
        credential: &Credential<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Arc<Principal>, Denial> {
        cx.check_cost()?;
        let principal = match classify(credential, &self.asked) {
            CredentialKind::Jwt => self.authenticate_jwt(credential, rules, cx, record).await?,
            CredentialKind::Opaque(issuer) => {
                self.authenticate_opaque(credential, issuer, rules, cx, record)
                    .await?
            }
        };
        let principal = Arc::new(principal);
        if !E::DRY_RUN
            && let Some(digest) = record.digest
        {
            self.cache.insert(digest, principal.clone(), cx.now);
        }
        Ok(principal)
    }
}
