//! Warnings about a configuration that is valid: headers that the files under `deploy/` do not cover,
//! and settings that may not mean what they seem to.

use super::{HeaderNames, Proxy};
use crate::config::{Configuration, DialectName, RouteSettings};

/// Returns the warnings about a configuration. Those about headers are for an operator who uses the
/// shipped files unchanged.
pub fn warnings(configuration: &Configuration) -> Vec<String> {
    let by_grpc = !configuration.server.grpc_listen.is_empty();
    let proxy = proxy_of(configuration.proxy.dialect, by_grpc);
    let (names, shipped) = (HeaderNames::of(configuration), HeaderNames::shipped());
    let whose = proxy.map_or("the shipped proxy files".to_owned(), |proxy| {
        format!("the shipped files for {proxy}")
    });
    let command = format!(
        "`doorward config proxy {}`",
        proxy.map_or("NAME", Proxy::name)
    );
    let mapped = names
        .claim_headers()
        .filter(|name| !is_handed_on(proxy, name, &shipped))
        .collect::<Vec<_>>()
        .join(", ");
    let asked = names
        .token_headers()
        .filter(|_| proxy != Some(Proxy::Caddy))
        .collect::<Vec<_>>()
        .join(", ");
    let mut warnings = Vec::new();
    if !mapped.is_empty() {
        warnings.push(format!(
            "claim_headers: {whose} do not set {mapped}: what the client sends under such a name may reach the application \
             ({command} prints the lines that set and remove it)"
        ));
    }
    if !asked.is_empty() {
        warnings.push(format!(
            "token_sources: {whose} do not send {asked} to doorward: a token there is not seen ({command} prints the lines \
             that do)"
        ));
    }
    warnings.extend(configuration.guessing_warning());
    let routes = configuration.routes.iter();
    warnings.extend(routes.flat_map(RouteSettings::path_warnings));
    warnings
}

fn proxy_of(dialect: DialectName, by_grpc: bool) -> Option<Proxy> {
    match dialect {
        DialectName::Auto => None,
        DialectName::Nginx => Some(Proxy::Nginx),
        DialectName::Traefik => Some(Proxy::Traefik),
        DialectName::Caddy => Some(Proxy::Caddy),
        DialectName::Haproxy => Some(Proxy::Haproxy),
        DialectName::Envoy if by_grpc => Some(Proxy::EnvoyGrpc),
        DialectName::Envoy => Some(Proxy::Envoy),
    }
}

/// Returns `true` if, with the shipped files, the application gets doorward's value under this name
/// and no client's value. Some of the files pass on every name that begins with `X-Auth-`, others
/// have a list; the list is used if the proxy is unknown. With gRPC the response itself sets every
/// header.
fn is_handed_on(proxy: Option<Proxy>, name: &str, shipped: &HeaderNames) -> bool {
    let begins_like_ours = name.to_ascii_lowercase().starts_with("x-auth-");
    // To the files, the spelling with hyphens is another name.
    let is_sure = !name.contains('_');
    match proxy {
        Some(Proxy::EnvoyGrpc) => is_sure,
        Some(Proxy::Traefik | Proxy::Envoy) => is_sure && begins_like_ours,
        _ => shipped.is_claim_header(name),
    }
}
