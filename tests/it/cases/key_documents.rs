//! Group D: whole key sets, in the settings and from an issuer on the network.

use std::time::Duration;

use doorward::jose::{Algorithm, Algorithms, InvalidKeySet, KeySet};
use serde_json::json;

use super::signatures::rsa;
use crate::support::{TestGate, TestIssuer, key};

const NO_SET: &str = "not a JSON Web Key Set";
const NO_KEY: &str = "no usable key";

#[test]
fn d1_odd_key_sets_have_the_keys_they_have() {
    assert!(ODD.len() >= 60, "{}", ODD.len());
    for (document, keys, refused) in ODD {
        let document = filled_in(document);
        let found = match KeySet::from_jwks(document.as_bytes(), &Algorithms::asymmetric()) {
            Ok(set) => (set.len(), set.refused().len()),
            Err(InvalidKeySet::NoUsableKey(refused)) => (0, refused.len()),
            Err(other) => panic!("{other}: {document}"),
        };
        assert_eq!(found, (*keys, *refused), "{document}");
    }
}

#[test]
fn d10_what_is_no_key_set_is_a_configuration_error() {
    let idp = TestIssuer::new();
    for (document, message) in no_key_sets() {
        let problems = TestGate::new()
            .trusting(&idp)
            .set("JWKS", document.as_str())
            .configuration()
            .err();
        let problems = problems.unwrap_or_else(|| panic!("{} was taken", start_of(&document)));
        let message = match document.trim() {
            "" => "empty",
            "\"keys\"" => "in quotes",
            _ => message,
        };
        let expected = format!("DOORWARD_JWKS: {message}");
        assert!(
            problems.contains(&expected),
            "{}: {problems}",
            start_of(&document)
        );
        assert_eq!(
            problems.matches("DOORWARD_").count(),
            1,
            "nothing else is wrong: {problems}"
        );
    }
}

#[test]
fn d10_what_is_no_key_set_leaves_the_keys_there_were() {
    let (idp, gate) = fetching();
    for (document, message) in no_key_sets() {
        let what = start_of(&document);
        idp.answer_instead(200, document);
        wait_for_refresh(&idp, &gate, Some(message), &what);
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{what}");
        assert_eq!(gate.admin("/readyz").send().status, 200, "{what}");
        idp.recover();
        wait_for_refresh(&idp, &gate, None, &what);
    }
}

#[test]
fn d11_a_set_has_a_hundred_keys_at_most() {
    let one = key(Algorithm::ES256)
        .to_public_jwk(None)
        .unwrap()
        .to_string();
    let set =
        |entry: &str, times: usize| format!("{{\"keys\":[{}]}}", vec![entry; times].join(","));
    let (idp, gate) = fetching();
    for (document, message) in [
        (set(&one, 100), None),
        (set(&one, 101), Some("101 keys, but at most 100 are read")),
        (
            set("{}", 10_000),
            Some("10000 keys, but at most 100 are read"),
        ),
        (
            set("0", 100_000),
            Some("100000 keys, but at most 100 are read"),
        ),
        (set(&one, 10_000), Some("the body is larger than 512 KiB")),
        (
            set("{}", 1_000_000),
            Some("the body is larger than 512 KiB"),
        ),
    ] {
        let what = format!("{} bytes", document.len());
        let from_settings = TestGate::new()
            .trusting(&idp)
            .set("JWKS", document.as_str())
            .configuration()
            .err();
        let problem = from_settings.unwrap_or_default();
        // Settings have no size of their own: there the keys are counted.
        let counted =
            message.is_none_or(|message| message.contains("KiB") || problem.contains(message));
        assert!(
            message.is_some() != problem.is_empty() && counted,
            "{what}: {problem}"
        );
        idp.answer_instead(200, document);
        wait_for_refresh(&idp, &gate, message, &what);
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{what}");
        idp.recover();
        wait_for_refresh(&idp, &gate, None, &what);
    }
}

/// An issuer on the network and a service that has its keys.
fn fetching() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new().serve();
    // Time goes fast here; what is tested is not how long old keys are good.
    let gate = TestGate::new()
        .discovering(&idp)
        .set("JWKS_MAX_STALE", "300d")
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    (idp, gate)
}

