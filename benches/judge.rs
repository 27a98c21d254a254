//! What a judgement costs beside its signature alone, for every algorithm.
//!
//! The two take turns of some dozen calls each, and the medians of many turns are compared: on a
//! machine with other work both suffer alike, which two measurements one after the other would not.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod support;

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_FIXED, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents,
};
use doorward::jose::{Algorithm, Algorithms, SigningKey, decode_base64url};
use serde_json::Value;

use crate::support::{Authorization, configuration, decide, gate, key, token};

const TURNS: usize = 400;
const CALLS: u32 = 25;

fn main() {
    println!("| algorithm | decision | signature alone | ratio |\n| --- | ---: | ---: | ---: |");
    for algorithm in Algorithms::asymmetric().iter() {
        let key = key(algorithm);
        let token = token(&key);
        let authorization = Authorization::bearer(&token);
        let gate = gate(configuration(&key, &[("TOKEN_CACHE_CAPACITY", "0")]));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (public, signature) = (bare_key(&key), decode_base64url(signature).unwrap());
        let [judgement, alone] = medians(
            || decide(&gate, &authorization),
            || public.verify_sig(message.as_bytes(), &signature).unwrap(),
        );
        println!(
            "| {algorithm} | {judgement:.1} µs | {alone:.1} µs | {:.2} |",
            judgement / alone
        );
    }
}

/// The median time of a call of each, in microseconds.
fn medians(one: impl Fn(), other: impl Fn()) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let [ones, others] = &mut times;
        ones.push(timed(&one));
        others.push(timed(&other));
    }
    times.map(|mut times| {
        times.sort_unstable();
        times.get(TURNS / 2).unwrap().as_secs_f64() * 1e6 / f64::from(CALLS)
    })
}

fn timed(call: impl Fn()) -> Duration {
    let started = Instant::now();
    (0..CALLS).for_each(|_| call());
    started.elapsed()
}

/// The public half, for aws-lc-rs alone.
fn bare_key(key: &SigningKey) -> ParsedPublicKey {
    let jwk = key.to_public_jwk(None).unwrap();
    let member =
        |name: &str| decode_base64url(jwk.get(name).and_then(Value::as_str).unwrap()).unwrap();
    let rsa = |parameters: &'static RsaParameters| {
        RsaPublicKeyComponents {
            n: member("n"),
            e: member("e"),
        }
        .to_parsed_public_key(parameters)
    };
    let point = || [vec![4], member("x"), member("y")].concat();
    match key.algorithm() {
        Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256).unwrap(),
        Algorithm::RS384 => rsa(&RSA_PKCS1_2048_8192_SHA384).unwrap(),
        Algorithm::RS512 => rsa(&RSA_PKCS1_2048_8192_SHA512).unwrap(),
        Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256).unwrap(),
        Algorithm::PS384 => rsa(&RSA_PSS_2048_8192_SHA384).unwrap(),
        Algorithm::PS512 => rsa(&RSA_PSS_2048_8192_SHA512).unwrap(),
        Algorithm::ES256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point()).unwrap(),
        Algorithm::ES384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point()).unwrap(),
        Algorithm::ES512 => ParsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point()).unwrap(),
        Algorithm::ES256K => ParsedPublicKey::new(&ECDSA_P256K1_SHA256_FIXED, point()).unwrap(),
        Algorithm::ML_DSA_44 => ParsedPublicKey::new(&ML_DSA_44, member("pub")).unwrap(),
        Algorithm::ML_DSA_65 => ParsedPublicKey::new(&ML_DSA_65, member("pub")).unwrap(),
        Algorithm::ML_DSA_87 => ParsedPublicKey::new(&ML_DSA_87, member("pub")).unwrap(),
        Algorithm::EdDSA => ParsedPublicKey::new(&ED25519, member("x")).unwrap(),
        other => unreachable!("{other} has no public key"),
    }
}
