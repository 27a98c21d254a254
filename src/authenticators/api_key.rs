//! API keys: from a key to its principal.

use super::listed::explain as listed;
use super::{ApiKeys, AuthenticationRecord, Authenticators, CredentialDigest};
use crate::domain::{Credential, Denial, Explain, Reason, RequestContext};
use crate::policy::{Principal, Rules};

impl Authenticators {
    /// Looks up an API key. Its form is checked first, then whether the route takes keys. Only then
    /// the list is read.
    ///
    /// Fails with [`Reason::TokenMalformed`] if it does not have the form of a key, and with
    /// [`Reason::CredentialUnknown`] if it is not in the list, has expired, or is disabled.
    pub(super) fn authenticate_api_key<E: Explain>(
        &self,
        keys: &ApiKeys,
        credential: &Credential<'_>,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Principal, Denial> {
        record.issuer = Some(keys.profile().index);
        let form = keys.form().check(credential.as_bytes());
        cx.explain.step(|| listed::api_key_form(keys.form(), form));
        form.map_err(|_| Reason::TokenMalformed)?;
        self.check_issuer_of_route(keys.profile(), rules, cx)?;
        rules.check_source(keys.profile(), credential, cx.explain)?;
        cx.check_cost()?;
        let digest = record
            .digest
            .unwrap_or_else(|| CredentialDigest::of_api_key(credential));
        let now = cx.now.date;
        let (state, principal) = keys.find(digest.sha256(), now, &self.claim_headers);
        cx.explain
            .step(|| listed::api_key(state, principal.as_ref()));
        principal.ok_or_else(|| Reason::CredentialUnknown.into())
    }
}
