//! The address of the client, as the proxy that asks writes it.

use std::net::{IpAddr, SocketAddr};

use super::client_source::ClientSource;
use super::{Field, ForwardedRequest, HeaderFields};

/// The most entries of a list that are read.
const MAX_HOPS: usize = 32;

impl ForwardedRequest<'_> {
    /// Returns the address of the client as the proxy that asks writes it. Where that is the
    /// address of another proxy, by `is_proxy`, the entry to its left counts.
    ///
    /// Returns `None` if the peer is not trusted, and if the field is absent, repeated, or has
    /// something other than an address at this place; also if all of the last 32 entries are
    /// proxies.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::domain::{ClientSource, DescribedRequest, ForwardedRequest};
    ///
    /// let mut described = DescribedRequest::default();
    /// described.headers.insert("X-Forwarded-For".into(), "192.0.2.66, 203.0.113.9".into());
    /// let parts = described.parts();
    /// let request = ForwardedRequest {
    ///     client: ClientSource::LastOf("x-forwarded-for"),
    ///     ..described.forwarded(&parts)
    /// };
    /// // The first entry is what the client says about itself.
    /// assert_eq!(request.client_address(|_| false), "203.0.113.9".parse().ok());
    /// ```
    pub fn client_address(&self, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
        if !self.peer_trusted {
            return None;
        }
        let (nearest, list) = match self.client {
            ClientSource::Unknown => return None,
            ClientSource::LastOf(list) => return last_of(self.fields, list, is_proxy),
            ClientSource::FieldOrLastOf { field, list } => match self.fields.field(field) {
                Field::Absent => return last_of(self.fields, list, is_proxy),
                Field::Once(address) => (address, list),
                Field::Repeated => return None,
            },
            ClientSource::Attribute { address, list } => (address?.as_bytes(), list),
        };
        let nearest = parse_address(nearest)?;
        if is_proxy(nearest) {
            last_of(self.fields, list, is_proxy)
        } else {
            Some(nearest)
        }
    }
}

/// Returns the last address in a list that is not the address of a proxy.
fn last_of(
    fields: &dyn HeaderFields,
    list: &str,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    // A proxy writes one line. Of two, one is not its own.
    let Field::Once(list) = fields.field(list) else {
        return None;
    };
    let entries = list.rsplit(|byte| *byte == b',').take(MAX_HOPS);
    for entry in entries {
        // Anything but an address ends the search: entries to its left cannot be trusted.
        let address = parse_address(entry)?;
        if !is_proxy(address) {
            return Some(address);
        }
    }
    None
}

