//! Auth0 tenants.

use super::provider::{Preset, Provider};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config_reader::{Reader, Reported, Setting, value};
use crate::verify::RoleClaims;

pub(super) const DOMAIN: Setting = Setting::optional(
    "auth0_domain",
    "–",
    "Domain of the Auth0 tenant, such as `acme.eu.auth0.com`, or its custom domain.",
);

pub(super) const PROVIDER: Provider = Provider {
    settings: &[DOMAIN],
    read,
    aliases: &[],
};

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let domain = reader.required(&DOMAIN, value::host_name, "set the domain of the tenant")?;
    Ok(Preset {
        name: "auth0",
        // Auth0 writes `iss` with the slash at the end.
        accepted: AcceptedIssuers::Named(vec![format!("https://{domain}/")]),
        rule: None,
        roles: Some(RoleClaims::Named("permissions")),
        audience_fallback: None,
        introspection_url: None,
        audience_hint: "set the identifier of the API at Auth0",
    })
}
