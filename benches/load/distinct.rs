//! Copies of an RS256 token that differ in `jti` and therefore in signature.

use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use clap::Args;
use serde_json::{Map, Value};

/// Which copies.
#[derive(Args)]
pub struct Copies {
    /// File with the token.
    #[arg(long)]
    token_file: PathBuf,
    /// File with the private key, PKCS#8 in DER.
    #[arg(long)]
    key_file: PathBuf,
    #[arg(long)]
    count: usize,
}

/// Prints them, one a line.
pub fn print(copies: &Copies) {
    let token = std::fs::read_to_string(&copies.token_file).unwrap();
    let mut parts = token.trim().split('.');
    let (head, payload) = (parts.next().unwrap(), parts.next().unwrap());
    let key = KeyPair::from_pkcs8(&std::fs::read(&copies.key_file).unwrap()).unwrap();
    let mut claims: Map<String, Value> =
        serde_json::from_slice(&BASE64URL.decode(payload).unwrap()).unwrap();
    for number in 0..copies.count {
        // As long as a UUID.
        claims.insert("jti".into(), format!("{number:036}").into());
        let message = format!(
            "{head}.{}",
            BASE64URL.encode(serde_json::to_vec(&claims).unwrap())
        );
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        )
        .unwrap();
        println!("{message}.{}", BASE64URL.encode(signature));
    }
}
