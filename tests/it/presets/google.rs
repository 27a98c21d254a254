//! Google.

use super::{filled_in, gate_of, told};
use crate::support::TestIssuer;

const CLIENT: &str = "407408718192.apps.googleusercontent.com";
const SETTINGS: [(&str, &str); 2] = [("PRESET", "google"), ("AUDIENCE", CLIENT)];
const NAMES: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

#[test]
fn both_names_share_the_keys() {
    assert_eq!(
        filled_in(&SETTINGS),
        (
            NAMES.map(str::to_owned).to_vec(),
            format!("metadata of {}", NAMES[0])
        )
    );
    let idp = TestIssuer::new();
    let gate = gate_of(&idp, &SETTINGS);
    let good = |iss: &str| {
        idp.token()
            .claim("iss", iss)
            .claim("aud", CLIENT)
            .claim("azp", CLIENT)
    };
    for iss in NAMES {
        assert_eq!(gate.verdict(&good(iss).sign()), "200", "{iss}");
        assert_eq!(
            gate.verdict(&good(iss).claim("aud", "another").sign()),
            "401 audience_mismatch",
            "{iss}"
        );
    }
    for iss in [
        "http://accounts.google.com",
        "https://accounts.google.com/",
        "accounts.google.com.evil.example",
        "",
    ] {
        assert_eq!(
            gate.verdict(&good(iss).sign()),
            "401 issuer_unknown",
            "{iss}"
        );
    }
}

#[test]
fn what_is_missing_is_told() {
    insta::assert_snapshot!(told(&[&[("PRESET", "google")]]), @"DOORWARD_AUDIENCE: missing (set the OAuth client id of the application)");
}
