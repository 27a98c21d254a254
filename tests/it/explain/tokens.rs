//! Tokens that are refused before anybody asks what they claim.

use doorward::jose::{Algorithm, SigningKey, encode_base64url};
use serde_json::json;

use super::{explained, last, token_told, told};
use crate::support::{TestGate, TestIssuer, key};

#[test]
fn a_token_that_is_not_there_or_there_twice() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "bearer,cookie:session")
        .spawn();
    let fields = |authorization: &str, cookie: &str| {
        told(
            &gate,
            &json!({"headers": {"Authorization": authorization, "Cookie": cookie}}),
        )
    };
    insta::assert_snapshot!(told(&gate, &json!({})), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    skipped token source | bearer | nothing
    skipped token source | cookie:session | nothing
    failed  token | bearer, cookie:session, at most 16384 bytes | no token was presented
    deny token_missing (send the token where `token_sources` looks, and have the proxy pass that header on)
    "#);
    insta::assert_snapshot!(fields("Basic dTpw", ""), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    skipped token source | bearer | another scheme
    skipped token source | cookie:session | nothing
    failed  token | bearer, cookie:session, at most 16384 bytes | the authentication scheme is not supported
    deny scheme_unsupported (send `Authorization: Bearer TOKEN`)
    "#);
    insta::assert_snapshot!(fields("dTpw", ""), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    skipped token source | bearer | one word, so no credential
    skipped token source | cookie:session | nothing
    failed  token | bearer, cookie:session, at most 16384 bytes | there is no readable credential in the Authorization field
    deny authorization_malformed (send `Authorization: Bearer TOKEN`, both words)
    "#);
    insta::assert_snapshot!(fields("Bearer a", "session=b"), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 1 bytes
    passed  token source | cookie:session | a token of 1 bytes
    failed  token | bearer, cookie:session, at most 16384 bytes | more than one token was presented
    deny token_ambiguous (send one token, in one place)
    "#);
    insta::assert_snapshot!(fields(&format!("Bearer {}", "a".repeat(16_385)), ""), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    failed  token | bearer, cookie:session, at most 16384 bytes | the token is larger than this service accepts
    deny token_too_large (ask the issuer for fewer claims, or raise `max_token_bytes`)
    "#);
}

#[test]
fn a_token_that_is_no_jws() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let header = |header: &str| token_told(&gate, format!("{}.e30.AAAA", encode_base64url(header)));
    insta::assert_snapshot!(token_told(&gate, "x.y"), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 3 bytes
    failed  form | a compact JWS (RFC 7515) | parts: 2, the first is no JSON object in base64url
    deny token_malformed (a compact JWS is three parts of base64url with dots between, without quotes or blanks)
    "#);
    insta::assert_snapshot!(header(r#"{"alg":"none"}"#), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 28 bytes
    failed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"none"}
    deny algorithm_not_allowed (compare `algorithms` and the `alg` of the key with that of the token)
    "#);
    insta::assert_snapshot!(header(r#"{"alg":"ES256","crit":["b64"],"b64":false}"#), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 65 bytes
    failed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","crit":["b64"],"b64":false}
    deny header_critical_unsupported (no extension of RFC 7515 section 4.1.11 is supported)
    "#);
    let encrypted = format!(
        "{}.a.b.c.d",
        encode_base64url(r#"{"alg":"dir","enc":"A256GCM"}"#)
    );
    insta::assert_snapshot!(token_told(&gate, encrypted), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 47 bytes
    failed  form | a compact JWS (RFC 7515) | parts: 5, header {"alg":"dir","enc":"A256GCM"}
    deny token_encrypted (Auth0: the client asked for no audience; request the token with `audience`, the identifier of the API)
    "#);
    let twice = idp
        .token()
        .sign_payload(r#"{"iss":"https://idp.example","iss":"https://idp.example"}"#);
    insta::assert_snapshot!(token_told(&gate, twice), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 208 bytes
    failed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}, and claims that are no JSON object, or have a member twice
    deny claim_invalid (the issuer writes this claim in a form that its specification does not allow)
    "#);
}

#[test]
fn a_token_of_nobody_known() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("iss", "https://idp.example/").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 252 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    failed  issuer | "https://idp.example" | "https://idp.example/"
    deny issuer_unknown (the nearest configured issuer is "https://idp.example", which differs in a slash at the end; `iss` is compared byte by byte)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("iss", 7).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 224 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    failed  issuer | "https://idp.example" | an iss that is no text
    deny issuer_unknown (`iss` is compared byte by byte: look for a slash more or less)
    "#);
}

#[test]
fn issuers_without_a_name_and_of_every_tenant_are_expected_too() {
    let idp = TestIssuer::new();
    let file = format!(
        "issuers:\n  - {{name: own, jwks: '{0}', audience: api}}\n  \
         - {{name: any, preset: entra, entra_tenants: ['*'], jwks: '{0}', audience: api}}\n",
        idp.jwks()
    );
    let gate = TestGate::new().by_time_of(&idp).file(file).spawn();
    insta::assert_snapshot!(last(&gate, &json!({"token": idp.token().sign()})), @r#"deny issuer_unknown: failed  issuer | that of any tenant of Entra ID, no iss | "https://idp.example""#);
}

#[test]
fn a_token_by_the_wrong_algorithm_or_key() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::ES256), key(Algorithm::EdDSA)]);
    let gate = TestGate::new()
        .trusting(&idp)
        .set("ALGORITHMS", "ES256,EdDSA")
        .spawn();
    let other_algorithm = idp
        .token_by(key(Algorithm::RS256))
        .header("kid", "key-ES256")
        .sign();
    insta::assert_snapshot!(token_told(&gate, other_algorithm), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 507 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"RS256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    failed  algorithm | ES256, EdDSA | RS256
    deny algorithm_not_allowed (compare `algorithms` and the `alg` of the key with that of the token)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().header("kid", "nobody").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 247 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"nobody"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | ES256, EdDSA | ES256
    failed  key | key "nobody" for ES256 | 2 known: "key-ES256" (ES256, known for 0 s), "key-EdDSA" (EdDSA, known for 0 s)
    deny key_unknown (does the issuer publish this key? `doorward check --online` shows what it publishes)
    "#);
    let stranger = std::sync::Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    insta::assert_snapshot!(token_told(&gate, idp.token().signed_by(stranger).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 251 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | ES256, EdDSA | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    failed  signature | made by one of these keys | none of them made it; tried: 1
    deny signature_invalid (the token was changed, or signed by another key of the same id)
    "#);
}

#[test]
fn the_keys_that_were_tried_are_told_with_their_age() {
    let make =
        |id: &str| std::sync::Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id));
    let keys: Vec<_> = ["one", "two", "three"].map(make).into();
    let idp = TestIssuer::with_keys(keys.clone()).serve();
    let gate = TestGate::new().discovering(&idp).spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    gate.clock.advance(std::time::Duration::from_secs(40));
    let of_no_name = idp.token_by(keys[1].clone()).without_header("kid").sign();
    insta::assert_snapshot!(told_of_served(&gate, &idp, &of_no_name), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of N bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256"}
    passed  issuer | "IDP" | "IDP"
    passed  issuer of the route | any | 127.0.0.1
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | any key for ES256 | "one" (ES256, known for 40 s), "two" (ES256, known for 40 s), "three" (ES256, known for 40 s)
    passed  signature | made by one of these keys | "two" made it, after 1 that did not
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1780000010 (now 1780000040, leeway 30 s) | 1780000340
    passed  nbf | absent, or at most 1780000070 (now 1780000040, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000070 (now 1780000040, leeway 30 s) | 1780000040
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scp absent
    passed  aud | one of api | "api"
    passed  scopes of the issuer | none | nothing
    passed  claim headers | at most 3072 bytes | X-Auth-Subject: alice; X-Auth-Issuer: IDP; X-Auth-Client-Id: ; X-Auth-Scopes: ; X-Auth-Email:
    allow ok (no hint)
    "#);
    insta::assert_snapshot!(last(&gate, &json!({"token": idp.token().header("kid", "four").sign()})), @r#"deny key_unknown: failed  key | key "four" for ES256 | 3 known, fetched 40 s ago: "one" (ES256, known for 40 s), "two" (ES256, known for 40 s), "three" (ES256, known for 40 s)"#);
}

/// The transcript without the port of the issuer, and what follows from it.
fn told_of_served(gate: &TestGate, issuer: &TestIssuer, token: &str) -> String {
    let told = token_told(gate, token).replace(&issuer.url(), "IDP");
    told.replace(&format!("{} bytes", token.len()), "N bytes")
}

#[test]
fn keys_that_could_not_be_fetched() {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let gate = TestGate::new().discovering(&idp).spawn();
    gate.wait_for("/status", |answer| answer.body.contains("500"));
    insta::assert_snapshot!(told_of_served(&gate, &idp, &idp.token().sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of N bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "IDP" | "IDP"
    passed  issuer of the route | any | 127.0.0.1
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    failed  key | key "key-ES256" for ES256 | no keys are known; the last fetch: GET IDP/jwks: status 500
    error keys_unavailable (the server is down or overloaded; it is asked again, and the last good keys are used until `jwks_max_stale`)
    "#);
}

#[test]
fn texts_of_the_client_are_bounded() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let long = "x\n".repeat(3000);
    for token in [
        idp.token().header("kid", long.clone()).sign(),
        idp.token().claim("iss", long.clone()).sign(),
        idp.token().claim("aud", long.clone()).sign(),
        idp.token().header("typ", long.clone()).sign(),
    ] {
        let told = explained(&gate, &json!({ "token": token }));
        assert_eq!(told["verdict"], "deny");
        for stage in told["stages"].as_array().unwrap() {
            for name in ["expected", "found"] {
                let text = stage[name].as_str().unwrap();
                assert!(
                    text.chars().filter(|character| *character != '\\').count() < 520,
                    "{text}"
                );
                assert!(!text.contains('\n'), "{text}");
            }
        }
    }
}

#[test]
fn an_opaque_token_and_a_misplaced_signature_are_not_shown() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let token = idp.token().sign();
    let parts: Vec<_> = token.split('.').collect();
    let swapped = format!("{}.{}.{}", parts[2], parts[1], parts[0]);
    for (token, hidden) in [
        (encode_base64url("opensesame"), "opensesame"),
        (swapped, parts[2]),
    ] {
        let told = token_told(&gate, token);
        assert!(
            told.contains("the first is no JSON object in base64url") && !told.contains(hidden),
            "{told}"
        );
    }
}
