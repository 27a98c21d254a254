//! The failures of each client address, by the generic cell rate algorithm (GCRA).
//!
//! One time is kept for each address: the time at which its failures so far are forgotten. A
//! failure moves it by the interval that the limit leaves between two failures. If it lies so far
//! ahead that one more failure would exceed the limit, the address has to wait.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;

use crate::config::FailureLimit;
use crate::domain::Uptime;

/// The most addresses that are remembered. One that fails when there is no more room takes the
/// place of another.
const MAX_ADDRESSES: usize = 100_000;

/// The longest time that failures are remembered, in periods of the limit.
const MAX_PERIODS: u32 = 10;

/// The addresses are divided into parts, each with its own lock.
const PARTS: usize = 16;

/// The failures of each client address.
///
/// The memory is bounded: there are at most 100,000 addresses. Each takes 8 bytes for itself and 8
/// for its time, besides what the cache needs.
pub struct ClientFailures {
    interval: Duration,
    /// The time in which the limit's number of failures is forgotten.
    period: Duration,
    hasher: RandomState,
    parts: [Mutex<Cache<ClientKey, Uptime>>; PARTS],
}

/// A client address, as far as it tells clients apart: the address for IPv4, and the first 64 bits
/// for IPv6, because one client usually has all addresses that begin so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClientKey(u64);

impl ClientKey {
    pub(super) fn of(address: IpAddr) -> Self {
        /// Above every IPv4 address. No client has an IPv6 address that begins so (`0:1::/32`).
        const IPV4: u64 = 1 << 32;
        match one_client(address) {
            IpAddr::V4(address) => Self(IPV4 | u64::from(address.to_bits())),
            // The shift leaves 64 bits.
            IpAddr::V6(address) => Self(u64::try_from(address.to_bits() >> 64).unwrap_or_default()),
        }
    }
}

/// Returns one address for all addresses that count as one client: the IPv4 address, or the first 64
/// bits of an IPv6 address, because one client usually has all addresses that begin so.
pub(super) fn one_client(address: IpAddr) -> IpAddr {
    /// The prefix under which translators (NAT64) show IPv4 addresses (RFC 6052 section 2.1).
    /// By its first 64 bits, all of IPv4 would be one client.
    const TRANSLATED: u128 = 0x64_ff9b << 96;
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let bits = v6.to_bits();
    match u32::try_from(bits ^ TRANSLATED) {
        Ok(embedded) => Ipv4Addr::from_bits(embedded).into(),
        Err(_) => Ipv6Addr::from_bits(bits >> 64 << 64).into(),
    }
}

impl ClientFailures {
    /// Creates the failures for this limit; none yet.
    pub fn new(limit: FailureLimit) -> Self {
        let interval = limit.interval();
        Self {
            interval,
            period: interval * limit.failures.get(),
            hasher: RandomState::new(),
            parts: std::array::from_fn(|_| Mutex::new(Cache::new(MAX_ADDRESSES / PARTS))),
        }
    }

    /// Returns how long this client has to wait until one more failure is within the limit; zero if
    /// it is now.
    pub(super) fn wait(&self, client: ClientKey, now: Uptime) -> Duration {
        let forgotten_at = self.part(client).get(&client).copied();
        forgotten_at.map_or(Duration::ZERO, |at| self.excess(at, now))
    }

    /// Counts a failure of this client. Failures beyond the limit count too. They come from
    /// requests that were admitted at the same time: if they did not count, many guesses sent at
    /// once would cost no more than one.
    pub(super) fn count(&self, client: ClientKey, now: Uptime) {
        let mut part = self.part(client);
        let at = part.get(&client).copied().unwrap_or(now).max(now);
        let longest = now.plus(self.period * MAX_PERIODS);
        part.insert(client, at.plus(self.interval).min(longest));
    }

    /// Returns how much too far ahead of `now` this time is for one more failure.
    fn excess(&self, forgotten_at: Uptime, now: Uptime) -> Duration {
        (forgotten_at.since(now) + self.interval).saturating_sub(self.period)
    }

    fn part(&self, client: ClientKey) -> MutexGuard<'_, Cache<ClientKey, Uptime>> {
        let [first, ..] = &self.parts;
        let hash = self.hasher.hash_one(client);
        let part = usize::try_from(hash % PARTS as u64).ok();
        // Nothing can panic while it is held.
        part.and_then(|part| self.parts.get(part))
            .unwrap_or(first)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of addresses that are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        let lens = self.parts.iter().map(|part| part.lock().unwrap().len());
        lens.sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    const START: Duration = Duration::from_hours(1);

    fn limit(failures: u32, period: Duration) -> FailureLimit {
        FailureLimit {
            failures: NonZeroU32::new(failures).unwrap(),
            period,
        }
    }

    fn failures(number: u32, period: Duration) -> ClientFailures {
        ClientFailures::new(limit(number, period))
    }

    fn key(address: &str) -> ClientKey {
        ClientKey::of(address.parse().unwrap())
    }

    fn at(secs: u64) -> Uptime {
        Uptime::new(START + Duration::from_secs(secs))
    }

    #[test]
    fn as_many_failures_as_the_limit_says_are_free_and_are_forgotten_one_by_one() {
        let failures = failures(6, Duration::from_mins(1));
        let client = key("203.0.113.9");
        for number in 0..6 {
            assert_eq!(failures.wait(client, at(0)), Duration::ZERO, "{number}");
            failures.count(client, at(0));
        }
        let wait = |secs| failures.wait(client, at(secs)).as_secs();
        assert_eq!([0, 1, 9, 10].map(wait), [10, 9, 1, 0]);
        assert_eq!(
            failures.wait(key("203.0.113.10"), at(0)),
            Duration::ZERO,
            "the neighbour does not wait"
        );
        failures.count(client, at(10));
        assert_eq!([10, 20].map(wait), [10, 0]);
        assert_eq!(wait(3600), 0);
    }