/// Lets time pass until a fetch that began after now has ended so.
fn wait_for_refresh(idp: &TestIssuer, gate: &TestGate, message: Option<&str>, what: &str) {
    let asked = idp.fetches();
    let expected = message.map(|message| format!("GET {}/jwks: {message}", idp.url()));
    let answer = gate.wait_for("/status", |answer| {
        idp.clock.advance(Duration::from_secs(30));
        let found = answer.json()["issuers"][0]["last_error"].clone();
        let is_so = expected.as_deref().map_or(found.is_null(), |expected| {
            found
                .as_str()
                .is_some_and(|found| found.starts_with(expected))
        });
        // One fetch may have been under way already.
        idp.fetches() > asked + 1 && is_so
    });
    assert_eq!(answer.json()["issuers"][0]["usable"], true, "{what}");
}

fn start_of(document: &str) -> String {
    document.chars().take(60).collect()
}

/// Documents that are no key set, or one without a usable key, and what is said of them.
fn no_key_sets() -> Vec<(String, &'static str)> {
    let good = idp_key();
    let set = json!({ "keys": [key(Algorithm::ES256).to_public_jwk(None)] }).to_string();
    let with_half_a_pair = set.replace("\"use\"", "\"\\ud800\"");
    let malformed = [
        String::new(),
        "\n".into(),
        "null".into(),
        "true".into(),
        "1".into(),
        "\"keys\"".into(),
        "{}".into(),
        "[]".into(),
        "[[]]".into(),
        format!("[[{good}]]"),
        format!("[{good}]"),
        format!("[{set}]"),
        good.clone(),
        "{\"keys\":null}".into(),
        "{\"keys\":{}}".into(),
        format!("{{\"keys\":{good}}}"),
        format!("{{\"keys\":{{\"0\":{good}}}}}"),
        "{\"keys\":\"\"}".into(),
        "{\"keys\":0}".into(),
        "{\"keys\":false}".into(),
        format!("{{\"Keys\":[{good}]}}"),
        format!("{{\"KEYS\":[{good}]}}"),
        format!("{{\"key\":[{good}]}}"),
        format!("{{\"jwks\":{set}}}"),
        format!("{{\"keys\":[{good}],\"keys\":[{good}]}}"),
        format!("{{\"keys\":[],\"keys\":[{good}]}}"),
        format!("{{\"keys\":[{good}],\"k\\u0065ys\":[]}}"),
        format!("{{\"keys\":[{good}],\"keys\":null}}"),
        format!("\u{feff}{set}"),
        format!("{set}{set}"),
        format!("{set},"),
        format!("{set} x"),
        format!("{set};"),
        format!("callback({set})"),
        format!("// keys\n{set}"),
        set[..set.len() - 1].to_owned(),
        set[..set.len() / 2].to_owned(),
        format!("{{\"keys\":[{good},]}}"),
        format!("{{\"keys\":[,{good}]}}"),
        format!("{{\"keys\":[{good} {good}]}}"),
        format!("{{keys:[{good}]}}"),
        format!("{{'keys':[{good}]}}"),
        "<!DOCTYPE html><html><body>Sign in</body></html>".into(),
        "<?xml version=\"1.0\"?><keys/>".into(),
        "{\"error\":\"not_found\"}".into(),
        "keys: []".into(),
        "eyJhbGciOiJFUzI1NiJ9.eyJrZXlzIjpbXX0.AA".into(),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".into(),
    ];
    let without_keys = [
        "{\"keys\":[]}".into(),
        "{\"keys\":[null]}".into(),
        "{\"keys\":[{}]}".into(),
        "{\"keys\":[[]]}".into(),
        "{\"keys\":[1,\"a\",true]}".into(),
        format!("{{\"keys\":[[{good}]]}}"),
        set.replace("ES256\"", "ES384\""),
        set.replace("\"sig\"", "\"enc\""),
        with_half_a_pair,
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}".into(),
    ];
    let malformed = malformed.into_iter().map(|document| (document, NO_SET));
    malformed
        .chain(without_keys.into_iter().map(|document| (document, NO_KEY)))
        .collect()
}

