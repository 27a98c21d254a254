//! A flood while the endpoint behaves in one way.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::endpoint::{Conduct, Endpoint};
use crate::http::{Client, Request};
use crate::release_build::Service;

/// The number of connections over which random tokens come.
const CONNECTIONS: usize = 256;

/// The default of `introspection_max_in_flight`, and the calls that may begin before the endpoint
/// notices that others were given up: the fifth that fails opens the breaker.
const MOST_CALLS: usize = 64 + 5;

/// `dependency_wait`, and what a busy machine needs beside it.
const LONGEST: Duration = Duration::from_millis(800 + 400);

/// The memory of the service after a flood, at most. 10,000 answers are kept, and 10,000 tokens wait.
const MOST_KILOBYTES: u64 = 128 * 1024;

/// What came of it.
pub struct Phase {
    conduct: Conduct,
    took: Duration,
    inactive: usize,
    unavailable: usize,
    calls: usize,
    most_at_once: usize,
    cached: Probe,
    fresh: Probe,
    kilobytes: u64,
}

/// Answers to tokens of one kind.
#[derive(Debug, Default, Clone, Copy)]
struct Probe {
    passed: usize,
    unavailable: usize,
    wrong: usize,
    slowest: Duration,
}

impl Phase {
    /// Sends this many random tokens. Beside them, one that is kept and ones that are not, in turn.
    pub fn run(service: &Service, endpoint: &Endpoint, conduct: Conduct, tokens: usize) -> Self {
        let address = service.address;
        endpoint.behave(conduct);
        endpoint.take_counts();
        let began = Instant::now();
        let (sent, counts) = (AtomicUsize::new(0), Mutex::new((0, 0)));
        let (cached, fresh) = (Mutex::default(), Mutex::default());
        let is_over = || sent.load(Ordering::SeqCst) >= tokens;
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| flood(address, (&sent, tokens), &counts));
            }
            scope.spawn(|| *cached.lock().unwrap() = probe(address, is_over, |_| "good".into()));
            scope.spawn(|| {
                let name = |number| format!("fresh-{conduct:?}-{number}");
                *fresh.lock().unwrap() = probe(address, is_over, name);
            });
        });
        let (inactive, unavailable) = counts.into_inner().unwrap();
        let (calls, most_at_once) = endpoint.take_counts();
        Self {
            conduct,
            took: began.elapsed(),
            inactive,
            unavailable,
            calls,
            most_at_once,
            cached: cached.into_inner().unwrap(),
            fresh: fresh.into_inner().unwrap(),
            kilobytes: service.resident_kilobytes(),
        }
    }

    /// Returns what is not as it must be.
    pub fn complaints(&self) -> Vec<String> {
        let checks = [
            (self.most_at_once > MOST_CALLS, "too many calls at once"),
            (self.cached.passed == 0, "the kept token was never sent"),
            (
                self.cached.unavailable + self.cached.wrong > 0,
                "the kept token was denied",
            ),
            (self.fresh.wrong > 0, "a good token was denied"),
            (self.fresh.slowest > LONGEST, "a token waited too long"),
            (self.kilobytes > MOST_KILOBYTES, "too much memory"),
        ];
        let wrong = checks.into_iter().filter(|(is_wrong, _)| *is_wrong);
        wrong
            .map(|(_, text)| format!("{:?}: {text}", self.conduct))
            .collect()
    }
}

/// Sends random tokens over one connection until enough were sent over all of them.
fn flood(
    address: SocketAddr,
    (sent, tokens): (&AtomicUsize, usize),
    counts: &Mutex<(usize, usize)>,
) {
    let mut client = Client::connect(address);
    let (mut inactive, mut unavailable) = (0, 0);
    while sent.fetch_add(1, Ordering::SeqCst) < tokens {
        let token = format!("{:032x}", fastrand::u128(..));
        match &*verdict(&mut client, address, &token) {
            "401 token_inactive" => inactive += 1,
            "503 dependency_unavailable" => unavailable += 1,
            other => panic!("{other}"),
        }
    }
    let mut counts = counts.lock().unwrap();
    counts.0 += inactive;
    counts.1 += unavailable;
}

/// Sends one good token after the other.
fn probe(address: SocketAddr, is_over: impl Fn() -> bool, name: impl Fn(usize) -> String) -> Probe {
    let mut client = Client::connect(address);
    let mut probe = Probe::default();
    for number in 0.. {
        if is_over() {
            break;
        }
        let began = Instant::now();
        match &*verdict(&mut client, address, &name(number)) {
            "200" => probe.passed += 1,
            "503 dependency_unavailable" => probe.unavailable += 1,
            _ => probe.wrong += 1,
        }
        probe.slowest = probe.slowest.max(began.elapsed());
        thread::sleep(Duration::from_millis(2));
    }
    probe
}

fn verdict(client: &mut Client, address: SocketAddr, token: &str) -> String {
    let request = Request::new(address, "GET", "/verify").bearer(token);
    client.send(&request).verdict()
}

/// As a row of a table in Markdown.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{:?}", self.conduct).to_lowercase();
        let Self {
            inactive,
            unavailable,
            calls,
            most_at_once,
            ..
        } = self;
        let (cached, fresh) = (&self.cached, &self.fresh);
        write!(
            f,
            "| {name} | {:.1} s | {inactive} | {unavailable} | {calls} | {most_at_once} \
             | {}, {} ms | {} of {}, {} ms | {:.1} MiB |",
            self.took.as_secs_f64(),
            cached.passed,
            cached.slowest.as_millis(),
            fresh.passed,
            fresh.passed + fresh.unavailable,
            fresh.slowest.as_millis(),
            f64::from(u32::try_from(self.kilobytes).unwrap()) / 1024.0,
        )
    }
}
