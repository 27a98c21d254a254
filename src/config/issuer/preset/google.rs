//! Google: ID tokens.

use super::provider::{Preset, Provider};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;

pub(super) const PROVIDER: Provider = Provider {
    settings: &[],
    read: |_| {
        Ok(Preset {
            name: "google",
            // Google's tokens have either of them; its metadata names the first.
            accepted: AcceptedIssuers::Named(
                ["https://accounts.google.com", "accounts.google.com"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            rule: None,
            roles: None,
            audience_fallback: None,
            introspection_url: None,
            audience_hint: "set the OAuth client id of the application",
        })
    },
    aliases: &[],
};
