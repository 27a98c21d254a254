//! Passwords: from a user and a password to their principal.

use std::sync::Arc;

use super::listed::{MAX_PASSWORD, Pair, explain};
use super::{AuthenticationRecord, Authenticators, Passwords};
use crate::domain::{Credential, Denial, Explain, Reason, RequestContext};
use crate::policy::{Principal, Rules};
use crate::telemetry::CacheUse;

impl Authenticators {
    /// Compares a password with the stored hash. Requests wait for a thread of the pool, and what
    /// another request has found meanwhile is used: browsers send many at once.
    ///
    /// Fails with [`Reason::CredentialsInvalid`] if there is no such user or the password is wrong,
    /// and with [`Reason::DependencyUnavailable`] if too many requests wait or it takes too long.
    pub(super) async fn authenticate_password<E: Explain>(
        &self,
        passwords: &Passwords,
        credential: &Credential<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Arc<Principal>, Denial> {
        record.issuer = Some(passwords.profile().index);
        self.check_issuer_of_route(passwords.profile(), rules, cx)?;
        rules.check_source(passwords.profile(), credential, cx.explain)?;
        let pair = Pair::parse(credential);
        cx.explain
            .step(|| explain::pair(pair.is_some(), MAX_PASSWORD));
        let pair = pair.ok_or(Reason::CredentialsInvalid)?;
        if !cx.explain.may_compare_passwords() {
            cx.explain.step(explain::not_compared);
            return Err(Reason::DependencyUnavailable.into());
        }
        cx.check_cost()?;
        let slot = passwords.enter(cx.client()).await;
        cx.explain.step(|| explain::waiting(slot.is_ok()));
        let slot = slot?;
        if !E::DRY_RUN
            && let Some(known) = self.look_up(cx.now, record)
        {
            // It took as long as a miss.
            record.cache = CacheUse::Miss;
            cx.explain.step(explain::compared_meanwhile);
            return Ok(known);
        }
        // Other requests of this client may have failed meanwhile.
        cx.check_cost()?;
        let attempt = passwords.attempt(pair);
        let is_known = attempt.is_of_known_user();
        let line = attempt.run(slot).await?;
        cx.explain
            .step(|| explain::password(pair.user, is_known, line.is_some()));
        let line = line.ok_or(Reason::CredentialsInvalid)?;
        let principal = passwords.principal(pair.user, line, &self.claim_headers)?;
        Ok(Arc::new(principal))
    }
}
