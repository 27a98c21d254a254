//! Okta's custom authorization servers.

use super::provider::{Preset, Provider};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config_reader::{Reader, Reported, Setting, value};
use crate::verify::RoleClaims;

pub(super) const DOMAIN: Setting = Setting::optional(
    "okta_domain",
    "–",
    "Domain of the Okta organisation, such as `acme.okta.com`, or its custom domain.",
);
pub(super) const AUTHORIZATION_SERVER: Setting = Setting::new(
    "okta_authorization_server",
    "default",
    "Id of the authorization server at Okta.",
);

pub(super) const PROVIDER: Provider = Provider {
    settings: &[DOMAIN, AUTHORIZATION_SERVER],
    read,
    aliases: &[],
};

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let domain = reader.required(
        &DOMAIN,
        value::host_name,
        "set the domain of the organisation",
    );
    let server = reader.read(&AUTHORIZATION_SERVER, value::url_segment);
    Ok(Preset {
        name: "okta",
        accepted: AcceptedIssuers::Named(vec![format!("https://{}/oauth2/{}", domain?, server?)]),
        rule: None,
        roles: Some(RoleClaims::Named("groups")),
        audience_fallback: None,
        introspection_url: None,
        audience_hint: "set the audience of the authorization server, such as api://default",
    })
}
