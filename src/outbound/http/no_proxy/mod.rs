//! The hosts that are reached without a proxy (`NO_PROXY`).

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// The hosts that are reached without a proxy, in the syntax of both curl and Go.
///
/// Entries are separated by commas or white space:
///
/// - a name, with or without a dot in front: this name and all names below it;
/// - `*.name`: the names below this one only;
/// - an address or a network (`10.0.0.0/8`): these addresses;
/// - `*`: every host.
///
/// A port after a name or an address (`host:8443`, `[::1]:8443`) limits the entry to this port.
#[derive(Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

/// One entry of the list.
#[derive(Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

/// The hosts of one entry.
#[derive(Debug)]
enum Hosts {
    All,
    Network(IpNet),
    Domain(String),
    Below(String),
}

impl NoProxy {
    /// Parses the value of the variable. A malformed entry matches no host.
    pub(super) fn parse(text: &str) -> Self {
        let entries = text.split(|character: char| character == ',' || character.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Returns `true` if the URL is to be reached without a proxy.
    pub(super) fn contains(&self, url: &Url) -> bool {
        let (Some(host), port) = (url.host(), url.port_or_known_default()) else {
            return false;
        };
        self.0
            .iter()
            .any(|entry| (entry.port.is_none() || entry.port == port) && entry.hosts.contain(&host))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self {
                hosts: Hosts::All,
                port: None,
            });
        }
        if let Some(network) = network(text) {
            return Some(Self {
                hosts: Hosts::Network(network),
                port: None,
            });
        }
        let (host, port) = split_port(text)?;
        let hosts = match network(
            host.strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .unwrap_or(host),
        ) {
            Some(network) => Hosts::Network(network),
            None => Hosts::names(host)?,
        };
        Some(Self { hosts, port })
    }
}

impl Hosts {
    fn names(text: &str) -> Option<Self> {
        let (name, make): (_, fn(String) -> Self) = match text.strip_prefix("*.") {
            Some(name) => (name, Self::Below),
            None => (text.strip_prefix('.').unwrap_or(text), Self::Domain),
        };
        // Names are written as in a URL: lower case, and other letters than ASCII as `xn--`.
        match Host::parse(name.strip_suffix('.').unwrap_or(name)).ok()? {
            Host::Domain(name) => Some(make(name)),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    fn contain(&self, host: &Host<&str>) -> bool {
        let is_within =
            |network: &IpNet, address: IpAddr| network.contains(&address.to_canonical());
        let length_before = |parent: &str, name: &str| {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.strip_suffix(parent)
                .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
                .map(str::len)
        };
        match (self, host) {
            (Self::All, _) => true,
            (Self::Network(network), Host::Ipv4(address)) => is_within(network, (*address).into()),
            (Self::Network(network), Host::Ipv6(address)) => is_within(network, (*address).into()),
            (Self::Domain(parent), Host::Domain(name)) => length_before(parent, name).is_some(),
            (Self::Below(parent), Host::Domain(name)) => {
                length_before(parent, name).is_some_and(|length| length > 0)
            }
            (Self::Network(_), Host::Domain(_)) | (Self::Domain(_) | Self::Below(_), _) => false,
        }
    }
}

/// Parses a network, or an address as a network of one address.
fn network(text: &str) -> Option<IpNet> {
    let address = || {
        text.parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical().into())
    };
    text.parse().ok().or_else(address)
}

/// Splits a host from the port after it. Colons inside brackets belong to an address.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let host_end = text.find(']').map_or(0, |bracket| bracket + 1);
    match text.get(host_end..)?.find(':') {
        None => Some((text, None)),
        Some(colon) => {
            let (host, port) = text.split_at_checked(host_end + colon)?;
            match port.strip_prefix(':')? {
                "" => Some((host, None)),
                port => Some((host, Some(port.parse().ok()?))),
            }
        }
    }
}
