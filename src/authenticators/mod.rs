//! From a token to the one it stands for.

mod cache;
mod digest;
mod explain;
mod record;

pub use cache::TokenCache;
pub use digest::TokenDigest;
pub use record::AuthenticationRecord;

use std::sync::Arc;

use crate::domain::{BearerToken, Denial, Explain, Moment, Reason, RequestContext};
use crate::issuers::{Issuer, Issuers, TrustedKey};
use crate::jose::CompactJws;
use crate::policy::{ClaimHeaders, Principal, Rules};
use crate::telemetry::CacheUse;
use crate::verify::VerifiedToken;
use cache::CachedToken;

/// Verifies tokens, and remembers those that were good.
pub struct Verifier {
    /// Whose tokens are accepted.
    pub issuers: Issuers,
    /// Which claims become headers.
    pub claim_headers: ClaimHeaders,
    /// Tokens that were verified already.
    pub cache: TokenCache,
}

impl Verifier {
    /// The one a token stands for, and its issuer.
    pub async fn verify<N: Explain>(
        &self,
        token: BearerToken<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, N>,
        record: &mut AuthenticationRecord,
    ) -> Result<(Arc<Issuer>, Arc<Principal>), Denial> {
        record.digest = (self.cache.is_on() || record.wants_digest).then(|| TokenDigest::of(token));
        if !N::DRY_RUN
            && let Some(known) = self.look_up(cx.now, record)
        {
            rules.check_issuer(known.issuer.index)?;
            return Ok((known.issuer.clone(), known.principal.clone()));
        }
        let (issuer, key, verified) = self.verify_fresh(token, rules, cx, record).await?;
        let principal = Arc::new(Principal::new(verified, &self.claim_headers));
        if !N::DRY_RUN
            && let Some(digest) = record.digest
        {
            self.cache
                .insert(digest, issuer.clone(), key, principal.clone(), cx.now);
        }
        Ok((issuer, principal))
    }

    /// The token as it was verified before, unless the key that vouched for it is trusted no more.
    fn look_up(&self, now: Moment, record: &mut AuthenticationRecord) -> Option<Arc<CachedToken>> {
        record.cache = if self.cache.is_on() {
            CacheUse::Miss
        } else {
            CacheUse::None
        };
        let digest = record.digest?;
        let known = self.cache.get(&digest, now)?;
        if !known.issuer.keys.still_trusts(&known.key, now) {
            self.cache.forget(&digest);
            return None;
        }
        record.cache = CacheUse::Hit;
        record.issuer = Some(known.issuer.index);
        Some(known)
    }

    /// Whose token it is, then whether its key may sign it, then whether it did, and only then what
    /// it claims.
    async fn verify_fresh<N: Explain>(
        &self,
        token: BearerToken<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, N>,
        record: &mut AuthenticationRecord,
    ) -> Result<(Arc<Issuer>, TrustedKey, VerifiedToken), Denial> {
        let jws = CompactJws::parse(token);
        cx.explain.step(|| explain::form(token, &jws));
        let jws = jws?;
        let issuer = self
            .issuers
            .find(jws.unverified_claims())
            .ok_or(Reason::IssuerUnknown);
        let issuer = cx.explain.outcome("issuer", issuer, || {
            (&self.issuers, explain::issuer_claim(&jws))
        })?;
        record.issuer = Some(issuer.index);
        let wanted = rules.check_issuer(issuer.index);
        cx.explain.outcome("issuer of the route", wanted, || {
            (explain::issuers(rules, &self.issuers), &issuer.name)
        })?;
        let algorithm = jws.header().algorithm();
        let allowed = if issuer.algorithms.contains(algorithm) {
            Ok(())
        } else {
            Err(Reason::AlgorithmNotAllowed)
        };
        cx.explain
            .outcome("algorithm", allowed, || (&issuer.algorithms, algorithm))?;
        // Nobody is asked for a key on behalf of a token that would be refused anyway.
        let latest_end = cx.now.date.minus(issuer.expectations.time.leeway);
        let worth_fetching = !N::DRY_RUN && !jws.unverified_claims().seems_expired(latest_end);
        let found = issuer
            .keys
            .candidates(jws.header().key_id(), algorithm, worth_fetching, cx.now)
            .await;
        cx.explain
            .step(|| explain::keys(jws.header(), issuer, &found, cx.now));
        let (candidates, snapshot) = found?;
        let signed = jws.into_signed(&candidates);
        cx.explain.step(|| explain::signature(&candidates, &signed));
        let signed = signed?;
        let key = snapshot.trusted(signed.key());
        let verified = issuer
            .expectations
            .validate(signed, cx.now.date, cx.explain)?;
        Ok((issuer.clone(), key, verified))
    }
}