fn idp_key() -> String {
    key(Algorithm::ES256)
        .to_public_jwk(None)
        .unwrap()
        .to_string()
}

/// The document with the members of real keys in the place of `$EC`, `$RSA`, `$OKP` and `$AKP`.
fn filled_in(document: &str) -> String {
    let members = |algorithm: Algorithm| {
        let own = if algorithm == Algorithm::RS256 {
            rsa(algorithm)
        } else {
            key(algorithm)
        };
        let mut jwk = own.to_public_jwk(None).unwrap();
        jwk.as_object_mut()
            .unwrap()
            .retain(|name, _| !["kid", "alg", "use"].contains(&name.as_str()));
        let text = jwk.to_string();
        text[1..text.len() - 1].to_owned()
    };
    let names = [
        ("$EC", Algorithm::ES256),
        ("$RSA", Algorithm::RS256),
        ("$OKP", Algorithm::EdDSA),
        ("$AKP", Algorithm::ML_DSA_44),
    ];
    names
        .iter()
        .fold(document.to_owned(), |text, (name, algorithm)| {
            text.replace(name, &members(*algorithm))
        })
}

/// Odd key sets, and how many keys of theirs are used and refused.
const ODD: &[(&str, usize, usize)] = &[
    // Around the list.
    (r#"{"keys":[]}"#, 0, 0),
    (r#"{ "keys" : [ { $EC } ] }"#, 1, 0),
    ("\n\t{\"keys\":\r\n[{$EC}]}\n", 1, 0),
    (r#"{"\u006beys":[{$EC}]}"#, 1, 0),
    (r#"{"keys":[{$EC}],"next":null}"#, 1, 0),
    (r#"{"issuer":"x","keys":[{$EC}],"expires":1e400}"#, 1, 0),
    (r#"{"keys":[{$EC}],"other":{"keys":[{$OKP}]}}"#, 1, 0),
    (r#"{"keys":[{$EC}],"x":1,"x":2}"#, 1, 0),
    (r#"{"Keys":[{$OKP}],"keys":[{$EC}]}"#, 1, 0),
    (r#"{"keys":[{$EC},{$RSA},{$OKP}]}"#, 3, 0),
    (
        r#"{"keys":[{$EC},{$RSA},{$OKP},{$AKP,"alg":"ML-DSA-44"}]}"#,
        4,
        0,
    ),
    // What is no entry.
    (r#"{"keys":[null]}"#, 0, 1),
    (r#"{"keys":[null,{$EC},null]}"#, 1, 2),
    (r#"{"keys":["",0,true,[],{},{$EC}]}"#, 1, 5),
    (r#"{"keys":[[{$EC}]]}"#, 0, 1),
    (r#"{"keys":[{"keys":[{$EC}]}]}"#, 0, 1),
    (r#"{"keys":[{$EC},1e400]}"#, 1, 1),
    // Members twice, within one entry.
    (r#"{"keys":[{$EC,"kty":"EC"}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"kid":"a","kid":"a"},{$OKP}]}"#, 1, 1),
    (r#"{"keys":[{$EC,"kid":"a","k\u0069d":"b"}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"x5c":[{"a":1,"a":1}]}]}"#, 0, 1),
    // Names.
    (r#"{"keys":[{$EC,"kid":"a"}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":""}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":null}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":7}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"kid":["a"]}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"kid":"a\u0000b"}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":"\ud83d\ude00"}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":"\ud83d"}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"KID":"a","Kid":"b"}]}"#, 1, 0),
    // The same key twice is one; under two names it is two.
    (r#"{"keys":[{$EC},{$EC}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"kid":"a"},{$EC,"kid":"a"}]}"#, 1, 0),
    (
        r#"{"keys":[{$EC,"kid":"a"},{$EC,"kid":"a","alg":"ES256","use":"sig"}]}"#,
        1,
        0,
    ),
    (r#"{"keys":[{$EC,"kid":"a"},{$EC,"kid":"b"}]}"#, 2, 0),
    (r#"{"keys":[{$EC,"kid":"a"},{$EC}]}"#, 2, 0),
    (r#"{"keys":[{$EC,"kid":"a"},{$EC,"kid":"A"}]}"#, 2, 0),
    (
        r#"{"keys":[{$EC,"kid":"a"},{$OKP,"kid":"a"},{$RSA,"kid":"a"}]}"#,
        3,
        0,
    ),
    (
        r#"{"keys":[{$RSA,"kid":"a","alg":"RS256"},{$RSA,"kid":"a","alg":"PS256"}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$RSA,"kid":"a"},{$RSA,"kid":"a","alg":"RS256"}]}"#,
        1,
        0,
    ),
    // Types, curves and algorithms.
    (r#"{"keys":[{"kty":"RSA"}]}"#, 0, 1),
    (r#"{"keys":[{"kty":"EC"}]}"#, 0, 1),
    (r#"{"keys":[{"kty":"OKP"}]}"#, 0, 1),
    (r#"{"keys":[{"kty":"AKP"}]}"#, 0, 1),
    (
        r#"{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},{$EC}]}"#,
        1,
        1,
    ),
    (r#"{"keys":[{"kty":"PQK","pub":"AA"},{$EC}]}"#, 1, 1),
    (
        r#"{"keys":[{"kty":7},{"kty":null},{"kty":[]},{$EC}]}"#,
        1,
        3,
    ),
    (r#"{"keys":[{"kid":"a"},{$EC}]}"#, 1, 1),
    (
        r#"{"keys":[{$EC,"alg":"ES256"},{$RSA,"alg":"RS256"}]}"#,
        2,
        0,
    ),
    (
        r#"{"keys":[{$EC,"alg":"RS256"},{$RSA,"alg":"ES256"}]}"#,
        0,
        2,
    ),
    (r#"{"keys":[{$OKP,"alg":"EdDSA"}]}"#, 1, 0),
    (r#"{"keys":[{$OKP,"alg":"Ed25519"}]}"#, 1, 0),
    (r#"{"keys":[{$AKP}]}"#, 0, 1),
    (r#"{"keys":[{$AKP,"alg":"ML-DSA-44"}]}"#, 1, 0),
    (r#"{"keys":[{$AKP,"alg":"ML-DSA-65"}]}"#, 0, 1),
    (
        r#"{"keys":[{$RSA,"alg":"RSA-OAEP","use":"enc"},{$RSA,"alg":"RS256","use":"sig"}]}"#,
        1,
        0,
    ),
    (r#"{"keys":[{$EC,"alg":"ECDH-ES+A128KW"},{$EC}]}"#, 1, 0),
    // Uses.
    (r#"{"keys":[{$EC,"use":"sig"}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"use":"enc"}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"use":1}]}"#, 0, 1),
    (r#"{"keys":[{$EC,"key_ops":["verify"]}]}"#, 1, 0),
    (
        r#"{"keys":[{$EC,"key_ops":["sign"]},{$EC,"key_ops":[]}]}"#,
        1,
        1,
    ),
    (
        r#"{"keys":[{$EC,"use":"","alg":"","key_ops":"","kid":""}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$EC,"use":[ ],"alg":null,"key_ops":[ ],"kid":[]}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$EC,"use":"sig","key_ops":["verify","verify"]}]}"#,
        1,
        0,
    ),
    // Members beside the key.
    (
        r#"{"keys":[{$EC,"x5c":["AAAA"],"x5t":"x","x5u":"https://x"}]}"#,
        1,
        0,
    ),
    (r#"{"keys":[{$EC,"d":"AAAA"}]}"#, 1, 0),
    (r#"{"keys":[{$RSA,"oth":[]}]}"#, 1, 0),
    (r#"{"keys":[{$EC,"n":"AQAB","e":"AQAB"}]}"#, 1, 0),
    (r#"{"keys":[{$OKP,"y":"AAAA"}]}"#, 1, 0),
    (
        r#"{"keys":[{$EC,"exp":0,"nbf":9999999999,"iat":"x"}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$EC,"ext":true,"revoked":{"reason":"x"}}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$EC,"deep":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}]}"#,
        1,
        0,
    ),
    (
        r#"{"keys":[{$EC,"deep":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},{$OKP}]}"#,
        1,
        1,
    ),
];
