//! Clients that guess: copies of a good token with wrong signatures, from many addresses.

use std::collections::BTreeMap;

use clap::Args;

use crate::{Request, Target, poisson, request};

/// The address of the client with the good token. No guess comes from it.
const GOOD_CLIENT: &str = "198.51.100.7";

/// The characters of base64url, by their values.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many guesses there are, and from where.
#[derive(Args)]
pub struct Guesses {
    /// Guesses per second.
    #[arg(long)]
    guess_rate: f64,
    /// Addresses that they come from, in turn.
    #[arg(long, default_value_t = 1000)]
    addresses: u32,
    /// The load balancer behind each client, which is the last entry of `X-Forwarded-For`.
    #[arg(long)]
    balancer: String,
}

impl Guesses {
    /// Good requests and guesses in the order in which they are due.
    pub fn among(&self, target: &Target, token: &str, rate: f64) -> impl Iterator<Item = Request> {
        let good_request = self.request(target, token, GOOD_CLIENT);
        let mut good = poisson(rate, 1).peekable();
        let wrong = (self.guess_rate > 0.0).then(|| poisson(self.guess_rate, 2));
        let mut wrong = wrong.into_iter().flatten().peekable();
        let mut number = 0;
        std::iter::from_fn(move || {
            if wrong.peek().is_none_or(|due| good.peek() <= Some(due)) {
                return Some(Request::good(good.next()?, good_request.clone()));
            }
            number += 1;
            let client = address(number % self.addresses);
            let guessed = with_wrong_signature(token, number);
            Some(Request {
                due: wrong.next()?,
                bytes: self.request(target, &guessed, &client),
                is_guess: true,
            })
        })
    }

    fn request(&self, target: &Target, token: &str, client: &str) -> Vec<u8> {
        let chain = format!("X-Forwarded-For: {client}, {}", self.balancer);
        request(target, token, &[chain])
    }
}

/// One of the addresses that carriers give to their clients (RFC 6598).
fn address(number: u32) -> String {
    let [_, b, c, d] = number.to_be_bytes();
    format!("100.{}.{c}.{d}", 64 + b % 64)
}

/// Writes a number into the signature, and one more digit that the good one does not have.
fn with_wrong_signature(token: &str, number: u32) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let middle = token.rfind('.').unwrap().midpoint(token.len());
    let places = bytes.get_mut(middle..middle + 5).unwrap();
    let digit = |value: u32| DIGITS.get(usize::try_from(value % 64).unwrap());
    let (first, others) = places.split_first_mut().unwrap();
    *first = if *first == b'A' { b'B' } else { b'A' };
    for (power, place) in others.iter_mut().enumerate() {
        *place = *digit(number >> (6 * power)).unwrap();
    }
    String::from_utf8(bytes).unwrap()
}

/// How often each status was the answer to a guess, as JSON.
pub fn statuses(counted: impl Iterator<Item = u16>) -> String {
    let mut counts = BTreeMap::new();
    for status in counted {
        *counts.entry(status).or_insert(0_u64) += 1;
    }
    serde_json::to_string(&counts).unwrap()
}
