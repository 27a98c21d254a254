//! RFC 7797: the payload as it is, instead of in base64url.

use serde_json::json;

use super::{SECRET, assert_signed_with, gate_with_secret, input_and_signature};

const HEADER: &str = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19";
const SIGNATURE: &str = "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";

/// The control: the same payload in base64url, as ever.
#[test]
fn section_4_1_encoded_payload() {
    let token = "eyJhbGciOiJIUzI1NiJ9.JC4wMg.5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ";
    let (input, signature) = input_and_signature(token);
    assert_signed_with(SECRET, input, signature);
    assert_eq!(
        gate_with_secret("joe", SECRET).verdict(token),
        "401 claim_invalid"
    );
}

#[test]
fn section_4_2_unencoded_payload() {
    assert_signed_with(SECRET, &format!("{HEADER}.$.02"), SIGNATURE);
    let gate = gate_with_secret("joe", SECRET);
    assert_eq!(
        gate.verdict(&format!("{HEADER}..{SIGNATURE}")),
        "401 header_critical_unsupported"
    );
    // The payload has a dot: inside the compact form it would be two parts.
    assert_eq!(
        gate.verdict(&format!("{HEADER}.$.02.{SIGNATURE}")),
        "401 token_malformed"
    );
    let flattened = json!({"protected": HEADER, "payload": "$.02", "signature": SIGNATURE});
    assert_eq!(gate.verdict(&flattened.to_string()), "401 token_malformed");
}
