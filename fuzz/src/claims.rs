//! Bytes as the payload of a well-signed token: the gate's answer is the one that RFC 7519 and the
//! settings give.

use std::sync::LazyLock;

use doorward::domain::Reason;
use doorward::gate::Gate;
use doorward::policy::Permit;

use super::encoding::{assert_travels_unchanged, percent_decoded};
use super::fixture::{AUDIENCE, ISSUER, NOW, gate, present, signed};
use super::json::Json;

/// Small enough to be a token of the allowed size.
const MAX_PAYLOAD_BYTES: usize = 12_000;

/// `claim_headers_max_bytes`, and the leeway in seconds, as they are unless somebody says
/// otherwise.
const MAX_HEADER_BYTES: usize = 3072;
pub(super) const LEEWAY: f64 = 30.0;

static GATE: LazyLock<Gate> = LazyLock::new(|| gate(&[]));

/// Judges the bytes as a payload.
pub fn check(data: &[u8]) {
    if data.len() > MAX_PAYLOAD_BYTES {
        return;
    }
    let decision = present(&GATE, &signed(data));
    let acceptable = Json::strict_object(data).filter(is_acceptable);
    match (decision, acceptable) {
        (Ok(permit), Some(claims)) => check_headers(&permit, &claims),
        (Ok(_), None) => panic!("let in: {}", data.escape_ascii()),
        (Err(denial), Some(claims)) => assert!(
            explains(denial.reason(), &claims),
            "{}, but nothing is wrong with {}",
            denial.code(),
            data.escape_ascii()
        ),
        (Err(_), None) => {}
    }
}

fn is_acceptable(claims: &Json) -> bool {
    let ahead = NOW_SECONDS + LEEWAY;
    claims.get("iss").and_then(Json::text) == Some(ISSUER)
        && seconds(claims, "exp").is_ok_and(|exp| exp.is_some_and(|exp| exp > NOW_SECONDS - LEEWAY))
        && ["nbf", "iat"]
            .iter()
            .all(|name| seconds(claims, name).is_ok_and(|at| at.is_none_or(|at| at <= ahead)))
        && names_us(claims.stated("aud"))
        && claims
            .stated("sub")
            .is_none_or(|subject| subject.text().is_some())
        && claims.get("cnf").is_none()
        && is_scope_list(claims.stated("scope").or_else(|| claims.stated("scp")))
}

#[allow(clippy::cast_precision_loss)] // far below 2^53
pub(super) const NOW_SECONDS: f64 = NOW as f64;

/// The point in time that a claim tells, to the millisecond in the issuer's disfavour; an error is
/// no number.
pub(super) fn seconds(claims: &Json, name: &str) -> Result<Option<f64>, ()> {
    let in_disfavour = if name == "exp" { f64::floor } else { f64::ceil };
    match claims.get(name) {
        None => Ok(None),
        Some(Json::Number(number)) => Ok(Some(
            in_disfavour(number.parse::<f64>().unwrap() * 1000.0) / 1000.0,
        )),
        Some(_) => Err(()),
    }
}

pub(super) fn names_us(audience: Option<&Json>) -> bool {
    match audience {
        Some(Json::Text(audience)) => audience == AUDIENCE,
        Some(Json::Array(all)) => {
            all.iter().all(|audience| audience.text().is_some())
                && all.iter().any(|audience| audience.text() == Some(AUDIENCE))
        }
        _ => false,
    }
}

pub(super) fn is_scope_list(scope: Option<&Json>) -> bool {
    match scope {
        None | Some(Json::Text(_)) => true,
        Some(Json::Array(all)) => all.iter().all(|scope| scope.text().is_some()),
        Some(_) => false,
    }
}

/// A token that is in order may still have claims that no header can hold.
fn explains(reason: Reason, claims: &Json) -> bool {
    let client = claims.stated("client_id").or_else(|| claims.stated("azp"));
    let mapped = [
        claims.stated("sub"),
        client,
        claims.stated("scope"),
        claims.stated("scp"),
        claims.stated("email"),
    ];
    match reason {
        // A number that is not exact; `scope` and `sub` have none.
        Reason::ClaimInvalid => mapped
            .iter()
            .flatten()
            .any(|claim| !matches!(claim, Json::Text(_) | Json::Boolean(_))),
        // Each character of a claim takes twelve at most: four bytes, percent-encoded.
        Reason::ClaimHeadersTooLarge => format!("{mapped:?}").len() * 12 > MAX_HEADER_BYTES - 200,
        _ => false,
    }
}

fn check_headers(permit: &Permit, claims: &Json) {
    let names: Vec<_> = GATE.authenticators.claim_headers.names().collect();
    let values: Vec<_> = permit.claim_values().map_while(|value| value).collect();
    assert_eq!(
        names,
        [
            "X-Auth-Subject",
            "X-Auth-Issuer",
            "X-Auth-Client-Id",
            "X-Auth-Scopes",
            "X-Auth-Email"
        ]
    );
    assert_eq!(values.len(), names.len());
    for value in &values {
        assert_travels_unchanged(value);
    }
    let on_the_wire: usize = names
        .iter()
        .zip(&values)
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    assert!(
        on_the_wire <= MAX_HEADER_BYTES,
        "{on_the_wire} bytes of claim headers"
    );
    let told = |at: usize| percent_decoded(std::str::from_utf8(values[at]).unwrap());
    assert_eq!(
        told(0),
        claims
            .stated("sub")
            .and_then(Json::text)
            .unwrap_or_default()
    );
    assert_eq!(told(1), ISSUER);
    let scopes: Vec<_> = values[3]
        .split(|byte| *byte == b' ')
        .filter(|scope| !scope.is_empty())
        .collect();
    let scopes: Vec<_> = scopes
        .iter()
        .map(|scope| percent_decoded(std::str::from_utf8(scope).unwrap()))
        .collect();
    assert_eq!(
        scopes,
        stated_scopes(claims.stated("scope").or_else(|| claims.stated("scp")))
    );
    if let Some(email) = claims.stated("email").and_then(Json::text) {
        assert_eq!(told(4), email);
    }
}

fn stated_scopes(scope: Option<&Json>) -> Vec<&str> {
    let all = match scope {
        Some(Json::Text(list)) => list.split(' ').collect(),
        Some(Json::Array(all)) => all.iter().filter_map(Json::text).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|scope| !scope.is_empty()).collect()
}
