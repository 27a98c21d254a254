//! Load that wrk cannot make: requests at a fixed rate, each timed from the moment it was due, and
//! HS256 tokens made by number.
//!
//! `load rate` asks at random moments (a Poisson process), whether or not earlier answers are
//! there, so that a server that stalls is charged for those who would have asked meanwhile.
//! `load flood` asks as fast as it is answered, and so does `load scan` with ever other tokens. One
//! thread that never sleeps looks at all connections in turn: timers would be coarser than the
//! answers are late, and a server that had to wake it up would be charged for that.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod connection;
mod distinct;
mod tokens;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser};

use connection::Connection;
use distinct::Copies;
use tokens::Tokens;

#[derive(Parser)]
enum Command {
    /// One token at a fixed rate; prints percentiles of the time to the whole answer.
    Rate {
        #[command(flatten)]
        target: Target,
        /// File with the token.
        #[arg(long)]
        token_file: PathBuf,
        /// Requests per second.
        #[arg(long)]
        rate: f64,
        /// File for each request on its own: microseconds since 1970 when it was due, and
        /// microseconds until its answer.
        #[arg(long)]
        samples: Option<PathBuf>,
    },
    /// One token, as fast as it is answered.
    Flood {
        #[command(flatten)]
        target: Target,
        /// File with the token.
        #[arg(long)]
        token_file: PathBuf,
    },
    /// Tokens by number, as fast as they are answered.
    Scan {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        tokens: Tokens,
        /// Ends after so many requests.
        #[arg(long, default_value_t = usize::MAX)]
        requests: usize,
    },
    /// Copies of an RS256 token, for wrk.
    Distinct {
        #[command(flatten)]
        copies: Copies,
    },
}

#[derive(Args)]
struct Target {
    /// `host:port/path`.
    #[arg(long)]
    url: String,
    /// The scheme of the token.
    #[arg(long, default_value = "Bearer")]
    scheme: String,
    /// `Name: value`, besides the token.
    #[arg(long)]
    header: Vec<String>,
    #[arg(long, default_value_t = 32)]
    connections: usize,
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

fn main() {
    match Command::parse() {
        Command::Rate {
            target,
            token_file,
            rate,
            samples,
        } => {
            let request = request_with(&target, &token_file);
            let mut random = fastrand::Rng::with_seed(1);
            let mut due = Duration::ZERO;
            let schedule = std::iter::from_fn(|| {
                due += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / rate);
                Some(due)
            });
            let started = SystemTime::now();
            let answered = drive(&target, schedule, |_| request.clone());
            // The first second is for warming up.
            report(&answered, Duration::from_secs(1));
            if let Some(file) = samples {
                write_each(&answered, started, &file);
            }
        }
        Command::Flood { target, token_file } => {
            let request = request_with(&target, &token_file);
            report(
                &drive(&target, std::iter::repeat(Duration::ZERO), |_| {
                    request.clone()
                }),
                Duration::ZERO,
            );
        }
        Command::Scan {
            target,
            tokens,
            requests,
        } => {
            let mut tokens = tokens.start();
            let schedule = std::iter::repeat_n(Duration::ZERO, requests);
            report(
                &drive(&target, schedule, |_| request(&target, &tokens.next())),
                Duration::ZERO,
            );
        }
        Command::Distinct { copies } => distinct::print(&copies),
    }
}

fn request_with(target: &Target, token_file: &Path) -> Vec<u8> {
    request(target, std::fs::read_to_string(token_file).unwrap().trim())
}

fn request(target: &Target, token: &str) -> Vec<u8> {
    let (host, path) = target.url.split_once('/').unwrap();
    let mut request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {} {token}\r\n",
        target.scheme
    );
    for header in &target.header {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// When a request was due, and how long its answer was in coming.
struct Sample {
    due: Duration,
    took: Duration,
}

/// Sends a request for each moment of the schedule, in turn, on whichever connection is free, until
/// the time is up.
fn drive(
    target: &Target,
    schedule: impl Iterator<Item = Duration>,
    mut make: impl FnMut(usize) -> Vec<u8>,
) -> Vec<Sample> {
    let (host, _) = target.url.split_once('/').unwrap();
    let mut idle: VecDeque<Connection> = (0..target.connections)
        .map(|_| Connection::open(host))
        .collect();
    let mut busy: Vec<(Connection, Duration)> = Vec::new();
    let mut samples = Vec::new();
    let end = Duration::from_secs_f64(target.seconds);
    let mut schedule = schedule.take_while(|due| *due < end).peekable();
    let started = Instant::now();
    loop {
        let now = started.elapsed();
        while !idle.is_empty() && now < end && schedule.peek().is_some_and(|due| *due <= now) {
            let (mut connection, due) = (idle.pop_front().unwrap(), schedule.next().unwrap());
            // What is not due at any moment is due when there is room for it.
            let due = if due.is_zero() {
                started.elapsed()
            } else {
                due
            };
            connection.send(&make(samples.len()));
            busy.push((connection, due));
        }
        for (mut connection, due) in std::mem::take(&mut busy) {
            if connection.is_answered() {
                samples.push(Sample {
                    due,
                    took: started.elapsed().saturating_sub(due),
                });
                idle.push_back(connection);
            } else {
                busy.push((connection, due));
            }
        }
        if busy.is_empty() && (now >= end || schedule.peek().is_none()) {
            return samples;
        }
        assert!(
            now < end + Duration::from_secs(10),
            "no answer for ten seconds"
        );
    }
}

/// One line for each.
fn write_each(samples: &[Sample], started: SystemTime, file: &Path) {
    let started = started.duration_since(UNIX_EPOCH).unwrap();
    let mut out = BufWriter::new(File::create(file).unwrap());
    for Sample { due, took } in samples {
        writeln!(
            out,
            "{} {:.1}",
            (started + *due).as_micros(),
            took.as_secs_f64() * 1e6
        )
        .unwrap();
    }
    out.flush().unwrap();
}

/// One line of JSON.
fn report(samples: &[Sample], from: Duration) {
    let mut times: Vec<Duration> = samples
        .iter()
        .filter(|sample| sample.due >= from)
        .map(|sample| sample.took)
        .collect();
    times.sort_unstable();
    let end = samples
        .iter()
        .map(|sample| sample.due + sample.took)
        .max()
        .unwrap_or_default();
    let seconds = end.saturating_sub(from);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let percentile = |part: f64| {
        let position = (times.len() as f64 * part) as usize;
        times
            .get(position.min(times.len() - 1))
            .unwrap()
            .as_secs_f64()
            * 1e6
    };
    println!(
        r#"{{"requests": {}, "seconds": {:.3}, "p50": {:.1}, "p90": {:.1}, "p99": {:.1}, "p999": {:.1}}}"#,
        times.len(),
        seconds.as_secs_f64(),
        percentile(0.5),
        percentile(0.9),
        percentile(0.99),
        percentile(0.999),
    );
}
