//! What a provider gives to a preset.

use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config::issuer::keys::{JWKS_URL, KeySource};
use crate::config_reader::{Reader, Reported, Setting};
use crate::verify::{ProviderRule, RoleClaims};

/// What follows from a provider's settings.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The `iss` of its tokens.
    pub(crate) accepted: AcceptedIssuers,
    /// What only this provider's tokens say.
    pub(crate) rule: Option<ProviderRule>,
    /// Where it writes roles, if it writes any.
    pub(crate) roles: Option<RoleClaims>,
    /// The claim that stands in for `aud` where a token has none.
    pub(crate) audience_fallback: Option<&'static str>,
    /// What to do if there is no audience.
    pub(crate) audience_hint: &'static str,
}

/// A provider: its settings, and what follows from them.
pub(super) struct Provider {
    pub(crate) settings: &'static [Setting],
    pub(crate) read: fn(&mut Reader) -> Result<Preset, Reported>,
    /// Settings that may also be given by variables of these names.
    pub(crate) aliases: &'static [(&'static str, Setting)],
}

/// Keys come from here unless the operator says from where.
pub(super) fn fill_keys(reader: &mut Reader, url: String, origin: &Setting) {
    if KeySource::given(reader).is_empty() {
        reader.fill(&JWKS_URL, url, origin);
    }
}
