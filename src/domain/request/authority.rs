//! A host with its port, as in `Host`, in an `Origin` and in front of a path.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::host::RequestHost;

/// A host in normalized form, with its port if one is written. It cannot contain user information
/// (RFC 9110 section 4.2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Parses `host` or `host:port`; returns `None` if the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = RequestHost::parse_with_port(text)?;
        Some(Self {
            host: host.as_str().to_owned(),
            port,
        })
    }

    /// Returns the authority with this port if none is written.
    #[must_use]
    pub fn or_port(self, port: u16) -> Self {
        Self {
            port: self.port.or(Some(port)),
            ..self
        }
    }

    /// Returns `true` if the host is `localhost` or an IP address: an attacker cannot point these
    /// elsewhere by DNS.
    pub fn is_local_name_or_address(&self) -> bool {
        let address = self
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_v6 = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        is_v6 || self.host.parse::<Ipv4Addr>().is_ok() || self.host == "localhost"
    }

    /// Returns `true` if `other` has the same host, and the same port unless `self` has none.
    pub fn covers(&self, other: &Self) -> bool {
        self.host == other.host && self.port.is_none_or(|port| other.port == Some(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Authority {
        Authority::parse(text).unwrap()
    }

    #[test]
    fn addresses_and_localhost_are_distinguished_from_names() {
        for text in [
            "127.0.0.1",
            "0.0.0.0:1",
            "10.1.2.3:8081",
            "[::1]",
            "[FE80::1]:9",
            "localhost",
            "LOCALHOST.:80",
        ] {
            assert!(authority(text).is_local_name_or_address(), "{text}");
        }
        for text in [
            "localhost.example",
            "a.localhost",
            "127.1",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "2130706433",
            "1.2.3.4.5",
        ] {
            assert!(!authority(text).is_local_name_or_address(), "{text}");
        }
    }

    #[test]
    fn a_port_counts_where_it_is_written() {
        let host = authority("A.example.:8081");
        for (own, covers) in [
            ("a.example", true),
            ("a.example:8081", true),
            ("a.example:80", false),
            ("b.example", false),
        ] {
            assert_eq!(authority(own).covers(&host), covers, "{own}");
        }
        assert!(
            !host.covers(&authority("a.example"))
                && host.covers(&authority("a.example").or_port(8081))
        );
    }
}
