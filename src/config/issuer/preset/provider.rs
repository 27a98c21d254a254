//! The building blocks of a preset.

use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config::issuer::keys::{JWKS_URL, KeySource};
use crate::config_reader::{Reader, Reported, Setting};
use crate::verify::{ProviderRule, RoleClaims};

/// The values that a preset derives from the settings of its provider.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The name of the preset.
    pub(crate) name: &'static str,
    /// The values of `iss` in its tokens.
    pub(crate) accepted: AcceptedIssuers,
    /// A check that only the tokens of this provider need.
    pub(crate) rule: Option<ProviderRule>,
    /// The claims that hold its roles, if it has roles.
    pub(crate) roles: Option<RoleClaims>,
    /// The claim that replaces `aud` in a token without one.
    pub(crate) audience_fallback: Option<&'static str>,
    /// The introspection endpoint, where it follows from the settings of the preset.
    pub(crate) introspection_url: Option<String>,
    /// The hint for an operator who has set no audience.
    pub(crate) audience_hint: &'static str,
}

/// A provider: its settings, and the function that derives a [`Preset`] from them.
pub(super) struct Provider {
    pub(crate) settings: &'static [Setting],
    pub(crate) read: fn(&mut Reader) -> Result<Preset, Reported>,
    /// Settings that may also be given by environment variables of these names.
    pub(crate) aliases: &'static [(&'static str, Setting)],
}

/// Sets the URL of the keys unless the operator has set a key source.
pub(super) fn fill_keys(reader: &mut Reader, url: String, origin: &Setting) {
    if KeySource::given(reader).is_empty() {
        reader.fill(&JWKS_URL, url, origin);
    }
}
