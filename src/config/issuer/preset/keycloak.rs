//! Keycloak realms.

use url::Url;

use super::provider::{Preset, Provider, fill_keys};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config::issuer::keys::KeySource;
use crate::config_reader::{Invalid, Reader, Reported, Setting, value};
use crate::verify::RoleClaims;

pub(super) const URL: Setting = Setting::optional(
    "keycloak_url",
    "–",
    "URL at which clients reach Keycloak: the part of `iss` before `/realms/`.",
);
pub(super) const REALM: Setting = Setting::optional("keycloak_realm", "–", "Name of the realm.");
pub(super) const INTERNAL_URL: Setting = Setting::optional(
    "keycloak_internal_url",
    "`keycloak_url`",
    "URL at which doorward reaches Keycloak. Keys are fetched from there. The expected `iss` still has `keycloak_url`.",
);

pub(super) const PROVIDER: Provider = Provider {
    settings: &[URL, REALM, INTERNAL_URL],
    read,
    aliases: &[],
};

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let url = reader.required(
        &URL,
        base_url,
        "set the URL of Keycloak, such as https://sso.example.com",
    );
    let realm = reader.required(&REALM, value::url_segment, "set the name of the realm");
    let internal = reader.optional(&INTERNAL_URL, base_url);
    let (url, realm, internal) = (url?, realm?, internal?);
    if let (Some(_), [source, ..]) = (&internal, KeySource::given(reader).as_slice()) {
        let invalid = Invalid::new(format!("has no meaning beside {}", reader.mention(source)))
            .hint("keep one of them");
        return Err(reader.refuse(&INTERNAL_URL, invalid));
    }
    let origin = if internal.is_some() {
        INTERNAL_URL
    } else {
        URL
    };
    let protocol = format!(
        "{}/realms/{realm}/protocol/openid-connect",
        internal.as_ref().unwrap_or(&url)
    );
    fill_keys(reader, format!("{protocol}/certs"), &origin);
    Ok(Preset {
        name: "keycloak",
        accepted: AcceptedIssuers::Named(vec![format!("{url}/realms/{realm}")]),
        rule: None,
        roles: Some(RoleClaims::RealmAndClients),
        audience_fallback: None,
        introspection_url: Some(format!("{protocol}/token/introspect")),
        audience_hint: "set the audience of this API, which a client scope of the realm adds to its tokens",
    })
}

/// Parses a base URL, and removes slashes at its end.
fn base_url(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    let expected = || {
        Invalid::new("no URL of a server").hint("write https://host, with a path if there is one")
    };
    let url = Url::parse(&text).map_err(|_| expected())?;
    let is_bare =
        url.has_host() && url.query().is_none() && url.fragment().is_none() && !text.contains('@');
    if is_bare {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(expected())
    }
}
