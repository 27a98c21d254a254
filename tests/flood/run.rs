//! A flood of random opaque tokens while the introspection endpoint is fast, slow, failing, or
//! hanging: `make flood`, and docs/introspection.md for what came of it.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
// An example has no outside, so `pub` says only "for the neighbours".
#![allow(unreachable_pub)]

mod endpoint;
mod phase;

// The harness of the tests has more than is used here.
#[allow(dead_code)]
#[path = "../it/support/http.rs"]
mod http;
#[path = "../soak/release_build.rs"]
mod release_build;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use endpoint::{Conduct, Endpoint};
use http::Request;
use phase::Phase;
use release_build::Service;

/// How long the service may take to ask again after the endpoint has recovered: the longest pause of
/// the breaker.
const RECOVERY: Duration = Duration::from_secs(61);

/// Sends random opaque tokens to the release build while the introspection endpoint behaves in
/// different ways, and checks that tokens which are kept pass, and that all bounds hold.
#[derive(Parser)]
struct Arguments {
    /// How many tokens for each behaviour.
    #[arg(long, default_value_t = 100_000)]
    tokens: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let endpoint = Endpoint::start();
    let configuration = configuration(&endpoint);
    let service = Service::start(&configuration, ("admin listener", 0));
    assert_eq!(verdict(&service, "good"), "200");
    println!(
        "Memory (resident) before: {} KiB.\n",
        service.resident_kilobytes()
    );
    println!(
        "| endpoint | took | 401 | 503 | calls | at once | kept token: 200, slowest | other good tokens: 200, slowest | memory |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut complaints = Vec::new();
    for conduct in [
        Conduct::Fast,
        Conduct::Slow,
        Conduct::Failing,
        Conduct::Hanging,
    ] {
        let phase = Phase::run(&service, &endpoint, conduct, arguments.tokens);
        println!("{phase}");
        complaints.extend(phase.complaints());
        complaints.extend(recover(&service, &endpoint, conduct));
    }
    for complaint in &complaints {
        eprintln!("flood: wrong: {complaint}");
    }
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Waits until the endpoint, which works again, is asked again. Fails if that takes too long.
fn recover(service: &Service, endpoint: &Endpoint, after: Conduct) -> Option<String> {
    endpoint.behave(Conduct::Fast);
    let began = Instant::now();
    for number in 0.. {
        if verdict(service, &format!("fresh-again-{after:?}-{number}")) == "200" {
            return None;
        }
        if began.elapsed() > RECOVERY {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    Some(format!("{after:?}: no recovery"))
}

fn verdict(service: &Service, token: &str) -> String {
    let request = Request::new(service.address, "GET", "/verify").bearer(token);
    request.send().verdict()
}

/// All bounds by default. No key is fetched.
fn configuration(endpoint: &Endpoint) -> String {
    format!(
        "listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
access_log: off
log_format: json
issuer: https://idp.example
audience: api
hmac_secret: nothing is signed with this, but a key there must be
introspection: opaque
introspection_url: http://{}/introspect
introspection_auth: none
introspection_cache_ttl: 1h
",
        endpoint.address
    )
}