    /// Requests that were let in together can fail together.
    #[test]
    fn failures_beyond_the_limit_are_waited_for_one_by_one() {
        let failures = failures(2, Duration::from_secs(20));
        let client = key("203.0.113.9");
        (0..5).for_each(|_| failures.count(client, at(0)));
        assert_eq!(failures.wait(client, at(0)), Duration::from_secs(40));
        assert_eq!(failures.wait(client, at(40)), Duration::ZERO);
        (0..1000).for_each(|_| failures.count(client, at(40)));
        assert_eq!(failures.wait(client, at(40)), Duration::from_secs(190));
    }

    #[test]
    fn parallel_failures_are_all_counted() {
        let failures = failures(800, Duration::from_hours(1));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..100 {
                        failures.count(key("203.0.113.9"), at(0));
                        failures.count(key(&format!("203.0.113.{number}")), at(0));
                    }
                });
            }
        });
        // 808 failures, each 4.5 s long, and room for 799 before one more.
        assert_eq!(
            failures.wait(key("203.0.113.9"), at(0)),
            Duration::from_millis(40_500)
        );
        assert!(failures.wait(key("203.0.113.10"), at(0)).is_zero());
    }

    /// Otherwise a client with a network of its own would have as many shares as addresses.
    #[test]
    fn shares_are_of_clients_and_not_of_addresses() {
        let one = |address: &str| one_client(address.parse().unwrap()).to_string();
        assert_eq!(one("2001:db8:0:1:ffff::9"), "2001:db8:0:1::");
        assert_eq!(one("64:ff9b::203.0.113.9"), "203.0.113.9");
        assert_eq!(one("203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn an_ipv6_client_is_its_first_64_bits() {
        let one = key("2001:db8:0:1::1");
        assert_eq!(one, key("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(one, key("2001:db8:0:2::1"));
        assert_ne!(key("::1"), key("0.0.0.1"));
        let translated = key("64:ff9b::203.0.113.9");
        assert_eq!(translated, key("203.0.113.9"));
        assert_ne!(translated, key("64:ff9b::203.0.113.10"));
        assert_ne!(key("64:ff9b:0:1::1"), key("0.0.0.1"));
    }

    #[test]
    fn a_million_addresses_take_the_room_of_a_hundred_thousand() {
        let failures = failures(2, Duration::from_hours(1));
        for number in 0..1_000_000_u32 {
            let address = Ipv6Addr::from_bits(u128::from(number) << 64);
            failures.count(ClientKey::of(address.into()), at(0));
        }
        let len = failures.len();
        assert!((90_000..=MAX_ADDRESSES).contains(&len), "{len}");
        let bytes: usize = failures
            .parts
            .iter()
            .map(|part| part.lock().unwrap().memory_used().total())
            .sum();
        assert!(bytes <= 16 * 1024 * 1024, "{bytes}");
        let last = Ipv4Addr::new(203, 0, 113, 9).into();
        failures.count(ClientKey::of(last), at(0));
        failures.count(ClientKey::of(last), at(0));
        assert!(!failures.wait(ClientKey::of(last), at(0)).is_zero());
    }

    /// A leaky bucket for each client: a failure pours in one interval, and time drains it. A
    /// bucket holds ten times what the limit allows; what does not fit is not poured in.
    struct Buckets {
        limit: FailureLimit,
        levels: HashMap<u8, (u64, u128)>,
    }

    impl Buckets {
        fn level(&self, client: u8, now: u64) -> u128 {
            let level = self.levels.get(&client);
            level.map_or(0, |(then, level)| {
                level.saturating_sub(u128::from(now - then))
            })
        }

        fn wait(&self, client: u8, now: u64) -> u128 {
            let number = u128::from(self.limit.failures.get());
            let interval = self.limit.period.as_nanos() / number;
            let (needed, room) = (self.level(client, now) + interval, interval * number);
            needed.saturating_sub(room)
        }

        fn count(&mut self, client: u8, now: u64) {
            let number = u128::from(self.limit.failures.get());
            let interval = self.limit.period.as_nanos() / number;
            let room = interval * number * u128::from(MAX_PERIODS);
            let level = (self.level(client, now) + interval).min(room);
            self.levels.insert(client, (now, level));
        }
    }

    proptest! {
        #[test]
        fn addresses_wait_as_leaky_buckets_do(
            number in 1..8_u32,
            millis in 1..10_000_u64,
            steps in proptest::collection::vec((0..4_u8, 0..3_000_000_000_u64, any::<bool>()), 0..200),
        ) {
            let limit = limit(number, Duration::from_millis(millis));
            let failures = ClientFailures::new(limit);
            let mut buckets = Buckets { limit, levels: HashMap::new() };
            let mut now = 0;
            for (client, passed, is_failure) in steps {
                now += passed;
                let key = ClientKey::of(Ipv4Addr::new(203, 0, 113, client).into());
                let uptime = Uptime::new(START + Duration::from_nanos(now));
                if is_failure {
                    failures.count(key, uptime);
                    buckets.count(client, now);
                }
                prop_assert_eq!(failures.wait(key, uptime).as_nanos(), buckets.wait(client, now));
            }
        }
    }
}