/// Parses an address that may have a port behind it, or brackets around it. An IPv4-mapped IPv6
/// address becomes the IPv4 address.
pub fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    address.or_else(with_port).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::OriginalRequest;

    /// Header fields, each with its lines.
    struct Lines<'a>(&'a [(&'static str, &'a str)]);

    impl HeaderFields for Lines<'_> {
        fn field(&self, name: &str) -> Field<'_> {
            let own = self.0.iter().filter(|(own, _)| *own == name);
            Field::of(own.map(|(_, value)| value.as_bytes()))
        }
    }

    const XFF: &str = "x-forwarded-for";
    const ENVOY: ClientSource<'_> = ClientSource::FieldOrLastOf {
        field: "x-envoy-external-address",
        list: XFF,
    };

    fn by_attribute(address: &str) -> ClientSource<'_> {
        ClientSource::Attribute {
            address: Some(address),
            list: XFF,
        }
    }

    /// Finds the address where 10.0.0.0/8 are proxies.
    fn address(client: ClientSource<'_>, lines: &[(&'static str, &str)]) -> Option<String> {
        found(client, lines, true)
    }

    fn found(
        client: ClientSource<'_>,
        lines: &[(&'static str, &str)],
        peer_trusted: bool,
    ) -> Option<String> {
        let lines = Lines(lines);
        let request = ForwardedRequest {
            fields: &lines,
            original: OriginalRequest::UNKNOWN,
            peer_trusted,
            route_name: None,
            client,
        };
        let is_proxy = |ip: IpAddr| matches!(ip, IpAddr::V4(ip) if ip.octets()[0] == 10);
        request.client_address(is_proxy).map(|ip| ip.to_string())
    }

    #[test]
    fn the_last_entry_counts_and_further_left_only_behind_named_proxies() {
        for (list, expected) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("192.0.2.66, 203.0.113.9", Some("203.0.113.9")),
            ("192.0.2.66,203.0.113.9 , 10.0.0.1", Some("203.0.113.9")),
            ("192.0.2.66, 10.0.0.2,10.0.0.1", Some("192.0.2.66")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("203.0.113.9:4711", Some("203.0.113.9")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
            ("10.0.0.2, 10.0.0.1", None),
            ("203.0.113.9, unknown", None),
            ("203.0.113.9, unknown, 10.0.0.1", None),
            ("203.0.113.9,", None),
            ("unix:", None),
            ("", None),
        ] {
            let found = address(ClientSource::LastOf(XFF), &[(XFF, list)]);
            assert_eq!(found.as_deref(), expected, "{list}");
        }
    }

    proptest! {
        #[test]
        fn what_is_to_the_left_of_a_client_changes_nothing(left in ".*", hops in 0..4_usize) {
            let list = format!("{left},203.0.113.9{}", ", 10.0.0.1".repeat(hops));
            let found = address(ClientSource::LastOf(XFF), &[(XFF, &list)]);
            prop_assert_eq!(found.as_deref(), Some("203.0.113.9"));
        }

        #[test]
        fn any_bytes_are_an_address_or_none(text in any::<Vec<u8>>(), address in any::<IpAddr>()) {
            let _ = parse_address(&text);
            let shown = address.to_string();
            prop_assert_eq!(parse_address(shown.as_bytes()), Some(address.to_canonical()));
        }
    }

    #[test]
    fn a_long_list_of_proxies_ends_the_search() {
        let list = |hops| format!("203.0.113.9{}", ", 10.0.0.1".repeat(hops));
        let found = |hops| address(ClientSource::LastOf(XFF), &[(XFF, &list(hops))]);
        assert!(found(MAX_HOPS - 1).is_some() && found(MAX_HOPS).is_none());
    }

    #[test]
    fn absent_and_repeated_fields_have_no_address() {
        let twice = [(XFF, "203.0.113.9"), (XFF, "203.0.113.9")];
        for client in [ClientSource::LastOf(XFF), ENVOY, by_attribute("10.0.0.1")] {
            assert_eq!(address(client, &[]), None, "{client:?}");
            assert_eq!(address(client, &twice), None, "{client:?}");
        }
        let none = ClientSource::Attribute {
            address: None,
            list: XFF,
        };
        for client in [ClientSource::Unknown, none] {
            assert_eq!(address(client, &[(XFF, "203.0.113.9")]), None);
        }
    }

    #[test]
    fn a_peer_that_is_not_trusted_says_nothing() {
        let lines = [(XFF, "203.0.113.9")];
        assert_eq!(found(ClientSource::LastOf(XFF), &lines, false), None);
        assert_eq!(found(by_attribute("203.0.113.9"), &lines, false), None);
    }

    #[test]
    fn the_one_address_wins_over_the_list_unless_it_is_a_proxy() {
        let own = "x-envoy-external-address";
        let list = (XFF, "192.0.2.66, 203.0.113.9, 10.0.0.1");
        for (value, expected) in [
            ("198.51.100.4", Some("198.51.100.4")),
            ("10.0.0.1", Some("203.0.113.9")),
            ("unknown", None),
        ] {
            let found = address(ENVOY, &[(own, value), list]);
            assert_eq!(found.as_deref(), expected, "{value}");
            let found = address(by_attribute(value), &[list]);
            assert_eq!(found.as_deref(), expected, "{value}");
        }
        let twice = [(own, "198.51.100.4"), (own, "198.51.100.5"), list];
        assert_eq!(address(ENVOY, &twice), None);
        let found = address(ENVOY, &[list]);
        assert_eq!(found.as_deref(), Some("203.0.113.9"));
    }
}
