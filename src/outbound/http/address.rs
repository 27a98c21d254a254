//! Restricts the addresses that a request may go to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use url::{Host, Url};

use crate::domain::is_loopback_name;

/// The addresses that a request may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRule {
    /// All addresses.
    Any,
    /// Only addresses that the whole internet can reach: a document from outside must not lead into
    /// the private network (server-side request forgery).
    Public,
}

impl AddressRule {
    /// Returns `true` if a request may go to this address.
    pub(super) fn permits(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }

    /// Returns `false` if the URL itself contains a forbidden address. Names are checked when they
    /// are resolved.
    pub(super) fn permits_literal(self, url: &Url) -> bool {
        literal(url).is_none_or(|address| self.permits(address))
    }
}

/// Returns the address in a URL, if its host is not a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Resolves names to permitted addresses only: the address that was checked is the address that is
/// used.
///
/// Names of this machine (`localhost`) are not looked up. A resolver could point them elsewhere,
/// and with them the plain HTTP that they are allowed.
pub(super) struct Resolver {
    rule: AddressRule,
    slots: Arc<Semaphore>,
    look_up: LookUp,
}

/// A function that looks a name up, and may block for a long time.
type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The largest number of threads that wait for the names of one client. A name server that does not
/// answer keeps a thread waiting for half a minute, even if the request was given up.
const MAX_WAITING_THREADS: usize = 4;

/// The addresses of names of this machine.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// The error for a name without any permitted address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no permitted address")]
pub(super) struct NoPermittedAddress;

impl Resolver {
    pub(super) fn new(rule: AddressRule) -> Self {
        Self {
            rule,
            slots: Arc::new(Semaphore::new(MAX_WAITING_THREADS)),
            look_up,
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rule, slots, look_up) = (self.rule, self.slots.clone(), self.look_up);
        Box::pin(async move {
            let mut found: Vec<_> = if is_loopback_name(name.as_str()) {
                LOOPBACK.map(|address| SocketAddr::new(address, 0)).into()
            } else {
                let slot = slots.acquire_owned().await?;
                let looked_up = spawn_blocking(move || {
                    let found = look_up(name.as_str());
                    drop(slot);
                    found
                });
                looked_up.await??
            };
            found.retain(|address| rule.permits(address.ip()));
            if found.is_empty() {
                return Err(NoPermittedAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it runs on a thread for blocking work"
)]
fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
    (name, 0).to_socket_addrs().map(Iterator::collect)
}

/// Networks that the registries of special-purpose addresses (RFC 6890) list as not globally
/// reachable, and networks that lead to an IPv4 address of the sender's choosing (NAT64, 6to4,
/// Teredo).
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Returns `true` if the whole internet can reach this address. An IPv4-mapped IPv6 address is
/// checked as the IPv4 address in it.
pub(super) fn is_public(address: IpAddr) -> bool {
    static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
        SPECIAL
            .iter()
            .filter_map(|network| network.parse().ok())
            .collect()
    });
    let address = address.to_canonical();
    !NETWORKS.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_name_server_that_does_not_answer_keeps_a_bounded_number_of_threads() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let never = |_: &str| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            loop {
                thread::park();
            }
        };
        let resolver = Resolver {
            look_up: never,
            ..Resolver::new(AddressRule::Any)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            for _ in 0..3 {
                let ask = |_| tokio::spawn(resolver.resolve("idp.example".parse().unwrap()));
                let asking: Vec<_> = (0..MAX_WAITING_THREADS).map(ask).collect();
                while ASKED.load(Ordering::SeqCst) < MAX_WAITING_THREADS {
                    tokio::task::yield_now().await;
                }
                // The requests are given up; the threads go on waiting.
                asking.iter().for_each(tokio::task::JoinHandle::abort);
            }
        });
        runtime.shutdown_background();
        assert_eq!(
            (
                ASKED.load(Ordering::SeqCst),
                resolver.slots.available_permits()
            ),
            (MAX_WAITING_THREADS, 0)
        );
    }

    #[test]
    fn every_special_network_is_valid() {
        for network in SPECIAL {
            assert!(
                network
                    .parse::<IpNet>()
                    .is_ok_and(|parsed| parsed == parsed.trunc()),
                "{network}"
            );
        }
    }

    #[test]
    fn public_addresses() {
        for address in [
            "1.1.1.1",
            "2606:4700::1111",
            "100.128.0.1",
            "172.32.0.1",
            "2001:4860::8888",
        ] {
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
            "64:ff9b:1::1",
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "198.18.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn names_of_this_machine_are_not_looked_up() {
        for name in ["localhost", "idp.localhost", "nowhere.LOCALHOST."] {
            let found = Resolver::new(AddressRule::Any)
                .resolve(name.parse().unwrap())
                .await
                .unwrap();
            assert_eq!(
                found.map(|address| address.ip()).collect::<Vec<_>>(),
                LOOPBACK,
                "{name}"
            );
            assert!(
                Resolver::new(AddressRule::Public)
                    .resolve(name.parse().unwrap())
                    .await
                    .is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn literal_addresses_are_checked() {
        let permits = |url: &str| AddressRule::Public.permits_literal(&Url::parse(url).unwrap());
        assert!(
            !permits("https://169.254.169.254/")
                && !permits("https://[::1]/")
                && !permits("https://2130706433/")
        );
        assert!(permits("https://idp.example/") && permits("https://1.1.1.1/"));
    }
}
