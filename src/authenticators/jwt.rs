//! JSON Web Tokens (RFC 7519), signed by a key of a known issuer.

use std::sync::Arc;

use super::{AuthenticationRecord, Authenticators, explain};
use crate::config::IntrospectionMode;
use crate::domain::{Credential, Denial, Explain, Reason, RequestContext};
use crate::issuers::{Issuer, KeySnapshot};
use crate::jose::{Candidates, CompactJws};
use crate::policy::{Evidence, Principal, Rules};

impl Authenticators {
    /// Verifies a token that was parsed: first whose it is and whether the route takes it, then whether the key may
    /// sign it, then whether it did, and only then what it claims.
    pub(super) async fn authenticate_jwt<E: Explain>(
        &self,
        credential: &Credential<'_>,
        jws: CompactJws<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Principal, Denial> {
        let issuer = self
            .issuers
            .find(jws.unverified_claims())
            .ok_or(Reason::IssuerUnknown);
        let issuer = cx.explain.outcome("issuer", issuer, || {
            (&self.issuers, explain::issuer_claim(&jws))
        })?;
        let profile = &issuer.profile;
        record.issuer = Some(profile.index);
        self.check_issuer_of_route(profile, rules, cx)?;
        rules.check_source(profile, credential, cx.explain)?;
        let mode = self.asked.mode_for_jwts(profile.index);
        if mode == Some(IntrospectionMode::Only) {
            return Box::pin(self.authenticate_by_answer(credential, issuer, cx)).await;
        }
        let (candidates, snapshot) = find_keys(&jws, issuer, cx).await?;
        let signed = jws.into_signed(&candidates);
        cx.explain.step(|| explain::signature(&candidates, &signed));
        let signed = signed?;
        let evidence = Evidence::Key {
            store: issuer.keys.clone(),
            key: snapshot.trusted(signed.key()),
        };
        let (expectations, now) = (&profile.expectations, cx.now.date);
        let principal =
            |verified| Principal::new(verified, profile.clone(), evidence, &self.claim_headers);
        if mode.is_none() {
            let verified = expectations.validate(signed, now, cx.explain)?;
            return Ok(principal(verified));
        }
        // No issuer is asked about a token that would be denied anyway.
        expectations.validate_type_and_time(&signed, now, cx.explain)?;
        let introspected = Box::pin(self.introspect(credential, issuer, cx)).await?;
        let active = &introspected.active;
        let verified = expectations.validate_completed(signed, active, now, cx.explain)?;
        Ok(principal(verified).kept_until(introspected.kept_until))
    }
}

/// Finds the keys of the issuer that may have signed a token, and the snapshot that they are from.
async fn find_keys<E: Explain>(
    jws: &CompactJws<'_>,
    issuer: &Issuer,
    cx: &mut RequestContext<'_, E>,
) -> Result<(Candidates, Arc<KeySnapshot>), Denial> {
    let algorithm = jws.header().algorithm();
    let allowed = if issuer.algorithms.contains(algorithm) {
        Ok(())
    } else {
        Err(Reason::AlgorithmNotAllowed)
    };
    cx.explain
        .outcome("algorithm", allowed, || (&issuer.algorithms, algorithm))?;
    cx.check_cost()?;
    // No key is fetched for a token that would be denied anyway.
    let latest_end = cx.now.date.minus(issuer.profile.expectations.time.leeway);
    let worth_fetching = !E::DRY_RUN && !jws.unverified_claims().seems_expired(latest_end);
    let found = issuer
        .keys
        .candidates(jws.header().key_id(), algorithm, worth_fetching, cx.now)
        .await;
    cx.explain
        .step(|| explain::keys(jws.header(), issuer, &found, cx.now));
    found
}
