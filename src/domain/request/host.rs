//! The host of the original request.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::Field;
use crate::domain::Reason;

/// The maximum length of a host name in DNS, in bytes (RFC 1035 section 2.3.4).
const MAX_BYTES: usize = 253;

/// A host name or address in normalized form: lower case, without port and trailing dot, an IPv6
/// address shortened and in brackets. Two spellings of one host must not select two routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHost<'a>(Cow<'a, str>);

impl<'a> RequestHost<'a> {
    /// Parses the host that the proxy reports.
    ///
    /// Fails with [`Reason::ForwardedHeadersMissing`] if it reports none, and with
    /// [`Reason::ForwardedHeadersAmbiguous`] if that is anything but one host with or without a
    /// port.
    pub fn from_field(host: Field<'a>) -> Result<Self, Reason> {
        let authority = std::str::from_utf8(host.described()?).ok();
        let host = authority
            .and_then(Self::parse_with_port)
            .map(|(host, _)| host);
        host.ok_or(Reason::ForwardedHeadersAmbiguous)
    }

    /// Parses a host with or without a port; an empty port counts as none.
    pub fn parse_with_port(authority: &'a str) -> Option<(Self, Option<u16>)> {
        let (host, port) = split_port(authority)?;
        Some((Self::parse(host)?, port))
    }

    /// Parses a host without a port.
    pub fn parse(host: &'a str) -> Option<Self> {
        if let Some(address) = host.strip_prefix('[') {
            let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
            return Some(Self(format!("[{address}]").into()));
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_name_byte);
        if name.len() > MAX_BYTES || !name.split('.').all(is_label) {
            return None;
        }
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(Self(if is_lower {
            name.into()
        } else {
            name.to_ascii_lowercase().into()
        }))
    }

    /// Returns the host in normalized form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns `true` for a byte that a host name may contain. RFC 952 forbids the underscore, but many
/// names in use have one.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons inside brackets belong to an address.
    let host_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority.get(host_end..)?.find(':') else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at_checked(host_end + colon)?;
    match port.strip_prefix(':')? {
        // RFC 3986 section 3.2.3 lets the port be empty.
        "" => Some((host, None)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((host, Some(digits.parse().ok()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(host: &str) -> Result<String, Reason> {
        RequestHost::from_field(Field::Once(host.as_bytes())).map(|host| host.as_str().to_owned())
    }

    #[test]
    fn a_host_has_one_spelling() {
        for (text, host) in [
            ("a.example", "a.example"),
            ("A.eXample.:8443", "a.example"),
            ("a.example:", "a.example"),
            ("localhost", "localhost"),
            ("my_app-1", "my_app-1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]:443", "[::1]"),
            ("[2001:DB8::A]", "[2001:db8::a]"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(host), "{text}");
        }
    }

    #[test]
    fn a_port_is_a_number_or_none() {
        for (text, port) in [
            ("a", None),
            ("a:", None),
            ("a:0", Some(0)),
            ("[::1]:00443", Some(443)),
        ] {
            assert_eq!(
                RequestHost::parse_with_port(text).unwrap().1,
                port,
                "{text}"
            );
        }
    }

    #[test]
    fn what_may_be_two_hosts_is_refused() {
        let long = "a.".repeat(200);
        for text in [
            "",
            ".",
            "..",
            ":80",
            "a..b",
            ".a",
            "a..",
            "a:b",
            "a:80:80",
            "a:99999",
            "a:+1",
            "a,b",
            "a b",
            " a",
            "a ",
            "u@a",
            "a/b",
            "a#b",
            "a?b",
            "a\\b",
            "a%2eb",
            "%61",
            "\u{e4}.example",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]x:1",
            "[fe80::1%25eth0]",
            "[1.2.3.4]",
            "x[::1]",
            "*",
            "*.a",
            "a\0",
            &long,
        ] {
            assert_eq!(
                parsed(text),
                Err(Reason::ForwardedHeadersAmbiguous),
                "{text:?}"
            );
        }
        assert_eq!(
            RequestHost::from_field(Field::Once(b"\xff")),
            Err(Reason::ForwardedHeadersAmbiguous)
        );
        assert_eq!(
            RequestHost::from_field(Field::Repeated),
            Err(Reason::ForwardedHeadersAmbiguous)
        );
        assert_eq!(
            RequestHost::from_field(Field::Absent),
            Err(Reason::ForwardedHeadersMissing)
        );
    }

    proptest! {
        #[test]
        fn a_normalized_host_parses_to_itself(text in "[aB.:\\[\\]0-9*@%]{0,12}") {
            if let Ok(host) = parsed(&text) {
                prop_assert_eq!(parsed(&host), Ok(host.clone()));
                prop_assert_eq!(parsed(&host.to_ascii_uppercase()), Ok(host));
            }
        }
    }
}
