//! Layer 7: from a credential to its principal.
//!
//! [`Authenticators::authenticate`] takes a credential of any form. A principal that is in the
//! cache is used again; otherwise the form of the credential decides which authenticator verifies
//! it (`classify`), and never a trial of one after the other: a JWT (`jwt`), an opaque token
//! (`opaque`), an API key or a password (`listed`). All of them make the same [`Principal`], each
//! with other [`Evidence`](crate::policy::Evidence).

mod api_key;
mod cache;
mod classify;
mod digest;
mod explain;
mod jwt;
mod listed;
pub mod opaque;
mod password;
mod record;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

pub use cache::TokenCache;
pub use digest::CredentialDigest;
pub use listed::{ApiKeys, FollowHistory, FollowedList, Follower, HashPool, Listed, Passwords};
pub use record::AuthenticationRecord;

use crate::domain::{Credential, Denial, Explain, IssuerIndex, Moment, Reason, RequestContext};
use crate::issuers::Issuers;
use crate::policy::{ClaimHeaders, IssuerProfile, Principal, Rules};
use crate::telemetry::CacheUse;
use classify::{Authenticator, CredentialKind, classify};
use opaque::AskedIssuers;

/// Authenticates credentials, and remembers the principals of those that were good.
pub struct Authenticators {
    /// The issuers whose tokens are accepted.
    pub issuers: Issuers,
    /// Those of them that are asked about tokens.
    pub asked: AskedIssuers,
    /// API keys, and users with passwords.
    pub listed: Listed,
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
        self.note_digest(credential, record);
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

    /// Notes the digest of the credential, if the cache, a log or a trace needs it. In a function of
    /// its own: its variables would be part of the future of every request.
    fn note_digest(&self, credential: &Credential<'_>, record: &mut AuthenticationRecord) {
        record.digest = if self.cache.is_on() || record.wants_digest {
            Authenticator::of(credential, &self.listed).digest(credential)
        } else {
            None
        };
    }

    /// Returns the profile of the issuer or the list at this position.
    pub fn profile(&self, index: IssuerIndex) -> Option<&IssuerProfile> {
        let issuer = self.issuers.at(index).map(|issuer| &*issuer.profile);
        issuer.or_else(|| self.listed.profile(index))
    }

    fn check_issuer_of_route(
        &self,
        issuer: &IssuerProfile,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<(), Reason> {
        let accepted = rules.check_issuer(issuer.index);
        cx.explain.outcome("issuer of the route", accepted, || {
            let name = |index| Some(&*self.profile(index)?.name);
            (explain::issuers(rules, name), &issuer.name)
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
        let principal = match Authenticator::of(credential, &self.listed) {
            Authenticator::Token => self
                .authenticate_token(credential, rules, cx, record)
                .await
                .map(Arc::new)?,
            Authenticator::ApiKeys(keys) => self
                .authenticate_api_key(keys, credential, rules, cx, record)
                .map(Arc::new)?,
            Authenticator::Passwords(Some(passwords)) => {
                Box::pin(self.authenticate_password(passwords, credential, rules, cx, record))
                    .await?
            }
            Authenticator::Passwords(None) => return Err(Reason::SchemeUnsupported.into()),
        };
        if !E::DRY_RUN
            && let Some(digest) = record.digest
        {
            self.cache.insert(digest, principal.clone(), cx.now);
        }
        Ok(principal)
    }

    /// Authenticates a JWT, or asks the issuer of an opaque token.
    async fn authenticate_token<E: Explain>(
        &self,
        credential: &Credential<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Principal, Denial> {
        let parsed = match classify(credential, &self.asked) {
            CredentialKind::Jwt(parsed) => parsed,
            // Boxed, as all is that waits for others: a JWT does not carry the state of that.
            CredentialKind::Opaque(issuer) => {
                let asked = self.authenticate_opaque(credential, issuer, rules, cx, record);
                return Box::pin(asked).await;
            }
        };
        cx.explain
            .step(|| explain::form(credential.as_bearer(), &parsed));
        self.authenticate_jwt(credential, parsed?, rules, cx, record)
            .await
    }
}
