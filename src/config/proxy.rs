//! How the proxy speaks, and whom to believe.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::policy::Preflight;

const PROXY: Setting = Setting::new(
    "proxy",
    "auto",
    "Dialect of the plain `/verify`: `nginx`, `traefik`, `caddy`, `haproxy`, `envoy`, or `auto`, which looks at nothing but the token.",
).shaped(Shape::Word(&value::words(DIALECTS)));
const TRUSTED_PROXIES: Setting = Setting::new(
    "trusted_proxies",
    "127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7",
    "Networks whose forwarded headers are believed. The peer of a unix socket always is.",
)
.shaped(Shape::List(&Shape::Text));
const TRUST_ANY_PROXY: Setting = Setting::new(
    "trust_any_proxy",
    "false",
    "Permits `0.0.0.0/0` and `::/0` in `trusted_proxies`.",
)
.shaped(Shape::Boolean);
const ALLOW_PREFLIGHT: Setting = Setting::new(
    "allow_preflight",
    "false",
    "Lets CORS preflight requests pass without a token and without identity. Needs a named `proxy`.",
)
.shaped(Shape::Boolean);

pub(crate) const SETTINGS: &[Setting] = &[PROXY, TRUSTED_PROXIES, TRUST_ANY_PROXY, ALLOW_PREFLIGHT];

/// How the proxy speaks, and whom to believe.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// How the plain `/verify` is understood.
    pub dialect: DialectName,
    /// Whose forwarded headers are believed.
    pub trusted: TrustedProxies,
    /// Whether a CORS preflight passes.
    pub preflight: Preflight,
}

/// The name of a way in which proxies describe the original request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialectName {
    /// Nothing is described.
    Auto,
    /// `X-Original-Method` and `X-Original-URL`; denials without a body.
    Nginx,
    /// `X-Forwarded-Method`, `-Host` and `-Uri`; `-Proto` comes along and says nothing that a route
    /// looks at.
    Traefik,
    /// The same as Traefik's.
    Caddy,
    /// The same as Traefik's.
    Haproxy,
    /// The request line and `Host`; without a path, which only `/verify/envoy/…` has.
    Envoy,
}

impl DialectName {
    /// Notes that a setting looks at this part of the original request where nobody describes it:
    /// every request would be refused.
    pub(super) fn refuse_unnamed(
        self,
        reader: &mut Reader,
        setting: &Setting,
        part: &str,
    ) -> Result<(), Reported> {
        if self != Self::Auto {
            return Ok(());
        }
        let hint =
            format!("set $proxy to the proxy in front, whose word on the {part} can then be taken");
        Err(reader.refuse(setting, Invalid::new("needs a named proxy").hint(hint)))
    }
}

/// Networks whose forwarded headers are believed.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether a peer with this address is believed. An IPv4 address in IPv6 clothes is an IPv4
    /// address.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

impl ProxySettings {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let dialect = reader.read(&PROXY, value::one_of(DIALECTS));
        let trusted = reader.list(&TRUSTED_PROXIES, network);
        let trust_any = reader.read(&TRUST_ANY_PROXY, value::boolean);
        let allow_preflight = reader.read(&ALLOW_PREFLIGHT, value::boolean);
        let trusted = Self::bounded(reader, trusted?, trust_any?);
        if allow_preflight? {
            dialect?.refuse_unnamed(reader, &ALLOW_PREFLIGHT, "method")?;
        }
        Ok(Self {
            dialect: dialect?,
            trusted: trusted?,
            preflight: allow_preflight?.into(),
        })
    }

    fn bounded(
        reader: &mut Reader,
        trusted: Vec<IpNet>,
        trust_any: bool,
    ) -> Result<TrustedProxies, Reported> {
        // Two halves are a whole.
        let everybody = IpNet::aggregate(&trusted)
            .iter()
            .any(|network| network.prefix_len() == 0);
        if everybody && !trust_any {
            let hint = "list the proxies' networks; if everybody really is a proxy, set $trust_any_proxy=true";
            return Err(reader.refuse(
                &TRUSTED_PROXIES,
                Invalid::new("believes everybody").hint(hint),
            ));
        }
        Ok(TrustedProxies(trusted))
    }
}

const DIALECTS: &[(&str, DialectName); 6] = &[
    ("auto", DialectName::Auto),
    ("nginx", DialectName::Nginx),
    ("traefik", DialectName::Traefik),
    ("caddy", DialectName::Caddy),
    ("haproxy", DialectName::Haproxy),
    ("envoy", DialectName::Envoy),
];

fn network(text: &str) -> Result<IpNet, Invalid> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or(single);
    let network = network
        .map_err(|_| Invalid::expected("write networks such as 10.0.0.0/8, or single addresses"))?;
    match network {
        // Peers are compared as what they are, so this one would never match.
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => {
            Err(Invalid::new("an IPv4 network in IPv6 clothes").hint("write it as an IPv4 network"))
        }
        network => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_an_ipv4_address() {
        let trusted = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        assert!(trusted.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!trusted.contains("::ffff:11.1.2.3".parse().unwrap()));
    }
}
