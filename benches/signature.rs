//! `signature TOKEN-FILE KEY-FILE SECONDS`: what one RS256 verification by aws-lc-rs takes, and
//! nothing around it.
//!
//! The key is the DER of an `RSAPublicKey` or of a `SubjectPublicKeyInfo`, parsed once, as a server
//! would. Printed is the CPU time of a verification in microseconds.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// As Linux counts in `/proc/self/stat`.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().unwrap();
    let token = std::fs::read_to_string(argument()).unwrap();
    let key = ParsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA256,
        std::fs::read(argument()).unwrap(),
    )
    .unwrap();
    let duration = Duration::from_secs_f64(argument().parse().unwrap());
    let (message, signature) = token.trim().rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();

    let (started, before, mut count) = (Instant::now(), cpu_ticks(), 0_u32);
    while started.elapsed() < duration {
        key.verify_sig(message.as_bytes(), &signature).unwrap();
        count += 1;
    }
    println!(
        "{:.3}",
        (cpu_ticks() - before) / TICKS_PER_SECOND * 1e6 / f64::from(count)
    );
}

/// User and system time of this process.
fn cpu_ticks() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().unwrap())
        .sum()
}
