//! The dialect of the proxy in front, and the networks whose forwarded headers are trusted.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::policy::Preflight;

const PROXY: Setting = Setting::new(
    "proxy",
    "auto",
    "Which proxy sends requests to `/verify`: `nginx`, `traefik`, `caddy`, `haproxy` or `envoy`. It decides which headers describe the client's request. `auto`: only the token is checked. Routes and conditions that read the request need one of the other values.",
).shaped(Shape::Word(&value::words(DIALECTS)));
const TRUSTED_PROXIES: Setting = Setting::new(
    "trusted_proxies",
    "127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7",
    "Networks of the proxies. Headers that describe the client's request are accepted only from these peers. A peer on a unix socket is always trusted.",
)
.shaped(Shape::List(&Shape::Text));
const TRUST_ANY_PROXY: Setting = Setting::new(
    "trust_any_proxy",
    "false",
    "`true`: `trusted_proxies` may have `0.0.0.0/0` and `::/0`.",
)
.shaped(Shape::Boolean);
const ALLOW_PREFLIGHT: Setting = Setting::new(
    "allow_preflight",
    "false",
    "`true`: CORS preflight requests are allowed without a token. Their claim headers are empty. Needs a `proxy` other than `auto`.",
)
.shaped(Shape::Boolean);

pub(crate) const SETTINGS: &[Setting] = &[PROXY, TRUSTED_PROXIES, TRUST_ANY_PROXY, ALLOW_PREFLIGHT];

/// The dialect of the proxy in front, and the networks whose forwarded headers are trusted.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// The dialect of the plain `/verify` endpoint.
    pub dialect: DialectName,
    /// The networks whose forwarded headers are trusted.
    pub trusted: TrustedProxies,
    /// The treatment of CORS preflight requests, unless a route has its own.
    pub preflight: Preflight,
}

/// The name of a dialect: the headers in which a proxy describes the original request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialectName {
    /// No description of the original request is read.
    Auto,
    /// `X-Original-Method` and `X-Original-URL`; denials have no body.
    Nginx,
    /// `X-Forwarded-Method`, `-Host` and `-Uri`. `X-Forwarded-Proto` is sent as well, but no route
    /// depends on it.
    Traefik,
    /// The headers of [`Self::Traefik`].
    Caddy,
    /// The headers of [`Self::Traefik`].
    Haproxy,
    /// The request line and `Host`. The plain `/verify` has no original path; only
    /// `/verify/envoy/…` has one.
    Envoy,
}

impl DialectName {
    /// Returns the name, as it is written in the setting.
    pub fn name(self) -> &'static str {
        let named = DIALECTS.iter().find(|(_, dialect)| *dialect == self);
        named.map_or("auto", |(name, _)| name)
    }

    /// Reports a problem if the dialect is [`Self::Auto`]: `setting` depends on this part of the
    /// original request, which no dialect describes, so every request would be denied.
    pub(super) fn require_named_proxy(
        self,
        reader: &mut Reader,
        setting: &Setting,
        part: &str,
    ) -> Result<(), Reported> {
        if self != Self::Auto {
            return Ok(());
        }
        let invalid = Invalid::new(format!("needs the {part} as a named proxy describes it"));
        let hint = "set $proxy to the proxy in front, such as nginx";
        Err(reader.refuse(setting, invalid.hint(hint)))
    }
}

/// The networks whose forwarded headers are trusted.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(super) const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns `true` if a peer with this address is trusted. An IPv4-mapped IPv6 address counts as
    /// the IPv4 address.
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
        let trusted = Self::check_trusted(reader, trusted?, trust_any?);
        if allow_preflight? {
            dialect?.require_named_proxy(reader, &ALLOW_PREFLIGHT, "method")?;
        }
        Ok(Self {
            dialect: dialect?,
            trusted: trusted?,
            preflight: allow_preflight?.into(),
        })
    }

    fn check_trusted(
        reader: &mut Reader,
        trusted: Vec<IpNet>,
        trust_any: bool,
    ) -> Result<TrustedProxies, Reported> {
        if covers_everything(&trusted) && !trust_any {
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

/// Returns `true` if these networks have every IPv4 address or every IPv6 address in them.
pub(super) fn covers_everything(networks: &[IpNet]) -> bool {
    // `0.0.0.0/1` and `128.0.0.0/1` together are every address.
    IpNet::aggregate(&networks.to_vec())
        .iter()
        .any(|network| network.prefix_len() == 0)
}

/// Parses a network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, Invalid> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or(single);
    let network = network
        .map_err(|_| Invalid::expected("write networks such as 10.0.0.0/8, or single addresses"))?;
    match network {
        // Peers are compared in canonical form, so this network would never match.
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
