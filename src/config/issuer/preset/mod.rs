//! Presets: the settings of known identity providers, filled in where the operator sets nothing.
//!
//! A preset fills in only settings that are not given: the operator's own values always win. What
//! follows from the provider alone, such as the names of the issuer and the claims that only this
//! provider has, is in the [`Preset`].

mod auth0;
mod cognito;
mod entra;
mod firebase;
mod google;
mod keycloak;
mod okta;
mod provider;

pub(crate) use provider::Preset;

use super::audience::AUDIENCE_FALLBACK;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use provider::Provider;

pub(crate) const PRESET: Setting = Setting::optional(
    "preset",
    "none",
    "Name of a known provider: `cognito`, `auth0`, `entra`, `keycloak`, `okta`, `google` or `firebase`. It fills in the issuer and the key source, and adds the provider's own checks and roles.",
).shaped(Shape::Word(&value::words(PROVIDERS)));

/// The settings of all presets, provider by provider.
pub(super) const SETTINGS: &[Setting] = &[
    cognito::REGION,
    cognito::USERPOOL_ID,
    cognito::APP_CLIENT_ID,
    cognito::TOKEN_USE,
    auth0::DOMAIN,
    entra::TENANTS,
    keycloak::URL,
    keycloak::REALM,
    keycloak::INTERNAL_URL,
    okta::DOMAIN,
    okta::AUTHORIZATION_SERVER,
    firebase::PROJECT,
];

const PROVIDERS: &[(&str, &Provider); 7] = &[
    ("cognito", &cognito::PROVIDER),
    ("auth0", &auth0::PROVIDER),
    ("entra", &entra::PROVIDER),
    ("keycloak", &keycloak::PROVIDER),
    ("okta", &okta::PROVIDER),
    ("google", &google::PROVIDER),
    ("firebase", &firebase::PROVIDER),
];

impl Preset {
    /// Reads the preset of the issuer, if one is set, and reports settings of the other presets.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Reported> {
        let chosen = reader.optional(&PRESET, value::one_of(PROVIDERS))?;
        let mut others = Ok(());
        for (name, provider) in PROVIDERS {
            if chosen.is_none_or(|chosen| chosen.settings != provider.settings) {
                let invalid = Invalid::new(format!("belongs to preset {name}"))
                    .hint(format!("set $preset={name}"));
                others = others.and(reader.refuse_given(provider.settings, &invalid));
            }
        }
        let preset = chosen.map(|chosen| (chosen.read)(reader)).transpose();
        if let Ok(Some(Self {
            audience_fallback: Some(claim),
            ..
        })) = &preset
        {
            reader.fill(&AUDIENCE_FALLBACK, *claim, &PRESET);
        }
        others.and(preset)
    }
}

/// Returns the environment variables without the prefix `DOORWARD_` that this preset reads.
pub(crate) fn aliases(preset: Option<&str>) -> &'static [(&'static str, Setting)] {
    let chosen =
        preset.and_then(|preset| PROVIDERS.iter().find(|(name, _)| *name == preset.trim()));
    chosen.map_or(&[], |(_, provider)| provider.aliases)
}
