//! RFC 7520: the examples of signatures in section 4. What they sign is a sentence, not claims.

use doorward::jose::{Algorithm, encode_base64url};
use serde_json::{Value, json};

use super::{assert_signed_by, assert_signed_with, gate, gate_with_key, gate_with_secret, key_set};

const SENTENCE: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you \
                        don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";

const SECRET: &str = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg";
const SECRET_ID: &str = "018c0ae5-4d9b-471b-bfd6-eef314bc7037";
const BILBO: &str = "bilbo.baggins@hobbiton.example";

const SIGNATURE_4_1: &str = concat!(
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi8",
    "4wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocS",
    "adnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJu",
    "shZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
);

const SIGNATURE_4_2: &str = concat!(
    "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItl",
    "lVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0",
    "TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0",
    "uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
);

const SIGNATURE_4_3: &str = concat!(
    "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_",
    "sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
);

const SIGNATURE_4_4: &str = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
const SIGNATURE_4_6: &str = "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20";
const SIGNATURE_4_7: &str = "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk";

const SIGNATURE_4_8_RS256: &str = concat!(
    "MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y13TDIqHzTUrL_lR2ZFcryNFiH",
    "kSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma",
    "622_BG5t4sdbuCHtFjp9iJmkio47AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afK",
    "K64jU6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w",
);

const SIGNATURE_4_8_ES512: &str = concat!(
    "ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924DUz8sK7ZXkhc7AFM8ObLfTvNC",
    "rqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vIfj5pCMYxxm4fgV3q7ZYhm5eD",
);

/// Section 3.3.
fn rsa_key() -> Value {
    let n = concat!(
        "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB",
        "SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD",
        "1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_",
        "qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
    );
    json!({"kty": "RSA", "kid": BILBO, "use": "sig", "n": n, "e": "AQAB"})
}

/// Section 3.1.
fn elliptic_curve_key() -> Value {
    json!({
        "kty": "EC", "kid": BILBO, "use": "sig", "crv": "P-521",
        "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    })
}

#[test]
fn section_4_1_rs256() {
    let input = input(&header("RS256", BILBO));
    assert_signed_by(&rsa_key(), Algorithm::RS256, &input, SIGNATURE_4_1);
    let gate = gate_with_key("joe", &rsa_key());
    assert_eq!(
        gate.verdict(&format!("{input}.{SIGNATURE_4_1}")),
        "401 claim_invalid"
    );
}

#[test]
fn section_4_2_ps384() {
    let input = input(&header("PS384", BILBO));
    assert_signed_by(&rsa_key(), Algorithm::PS384, &input, SIGNATURE_4_2);
    let gate = gate(&[
        ("ISSUER", "joe"),
        ("JWKS", &key_set(&rsa_key())),
        ("ALGORITHMS", "PS384"),
    ]);
    assert_eq!(
        gate.verdict(&format!("{input}.{SIGNATURE_4_2}")),
        "401 claim_invalid"
    );
}

#[test]
fn section_4_3_es512() {
    let input = input(&header("ES512", BILBO));
    assert_signed_by(
        &elliptic_curve_key(),
        Algorithm::ES512,
        &input,
        SIGNATURE_4_3,
    );
    let gate = gate_with_key("joe", &elliptic_curve_key());
    assert_eq!(
        gate.verdict(&format!("{input}.{SIGNATURE_4_3}")),
        "401 claim_invalid"
    );
}

#[test]
fn section_4_4_hs256() {
    let input = input(&header("HS256", SECRET_ID));
    assert_signed_with(SECRET, &input, SIGNATURE_4_4);
    assert_eq!(
        gate_with_secret("joe", SECRET).verdict(&format!("{input}.{SIGNATURE_4_4}")),
        "401 claim_invalid"
    );
}

#[test]
fn section_4_5_detached() {
    let header = encode_base64url(header("HS256", SECRET_ID));
    assert_malformed(&format!("{header}..{SIGNATURE_4_4}"));
    let flattened = json!({"protected": header, "signature": SIGNATURE_4_4});
    assert_malformed(&flattened.to_string());
    assert_malformed(&json!({ "signatures": [flattened] }).to_string());
}

#[test]
fn section_4_6_header_partly_protected() {
    let protected = r#"{"alg":"HS256"}"#;
    assert_signed_with(SECRET, &input(protected), SIGNATURE_4_6);
    let signature = json!({
        "protected": encode_base64url(protected), "header": {"kid": SECRET_ID}, "signature": SIGNATURE_4_6,
    });
    assert_both_serialisations_malformed(&signature);
}

#[test]
fn section_4_7_header_not_protected() {
    assert_signed_with(SECRET, &input(""), SIGNATURE_4_7);
    let signature =
        json!({"header": {"alg": "HS256", "kid": SECRET_ID}, "signature": SIGNATURE_4_7});
    assert_both_serialisations_malformed(&signature);
    assert_malformed(&format!("{}.{SIGNATURE_4_7}", input("")));
}

#[test]
fn section_4_8_several_signatures() {
    let protected = r#"{"alg":"RS256"}"#;
    assert_signed_by(
        &rsa_key(),
        Algorithm::RS256,
        &input(protected),
        SIGNATURE_4_8_RS256,
    );
    assert_signed_by(
        &elliptic_curve_key(),
        Algorithm::ES512,
        &input(""),
        SIGNATURE_4_8_ES512,
    );
    let signatures = json!([
        {"protected": encode_base64url(protected), "header": {"kid": BILBO}, "signature": SIGNATURE_4_8_RS256},
        {"header": {"alg": "ES512", "kid": BILBO}, "signature": SIGNATURE_4_8_ES512},
        {"protected": encode_base64url(header("HS256", SECRET_ID)), "signature": SIGNATURE_4_4},
    ]);
    assert_malformed(
        &json!({"payload": encode_base64url(SENTENCE), "signatures": signatures}).to_string(),
    );
}

/// The JOSE header, spelled as the examples spell it.
fn header(algorithm: &str, key: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","kid":"{key}"}}"#)
}

/// What is signed under this header.
fn input(header: &str) -> String {
    format!(
        "{}.{}",
        encode_base64url(header),
        encode_base64url(SENTENCE)
    )
}

/// General and flattened JSON (RFC 7515 section 7.2) of one signature.
fn assert_both_serialisations_malformed(signature: &Value) {
    let payload = encode_base64url(SENTENCE);
    assert_malformed(&json!({"payload": payload, "signatures": [signature]}).to_string());
    let mut flattened = signature.clone();
    flattened["payload"] = payload.into();
    assert_malformed(&flattened.to_string());
}

fn assert_malformed(token: &str) {
    assert_eq!(
        gate_with_secret("joe", SECRET).verdict(token),
        "401 token_malformed",
        "{token}"
    );
}
