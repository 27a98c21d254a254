//! What a token turned out to be, where chance wrote it.

use doorward::jose::{Algorithm, Family};
use serde_json::{Map, Value};

use super::Difference;
use super::keys::Keys;
use super::scene::Scene;

/// The differences that this header and these claims account for.
pub fn examine(
    header: &[u8],
    claims: &[u8],
    algorithm: Algorithm,
    scene: Scene,
) -> Vec<Difference> {
    let mut found = Vec::new();
    if let Ok(header) = serde_json::from_slice(header) {
        examine_header(&header, algorithm, &mut found);
    }
    if let Ok(claims) = serde_json::from_slice(claims) {
        examine_claims(&claims, scene, &mut found);
    }
    found
}

fn examine_header(header: &Map<String, Value>, algorithm: Algorithm, found: &mut Vec<Difference>) {
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if text("typ").is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        found.push(Difference::Typ);
    }
    if algorithm.family() != Family::Secret && text("kid").is_some_and(|kid| kid != Keys::ID) {
        found.push(Difference::Kid);
    }
}

fn examine_claims(claims: &Map<String, Value>, scene: Scene, found: &mut Vec<Difference>) {
    const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[allow(clippy::cast_precision_loss)] // seconds of this age of the world
    let now = scene.now as f64;
    if number("exp").is_some_and(|exp| exp >= TWO_TO_THE_64) {
        found.push(Difference::FarExp);
    }
    if number("nbf").is_some_and(|nbf| nbf < 0.0) {
        found.push(Difference::NegativeNbf);
    }
    if number("iat").is_some_and(|iat| iat > now) {
        found.push(Difference::Iat);
    }
}
