//! Microsoft Entra ID: one tenant, several, or all of them.

use super::provider::{Preset, Provider, fill_keys};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape};
use crate::verify::{EntraTenant, ProviderRule, RoleClaims};

pub(super) const TENANTS: Setting = Setting::optional(
    "entra_tenants",
    "–",
    "Directory ids (GUIDs) of the tenants whose tokens are accepted. `*` alone accepts tokens of every tenant of Entra ID.",
)
.shaped(Shape::List(&Shape::Text));

pub(super) const PROVIDER: Provider = Provider {
    settings: &[TENANTS],
    read,
    aliases: &[],
};

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let Some(tenants) = reader.optional_list(&TENANTS, tenant)? else {
        let hint = "set the directory id of the tenant, or \"*\" for every tenant there is";
        return Err(reader.refuse(&TENANTS, Invalid::new("missing").hint(hint)));
    };
    let accepted = match tenants.iter().flatten().collect::<Vec<_>>() {
        listed if listed.len() == tenants.len() => {
            let tenants = listed.into_iter().filter_map(|id| EntraTenant::parse(id));
            AcceptedIssuers::Named(tenants.flat_map(EntraTenant::issuers).collect())
        }
        listed if listed.is_empty() && tenants.len() == 1 => AcceptedIssuers::AnyEntraTenant,
        _ => {
            let invalid = Invalid::new("`*` beside tenants").hint("write `*` alone");
            return Err(reader.refuse(&TENANTS, invalid));
        }
    };
    let only = if let [Some(only)] = tenants.as_slice() {
        only
    } else {
        "common"
    };
    fill_keys(
        reader,
        format!("https://login.microsoftonline.com/{only}/discovery/v2.0/keys"),
        &TENANTS,
    );
    Ok(Preset {
        name: "entra",
        accepted,
        rule: Some(ProviderRule::Tenant),
        roles: Some(RoleClaims::Named("roles")),
        audience_fallback: None,
        introspection_url: None,
        audience_hint: "set the application id of this API, and its URI (api://…) for tokens of version 1.0",
    })
}

/// Parses the id of a tenant; `None` means `*`.
fn tenant(text: &str) -> Result<Option<String>, Invalid> {
    let id = text.trim().to_ascii_lowercase();
    match EntraTenant::parse(&id) {
        Some(_) => Ok(Some(id)),
        None if id == "*" => Ok(None),
        None => Err(Invalid::expected(
            "write the directory id of the tenant, a GUID",
        )),
    }
}
