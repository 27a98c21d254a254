//! Firebase Authentication.

use super::{filled_in, gate_of, told};
use crate::support::TestIssuer;

const ISS: &str = "https://securetoken.google.com/acme-shop";
const SETTINGS: [(&str, &str); 2] = [("PRESET", "firebase"), ("FIREBASE_PROJECT", "acme-shop")];

#[test]
fn tokens_of_users_pass() {
    let keys =
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
    assert_eq!(
        filled_in(&SETTINGS),
        (vec![ISS.to_owned()], format!("keys at {keys}"))
    );
    let idp = TestIssuer::new().named(ISS);
    let gate = gate_of(&idp, &SETTINGS);
    let now = idp.clock.secs();
    let good = || {
        idp.token()
            .claim("aud", "acme-shop")
            .claim("auth_time", now)
    };
    for (token, verdict) in [
        (good(), "200"),
        (good().claim("auth_time", now + 30), "200"),
        (
            good().claim("auth_time", now + 31),
            "401 token_issued_in_future",
        ),
        (
            good().claim("auth_time", now.to_string()),
            "401 claim_invalid",
        ),
        (good().without("auth_time"), "401 claim_missing"),
        (good().claim("sub", ""), "401 claim_missing"),
        (good().without("sub"), "401 claim_missing"),
        (good().claim("sub", 1), "401 claim_invalid"),
        (good().claim("aud", "another"), "401 audience_mismatch"),
        (
            good().claim("iss", "https://securetoken.google.com/another"),
            "401 issuer_unknown",
        ),
    ] {
        assert_eq!(
            gate.verdict(&token.sign()),
            verdict,
            "{}",
            token.claims_text()
        );
    }
}

#[test]
fn what_is_missing_or_no_project_is_told() {
    let [preset, _] = SETTINGS;
    insta::assert_snapshot!(told(&[&[preset], &[preset, ("FIREBASE_PROJECT", "acme,*")]]), @r#"
    DOORWARD_FIREBASE_PROJECT: missing (set the id of the project)

    DOORWARD_FIREBASE_PROJECT: "acme,*" is not understood (write letters, digits, -, ., _ and ~)
    "#);
}
