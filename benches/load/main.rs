//! Load that wrk cannot make: requests at a fixed rate, each timed from the moment it was due, and
//! HS256 tokens made by number.
//!
//! `load rate` asks at random moments (a Poisson process), whether or not earlier answers are
//! there, so that a server that stalls is charged for those who would have asked meanwhile.
//! `load guess` does the same beside clients that guess. `load flood` asks as fast as it is
//! answered, and so does `load scan` with ever other tokens. One thread that never sleeps looks at all connections in turn: timers would be coarser than the
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
mod guesses;
mod tokens;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser};

use connection::Connection;
use distinct::Copies;
use guesses::Guesses;
use tokens::Tokens;

/// The first requests are for warming up.
const WARM_UP: Duration = Duration::from_secs(1);

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
    /// A good token at a fixed rate, and beside it guesses from many addresses; prints percentiles
    /// for the good one, and how often each status was the answer to a guess.
    Guess {
        #[command(flatten)]
        target: Target,
        /// File with the good token.
        #[arg(long)]
        token_file: PathBuf,
        /// Requests per second with the good token.
        #[arg(long)]
        rate: f64,
        #[command(flatten)]
        guesses: Guesses,
        /// As for `rate`, for the good one.
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
            let request = request(&target, &read(&token_file), &[]);
            let requests = poisson(rate, 1).map(|due| Request::good(due, request.clone()));
            let started = SystemTime::now();
            let answered = drive(&target, requests);
            println!("{}", report(&answered, WARM_UP));
            if let Some(file) = samples {
                write_each(&answered, started, &file);
            }
        }
        Command::Guess {
            target,
            token_file,
            rate,
            guesses,
            samples,
        } => {
            let token = read(&token_file);
            let started = SystemTime::now();
            let mut answered = drive(&target, guesses.among(&target, &token, rate));
            let guessed = answered.extract_if(.., |sample| sample.is_guess);
            let statuses = guesses::statuses(guessed.map(|sample| sample.status));
            let good = report(&answered, WARM_UP);
            println!(r#"{{"good": {good}, "guesses": {statuses}}}"#);
            if let Some(file) = samples {
                write_each(&answered, started, &file);
            }
        }
        Command::Flood { target, token_file } => {
            let request = request(&target, &read(&token_file), &[]);
            let requests =
                std::iter::repeat_with(|| Request::good(Duration::ZERO, request.clone()));
            println!("{}", report(&drive(&target, requests), Duration::ZERO));
        }
        Command::Scan {
            target,
            tokens,
            requests,
        } => {
            let mut tokens = tokens.start();
            let requests = (0..requests)
                .map(|_| Request::good(Duration::ZERO, request(&target, &tokens.next(), &[])));
            println!("{}", report(&drive(&target, requests), Duration::ZERO));
        }
        Command::Distinct { copies } => distinct::print(&copies),
    }
}

fn read(token_file: &Path) -> String {
    std::fs::read_to_string(token_file)
        .unwrap()
        .trim()
        .to_owned()
}

/// Random moments, so many per second.
fn poisson(rate: f64, seed: u64) -> impl Iterator<Item = Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut due = Duration::ZERO;
    std::iter::from_fn(move || {
        due += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / rate);
        Some(due)
    })
}

/// A request, and when it is due: zero for as soon as there is room for it.
struct Request {
    due: Duration,
    bytes: Vec<u8>,
    /// Whether it must be denied. Any other must pass: otherwise it would be another job.
    is_guess: bool,
}

impl Request {
    const fn good(due: Duration, bytes: Vec<u8>) -> Self {
        Self {
            due,
            bytes,
            is_guess: false,
        }
    }
}

fn request(target: &Target, token: &str, headers: &[String]) -> Vec<u8> {
    let (host, path) = target.url.split_once('/').unwrap();
    let mut request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {} {token}\r\n",
        target.scheme
    );
    for header in target.header.iter().chain(headers) {
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
    status: u16,
    is_guess: bool,
}

/// Sends each request when it is due, in turn, on whichever connection is free, until the time is
/// up.
fn drive(target: &Target, requests: impl Iterator<Item = Request>) -> Vec<Sample> {
    let (host, _) = target.url.split_once('/').unwrap();
    let mut idle: VecDeque<Connection> = (0..target.connections)
        .map(|_| Connection::open(host))
        .collect();
    let mut busy: Vec<(Connection, Duration, bool)> = Vec::new();
    let mut samples = Vec::new();
    let end = Duration::from_secs_f64(target.seconds);
    let mut requests = requests.take_while(|request| request.due < end).peekable();
    let started = Instant::now();
    loop {
        let now = started.elapsed();
        while !idle.is_empty()
            && now < end
            && let Some(request) = requests.next_if(|request| request.due <= now)
        {
            let mut connection = idle.pop_front().unwrap();
            let due = if request.due.is_zero() {
                started.elapsed()
            } else {
                request.due
            };
            connection.send(&request.bytes);
            busy.push((connection, due, request.is_guess));
        }
        for (mut connection, due, is_guess) in std::mem::take(&mut busy) {
            let Some(status) = connection.answered() else {
                busy.push((connection, due, is_guess));
                continue;
            };
            assert_ne!((200..300).contains(&status), is_guess, "status {status}");
            samples.push(Sample {
                due,
                took: started.elapsed().saturating_sub(due),
                status,
                is_guess,
            });
            idle.push_back(connection);
        }
        if busy.is_empty() && (now >= end || requests.peek().is_none()) {
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
    for Sample { due, took, .. } in samples {
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

/// The percentiles of what was due from this moment on, as JSON.
fn report(samples: &[Sample], from: Duration) -> String {
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
    format!(
        r#"{{"requests": {}, "seconds": {:.3}, "p50": {:.1}, "p90": {:.1}, "p99": {:.1}, "p999": {:.1}}}"#,
        times.len(),
        seconds.as_secs_f64(),
        percentile(0.5),
        percentile(0.9),
        percentile(0.99),
        percentile(0.999),
    )
}
