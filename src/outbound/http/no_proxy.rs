//! Hosts that are asked without a proxy (`NO_PROXY`).

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// Hosts that are asked without a proxy: what curl and Go read in `NO_PROXY`, both.
///
/// Entries are separated by commas or blanks: a name stands for itself and all names below, with a
/// dot in front or without; `*.name` for the names below only; addresses and networks
/// (`10.0.0.0/8`) for themselves, `*` for everything. A port behind a name or an address
/// (`host:8443`, `[::1]:8443`) limits the entry to it.
#[derive(Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug)]
enum Hosts {
    All,
    Network(IpNet),
    Domain(String),
    Below(String),
}

impl NoProxy {
    /// Reads the value of the variable; what is no entry means no host.
    pub(super) fn parse(text: &str) -> Self {
        let entries = text.split(|character: char| character == ',' || character.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

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
        // In the spelling that a URL has: lower case, and foreign letters as `xn--`.
        match Host::parse(name.strip_suffix('.').unwrap_or(name)).ok()? {
            Host::Domain(name) => Some(make(name)),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    fn contain(&self, host: &Host<&str>) -> bool {
        let is_within =
            |network: &IpNet, address: IpAddr| network.contains(&address.to_canonical());
        let in_front = |parent: &str, name: &str| {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.strip_suffix(parent)
                .filter(|front| front.is_empty() || front.ends_with('.'))
                .map(str::len)
        };
        match (self, host) {
            (Self::All, _) => true,
            (Self::Network(network), Host::Ipv4(address)) => is_within(network, (*address).into()),
            (Self::Network(network), Host::Ipv6(address)) => is_within(network, (*address).into()),
            (Self::Domain(parent), Host::Domain(name)) => in_front(parent, name).is_some(),
            (Self::Below(parent), Host::Domain(name)) => {
                in_front(parent, name).is_some_and(|length| length > 0)
            }
            (Self::Network(_), Host::Domain(_)) | (Self::Domain(_) | Self::Below(_), _) => false,
        }
    }
}

/// A network, or an address, which is a network of one.
fn network(text: &str) -> Option<IpNet> {
    let address = || {
        text.parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical().into())
    };
    text.parse().ok().or_else(address)
}

/// The host, and the port behind it; the colons inside brackets belong to an address.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contains(list: &str, url: &str) -> bool {
        NoProxy::parse(list).contains(&Url::parse(url).unwrap())
    }

    /// What a list is for, and what not.
    const TABLE: &[(&str, &[&str], &[&str])] = &[
        ("", &[], &["https://a.example/"]),
        (
            "*",
            &[
                "https://a.example/",
                "http://10.0.0.1/",
                "https://[2001:db8::1]/",
            ],
            &[],
        ),
        ("b.example, *", &["https://a.example/"], &[]),
        (
            "a.example",
            &[
                "https://a.example/",
                "https://A.Example:8443/",
                "https://b.a.example/",
                "https://a.example./",
            ],
            &[
                "https://ba.example/",
                "https://example/",
                "https://a.example.com/",
            ],
        ),
        (
            ".a.example",
            &["https://a.example/", "https://b.a.example/"],
            &["https://xa.example/"],
        ),
        (
            "*.a.example",
            &["https://b.a.example/", "https://c.b.a.example./"],
            &["https://a.example/", "https://a.example./"],
        ),
        (
            "A.EXAMPLE.",
            &["https://a.example/", "https://b.a.example/"],
            &[],
        ),
        (
            "b\u{fc}cher.example",
            &[
                "https://xn--bcher-kva.example/",
                "https://b\u{fc}cher.example/",
            ],
            &[],
        ),
        (
            "x y\tz,, ,a.example",
            &[
                "https://a.example/",
                "https://x/",
                "https://y/",
                "https://z/",
            ],
            &["https://b/"],
        ),
        (
            "a.example:8443",
            &["https://a.example:8443/", "https://b.a.example:8443/"],
            &["https://a.example/", "http://a.example:18443/"],
        ),
        (
            "a.example:443",
            &["https://a.example/"],
            &["http://a.example/"],
        ),
        (
            "a.example:80",
            &["http://a.example/"],
            &["https://a.example/"],
        ),
        ("a.example:", &["https://a.example:1/"], &[]),
        (
            "a.example:x,a.example:99999,:80",
            &[],
            &["https://a.example/", "http://a.example:80/"],
        ),
        (
            "10.0.0.0/8",
            &[
                "https://10.1.2.3/",
                "https://10.1.2.3:1/",
                "https://[::ffff:10.1.2.3]/",
            ],
            &["https://11.0.0.1/"],
        ),
        (
            "10.1.2.3",
            &["https://10.1.2.3/", "https://0xa010203/"],
            &["https://10.1.2.4/"],
        ),
        (
            "10.1.2.3:443",
            &["https://10.1.2.3/"],
            &["http://10.1.2.3/"],
        ),
        ("::ffff:10.1.2.3", &["https://10.1.2.3/"], &[]),
        (
            "2001:db8::1",
            &["https://[2001:db8:0::1]:1/"],
            &["https://[2001:db8::2]/"],
        ),
        (
            "[2001:db8::1]",
            &["https://[2001:db8::1]/"],
            &["https://[2001:db8::2]/"],
        ),
        (
            "[2001:db8::1]:8443",
            &["https://[2001:db8::1]:8443/"],
            &["https://[2001:db8::1]/"],
        ),
        (
            "2001:db8::/32",
            &["https://[2001:db8:1::1]/"],
            &["https://[2001:db9::1]/"],
        ),
        (
            "10.0.0.0/99,[x,http://a.example,a*.example,1.2",
            &[],
            &["https://10.0.0.1/", "https://a.example/"],
        ),
        ("0.1", &[], &["https://10.0.0.1/"]),
    ];

    #[test]
    fn lists_are_read_as_curl_and_go_read_them() {
        for (list, within, outside) in TABLE {
            assert!(within.iter().all(|url| contains(list, url)), "{list}");
            assert!(!outside.iter().any(|url| contains(list, url)), "{list}");
            // However entries are separated.
            for list in [
                list.replace(',', " "),
                list.replace(',', " , "),
                format!("  {list},\t"),
            ] {
                assert!(within.iter().all(|url| contains(&list, url)), "{list}");
                assert!(!outside.iter().any(|url| contains(&list, url)), "{list}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_list_gets_an_answer(list in any::<String>(), dense in "[a.*:\\[\\]/0-9, ]{0,24}") {
            let _ = contains(&list, "https://a.example/");
            let _ = contains(&dense, "https://10.0.0.1:80/") || contains(&dense, "https://[::1]/");
        }
    }
}
