//! Makes the seeds that need keys: fresh ones, and tokens that they sign.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds` writes `fixtures/` and the seeds of
//! `compact_token` and `jwk_set` anew. Whoever runs it must fuzz again: what was found with the old
//! keys knows nothing of the new ones.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use doorward::jose::{Algorithm, Family, SigningKey, decode_base64url};
use doorward_fuzz::fixture::{AUDIENCE, ISSUER, NOW, SECRET};
use serde_json::{Map, Value, json};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let keys: Vec<SigningKey> = Algorithm::ALL
        .iter()
        .copied()
        .map(key)
        .collect::<Result<_, _>>()?;
    let tokens: Vec<String> = keys.iter().map(token).collect::<Result<_, _>>()?;
    let jwks: Vec<Value> = keys
        .iter()
        .filter_map(|key| key.to_public_jwk(None))
        .collect();
    write(
        &root().join("fixtures"),
        "keys.json",
        json!({ "keys": jwks }).to_string(),
    )?;
    write(
        &root().join("fixtures"),
        "tokens.txt",
        tokens.join("\n") + "\n",
    )?;
    tokens
        .iter()
        .zip(&keys)
        .try_for_each(|(token, key)| write_token(token, key.algorithm()))?;
    jwks.iter().try_for_each(|jwk| write_sets(jwk, &jwks))
}

fn key(algorithm: Algorithm) -> Result<SigningKey, Box<dyn Error>> {
    Ok(match algorithm.family() {
        Family::Secret => SigningKey::secret(algorithm, SECRET.as_bytes()),
        _ => SigningKey::generate(algorithm)?.with_id(algorithm.name().to_ascii_lowercase()),
    })
}

fn token(key: &SigningKey) -> Result<String, Box<dyn Error>> {
    let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 60});
    Ok(key.sign(&Map::from_iter([("typ".to_owned(), "JWT".into())]), &claims)?)
}

/// A token as it is, and as its three parts in plain text, which is where a fuzzer gets further.
fn write_token(token: &str, algorithm: Algorithm) -> Outcome {
    let parts: Vec<_> = token.split('.').filter_map(decode_base64url).collect();
    let folder = root().join("corpus/compact_token");
    write(&folder, &format!("token-{algorithm}"), token)?;
    write(&folder, &format!("parts-{algorithm}"), parts.join(&b'\n'))
}

/// A key alone, without what it may leave out, with its private part, and beside another one of its
/// name.
fn write_sets(jwk: &Value, all: &[Value]) -> Outcome {
    let folder = root().join("corpus/jwk_set");
    let name = jwk["alg"].as_str().unwrap_or_default();
    let set = |keys: &[&Value]| json!({ "keys": keys }).to_string();
    let mut bare = jwk.clone();
    let members = bare.as_object_mut().ok_or("not an object")?;
    members.remove("use");
    members.remove("kid");
    if jwk["kty"] != "AKP" {
        members.remove("alg");
    }
    let mut published = jwk.clone();
    published["d"] = json!("AAAA");
    let twins: Vec<Value> = all
        .iter()
        .filter(|other| other["kty"] == jwk["kty"])
        .map(|other| {
            let mut twin = other.clone();
            (twin["kid"], twin["alg"]) = (json!("twin"), jwk["alg"].clone());
            twin
        })
        .collect();
    write(&folder, &format!("key-{name}"), set(&[jwk]))?;
    write(&folder, &format!("bare-{name}"), set(&[&bare]))?;
    if name.starts_with("ES256") || name == "RS256" {
        write(
            &folder,
            &format!("published-{name}"),
            set(&[&published, jwk]),
        )?;
        write(
            &folder,
            &format!("twins-{name}"),
            set(&twins.iter().collect::<Vec<_>>()),
        )?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> Outcome {
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join(name), content)?)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
