//! Layer 1: JOSE, as far as access tokens need it (RFC 7515, 7517, 7518, 8037, 8812, 9864, 9964).
//!
//! The parser is strict and small. It never follows a key or a URL from a token (`jwk`, `jku`,
//! `x5c`, `x5u`), never chooses an algorithm by the token alone, and never presents unverified
//! claims as verified ones.

mod algorithm;
mod assertion_key;
mod base64url;
mod candidates;
mod claims;
mod compact;
mod header;
mod json;
mod jwk;
mod key;
mod key_set;
mod pem;
mod pss_parameters;
mod published_key;
mod roca;
mod signing;

pub use algorithm::{Algorithm, Algorithms, Family};
pub use assertion_key::AssertionKey;
pub use base64url::{decode_base64url, encode_base64url};
pub use candidates::{Candidates, NoCandidate};
pub use claims::{Claims, IssuerClaim, UnverifiedClaims};
pub use compact::{CompactJws, SignedJws};
pub use header::JoseHeader;
pub use json::Json;
pub use jwk::JwkRefusal;
pub use key::{InvalidSecret, KeyFingerprint, VerificationKey};
pub use key_set::{InvalidKeySet, KeySet, RefusedKey};
pub use pem::InvalidPem;
pub use published_key::PublishedKey;
pub use signing::{InvalidSigningKey, SigningKey};
