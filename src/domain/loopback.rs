//! What stays on this machine.

use url::{Host, Url};

/// Whether requests to this URL stay on this machine.
///
/// Plain http is trusted there, because nobody is on the way. So these are the URLs that no proxy
/// ever gets a request for, and whose names no resolver is asked for: if any of the three went by
/// another rule, whoever runs the proxy or the resolver could answer with keys of their own.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        // One in IPv6 clothes (`::ffff:127.0.0.1`) is where the IPv4 address is.
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether a name is `localhost` or one below it, which are loopback wherever they are asked for
/// (RFC 6761 section 6.3).
pub fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.')
        .next()
        .is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.255.255.254",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "idp.localhost",
            "a.b.LocalHost.",
        ] {
            assert!(
                is_loopback(&Url::parse(&format!("http://{host}:9000/jwks")).unwrap()),
                "{host}"
            );
        }
    }

    #[test]
    fn other_hosts_are_elsewhere() {
        for host in [
            "128.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[::2]",
            "[::7f00:1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::7f00:1]",
            "localhost.example",
            "localhost..",
            "notlocalhost",
            "127.0.0.1.example",
            "idp.example",
        ] {
            assert!(
                !is_loopback(&Url::parse(&format!("http://{host}/jwks")).unwrap()),
                "{host}"
            );
        }
        assert!(!is_loopback(&Url::parse("data:,localhost").unwrap()));
    }
}
