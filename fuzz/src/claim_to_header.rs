//! A claim of any kind as a header: the value that arrives can be turned back into the claim, so
//! that no two are alike.

use std::sync::LazyLock;

use doorward::domain::Reason;
use doorward::gate::Gate;

use super::encoding::{assert_travels_unchanged, canonical_base64url, percent_decoded};
use super::fixture::{AUDIENCE, ISSUER, NOW, gate, present, signed};
use super::json::{Json, decimal};

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    gate(&[
        ("CLAIM_HEADERS", "c=X-Claim"),
        ("CLAIM_HEADERS_MAX_BYTES", "65536"),
        ("MAX_TOKEN_BYTES", "98304"),
    ])
});

/// Longer claims hold nothing new.
const MAX_BYTES: usize = 8192;

/// Judges the bytes as a claim, if they are JSON, and as the text of one.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.len() > MAX_BYTES {
        return;
    }
    if let Some(claim) = Json::parse(text) {
        check_claim(text.trim_ascii(), &claim);
    }
    check_claim(
        &serde_json::to_string(text).unwrap(),
        &Json::Text(text.to_owned()),
    );
    let elements: Vec<&str> = text.split('\n').collect();
    let array = Json::Array(
        elements
            .iter()
            .map(|element| Json::Text((*element).to_owned()))
            .collect(),
    );
    check_claim(&serde_json::to_string(&elements).unwrap(), &array);
}

fn check_claim(json: &str, claim: &Json) {
    let payload = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{},"c":{json}}}"#,
        NOW + 60
    );
    match present(&GATE, &signed(payload.as_bytes())) {
        Ok(permit) => {
            let Some(Some(value)) = permit.claim_values().next() else {
                panic!("a header is configured")
            };
            assert_travels_unchanged(value);
            let value = std::str::from_utf8(value).unwrap();
            assert!(may_stand(claim), "let in: {json}");
            assert!(is_rendered(claim, json, value), "{json} became {value}");
        }
        Err(denial) => {
            assert_eq!(denial.reason(), Reason::ClaimInvalid, "{json}");
            assert!(!may_stand(claim), "kept out: {json}");
        }
    }
}

/// Whether a claim has a header value at all: it is strict JSON, and a machine can read its numbers
/// without loss.
fn may_stand(claim: &Json) -> bool {
    let exact = |value: &Json| {
        if let Json::Number(number) = value {
            is_exact(number)
        } else {
            true
        }
    };
    // The claims around it are one more level.
    let strict = claim.has_distinct_names() && claim.levels() < 32;
    strict
        && if let Json::Array(elements) = claim {
            elements.iter().all(exact)
        } else {
            exact(claim)
        }
}

/// Whether a 64-bit integer or a double holds this number to the last digit.
fn is_exact(number: &str) -> bool {
    let is_integer = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    is_integer
        || texts_of(number.parse().unwrap())
            .iter()
            .any(|text| decimal(text) == decimal(number))
}

/// The shortest texts of a double. There may be two that are equally near to it (`….2` and `….3`
/// for `….25`), and printers choose differently; the service may choose either.
fn texts_of(double: f64) -> [String; 2] {
    [double.to_string(), serde_json::to_string(&double).unwrap()]
}

/// Whether this value can be turned back into the claim.
fn is_rendered(claim: &Json, json: &str, value: &str) -> bool {
    match claim {
        Json::Array(elements) if elements.is_empty() => value.is_empty(),
        Json::Array(elements) => {
            let values: Vec<_> = value.split(',').collect();
            values.len() == elements.len()
                && elements
                    .iter()
                    .zip(values)
                    .all(|(element, value)| is_rendered_single(element, value))
        }
        // To the letter, as the issuer wrote it.
        Json::Object(_) => {
            canonical_base64url(value.as_bytes()).as_deref() == Some(json.as_bytes())
        }
        single => is_rendered_single(single, value),
    }
}

fn is_rendered_single(claim: &Json, value: &str) -> bool {
    match claim {
        Json::Null => value.is_empty(),
        Json::Boolean(stated) => value == stated.to_string(),
        Json::Number(number) => decimal(value) == decimal(number),
        Json::Text(text) => percent_decoded(value) == *text,
        nested => canonical_base64url(value.as_bytes())
            .and_then(|json| Json::parse(std::str::from_utf8(&json).ok()?))
            .is_some_and(|read| read == *nested),
    }
}
