//! API keys.

use std::sync::Arc;

use super::FollowedList;
use crate::config::{ApiKeyForm, ApiKeyList, ApiKeySettings, ApiKeyState};
use crate::domain::{CredentialScheme, IssuerIndex, Timestamp};
use crate::jose::Claims;
use crate::policy::{ClaimHeaders, Evidence, IssuerProfile, ListedLine, Principal};
use crate::verify::VerifiedToken;

/// API keys.
pub struct ApiKeys {
    profile: Arc<IssuerProfile>,
    form: ApiKeyForm,
    list: Arc<FollowedList<ApiKeyList>>,
}

impl ApiKeys {
    pub(super) fn new(settings: ApiKeySettings, index: IssuerIndex, now: Timestamp) -> Self {
        let name = crate::config::API_KEYS;
        Self {
            profile: IssuerProfile::of_list(index, name, CredentialScheme::Bearer).into(),
            form: settings.form,
            list: FollowedList::new(settings.read, now).into(),
        }
    }

    /// Returns the profile that its principals share.
    pub fn profile(&self) -> &IssuerProfile {
        &self.profile
    }

    /// Returns the form of the keys.
    pub const fn form(&self) -> &ApiKeyForm {
        &self.form
    }

    /// Returns the list.
    pub const fn list(&self) -> &Arc<FollowedList<ApiKeyList>> {
        &self.list
    }

    /// Returns the state of the key with this SHA-256, and the principal if it is good. Each key
    /// costs one look-up, in each state.
    pub(in crate::authenticators) fn find(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
        claim_headers: &ClaimHeaders,
    ) -> (ApiKeyState, Option<Principal>) {
        let current = self.list.current();
        let line = current.list.find(sha256);
        let state = ApiKeyState::of(line, now);
        let good = line.filter(|_| state == ApiKeyState::Good);
        let token = good.and_then(|line| {
            let claims = Claims::stated(line.claims.clone()).ok()?;
            let token = VerifiedToken::of_line(claims, &self.profile.expectations.audience);
            Some((line, token.ok()?))
        });
        let principal = token.map(|(line, token)| {
            let evidence = Evidence::Listed {
                list: self.list.clone(),
                line: ListedLine {
                    fingerprint: line.fingerprint,
                    revision: current.number,
                },
            };
            Principal::new(token, self.profile.clone(), evidence, claim_headers)
        });
        (state, principal)
    }
}
