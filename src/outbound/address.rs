//! Which addresses may be talked to.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Which addresses may be talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRule {
    /// All.
    Any,
    /// Only those that the whole internet can reach: a document from outside must not lead into the network
    /// (server-side request forgery).
    Public,
}

impl AddressRule {
    /// Whether this address may be talked to.
    pub(super) fn permits(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }

    /// Whether the URL names a forbidden address outright; names are judged when they are resolved.
    pub(super) fn permits_literal(self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.permits(address.into()),
            Some(Host::Ipv6(address)) => self.permits(address.into()),
            Some(Host::Domain(_)) | None => true,
        }
    }
}

/// Resolves names to permitted addresses only: the address that was checked is the address that is used.
pub(super) struct Resolver(pub(super) AddressRule);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|address| rule.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err("the name has no permitted address".into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a URL's host, as far as they can be found out now.
pub(super) async fn addresses_of(url: &Url) -> Vec<IpAddr> {
    match url.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, 0))
            .await
            .map(|found| found.map(|address| address.ip()).collect())
            .unwrap_or_default(),
        None => Vec::new(),
    }
}

pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second); // RFC 6598
            let special = first == 0 || first >= 240 || v4.is_multicast() || v4.is_documentation();
            !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared || special)
        }
        IpAddr::V6(v6) => {
            // NAT64 (RFC 6052) leads to an IPv4 address of the sender's choosing.
            let nat64 = matches!(v6.segments(), [0x64, 0xff9b, ..]);
            let special = v6.is_unspecified() || v6.is_multicast() || nat64;
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || special)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        for address in ["1.1.1.1", "2606:4700::1111", "100.128.0.1", "172.32.0.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn literals_are_judged_too() {
        let permits = |url: &str| AddressRule::Public.permits_literal(&Url::parse(url).unwrap());
        assert!(!permits("https://169.254.169.254/") && !permits("https://[::1]/") && !permits("https://2130706433/"));
        assert!(permits("https://idp.example/") && permits("https://1.1.1.1/"));
    }
}
