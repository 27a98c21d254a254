//! Firebase Authentication: ID tokens.

use super::provider::{Preset, Provider, fill_keys};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config::issuer::audience::AUDIENCE;
use crate::config_reader::{Reader, Reported, Setting, value};
use crate::verify::ProviderRule;

pub(super) const PROJECT: Setting = Setting::optional(
    "firebase_project",
    "–",
    "Id of the Firebase project. It is also the audience if `audience` is not set.",
);

const KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

pub(super) const PROVIDER: Provider = Provider {
    settings: &[PROJECT],
    read,
    aliases: &[],
};

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let project = reader.required(&PROJECT, value::url_segment, "set the id of the project")?;
    fill_keys(reader, KEYS.to_owned(), &PROJECT);
    reader.fill(&AUDIENCE, project.as_str(), &PROJECT);
    Ok(Preset {
        name: "firebase",
        accepted: AcceptedIssuers::Named(vec![format!("https://securetoken.google.com/{project}")]),
        rule: Some(ProviderRule::Login),
        roles: None,
        audience_fallback: None,
        introspection_url: None,
        audience_hint: "set $firebase_project",
    })
}
