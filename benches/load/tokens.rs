//! HS256 tokens made by number, a microsecond or two each.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use clap::Args;

/// Which tokens there are.
#[derive(Args)]
pub struct Tokens {
    /// File with the secret they are signed with.
    #[arg(long)]
    secret_file: PathBuf,
    /// Numbers of the tokens, one after the other and again from the first.
    #[arg(long, default_value_t = 1)]
    first: u64,
    #[arg(long)]
    last: u64,
    /// Every second request has one of so many other tokens instead, drawn at random.
    #[arg(long, default_value_t = 0)]
    hot: u64,
    /// When they end, in seconds since 1970: another end makes other tokens.
    #[arg(long)]
    exp: u64,
    /// How long a token is, about.
    #[arg(long, default_value_t = 900)]
    bytes: usize,
}

impl Tokens {
    pub fn start(self) -> Sequence {
        let secret = std::fs::read(&self.secret_file).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.trim_ascii());
        // Whatever is the same in all of them is encoded and digested once.
        let prefix = prefix(self.exp, self.bytes);
        let mut context = hmac::Context::with_key(&key);
        context.update(prefix.as_bytes());
        let numbers = self.first..=self.last;
        Sequence {
            prefix,
            context,
            cycle: numbers.clone().cycle(),
            hot: self.hot,
            count: 0,
            random: fastrand::Rng::with_seed(1),
        }
    }
}

/// Header and most of the payload, in whole groups of three bytes.
fn prefix(exp: u64, bytes: usize) -> String {
    let start =
        format!(r#"{{"iss":"https://issuer.example","aud":"bench","exp":{exp},"padding":""#);
    // What comes before is 38 characters, what follows 73.
    let room = bytes.saturating_sub(111) * 3 / 4;
    let rest = room.saturating_sub(start.len() + 2);
    let padding = rest.saturating_sub((start.len() + 2 + rest) % 3);
    let payload = format!(r#"{start}{}","#, "x".repeat(padding));
    format!(
        "{}.{}",
        BASE64URL.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        BASE64URL.encode(payload)
    )
}

/// One token after the other.
pub struct Sequence {
    prefix: String,
    context: hmac::Context,
    cycle: std::iter::Cycle<RangeInclusive<u64>>,
    hot: u64,
    count: u64,
    random: fastrand::Rng,
}

impl Sequence {
    pub fn next(&mut self) -> String {
        self.count += 1;
        let subject = if self.hot > 0 && self.count.is_multiple_of(2) {
            format!("hot-{:08}", self.random.u64(..self.hot))
        } else {
            format!("user{:08}", self.cycle.next().unwrap())
        };
        self.sign(&BASE64URL.encode(format!(r#""sub":"{subject}"}}"#)))
    }

    fn sign(&self, rest: &str) -> String {
        let mut context = self.context.clone();
        context.update(rest.as_bytes());
        format!("{}{rest}.{}", self.prefix, BASE64URL.encode(context.sign()))
    }
}
