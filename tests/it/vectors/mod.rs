//! The signature vectors of Project Wycheproof, tried with the one function that verifies
//! signatures.
//!
//! Each family has its test; `docs/correctness.md` shows what came out, and `generated_docs.rs`
//! compares.

mod ecdsa;
mod eddsa;
mod hmac;
mod keys;
mod ml_dsa;
mod page;
mod rsa_pkcs1;
mod rsa_pss;
mod tally;

pub use page::tables;
