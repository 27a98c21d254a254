//! Loopback URLs and host names.

use url::{Host, Url};

/// Returns `true` if requests to this URL stay on this machine.
///
/// Plain http is trusted for these URLs, because there is no network on which it could be
/// intercepted. They are also never sent through a proxy, and their names are never sent to a
/// resolver. All three decisions must use this function: otherwise an attacker with control of the
/// proxy or the resolver could answer with keys of their own.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        // An IPv4-mapped address (`::ffff:127.0.0.1`) leads to the IPv4 address.
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

/// Returns `true` if a name is `localhost` or a subdomain of it, which always mean loopback (RFC
/// 6761 section 6.3).
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
    fn every_spelling_of_loopback_is_recognized() {
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
    fn other_hosts_are_not_loopback() {
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
