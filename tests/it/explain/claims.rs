//! Tokens that claim something else than was expected: the claim, its rule and its value are shown.

use serde_json::{Value, json};

use super::{last, token_told};
use crate::support::{TestGate, TestIssuer, TokenBuilder};

/// The stage at which each of these tokens ends.
fn ends(gate: &TestGate, tokens: &[TokenBuilder]) -> String {
    let told: Vec<_> = tokens
        .iter()
        .map(|token| last(gate, &json!({"token": token.sign()})))
        .collect();
    told.join("\n")
}

#[test]
fn a_good_token_comes_through_every_stage() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_CLAIMS", "tenant=acme")
        .spawn();
    let token = idp
        .token()
        .claim("tenant", "acme")
        .claim("scope", "read write");
    insta::assert_snapshot!(token_told(&gate, token.sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 300 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  required claim | tenant=acme | "acme"
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scope "read write"
    passed  aud | one of api | "api"
    passed  scopes of the issuer | none | read write
    passed  claim headers | at most 3072 bytes | X-Auth-Subject: alice; X-Auth-Issuer: https://idp.example; X-Auth-Client-Id: ; X-Auth-Scopes: read write; X-Auth-Email:
    allow ok (no hint)
    "#);
}

#[test]
fn time() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("MAX_TOKEN_AGE", "1h")
        .spawn();
    let now = idp.clock.secs();
    insta::assert_snapshot!(token_told(&gate, idp.token().expires_in(-100).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 251 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    failed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1779999900
    deny token_expired (get a new token; if it is new, compare the clocks)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("nbf", now + 100).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 274 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    failed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000100
    deny token_not_yet_valid (compare the clocks of issuer and service, or raise `leeway`)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("iat", now + 100).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 251 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    failed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000100
    deny token_issued_in_future (compare the clocks of issuer and service, or raise `leeway`)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("iat", now - 4000).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 251 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1779996000
    failed  age | iat at least 1779996370 (now 1780000000, max_token_age 3600 s, leeway 30 s) | 1779996000
    deny token_too_old (get a new token, or raise `max_token_age`)
    "#);
    insta::assert_snapshot!(ends(&gate, &[
        idp.token().without("exp"),
        idp.token().without("iat"),
        idp.token().claim("exp", "soon"),
        idp.token().claim("nbf", Value::Null),
        idp.token().claim("iat", json!([1])),
    ]), @r#"
    deny claim_missing: failed  exp | after 1779999970 (now 1780000000, leeway 30 s) | absent
    deny claim_missing: failed  age | iat at least 1779996370 (now 1780000000, max_token_age 3600 s, leeway 30 s) | absent
    deny claim_invalid: failed  exp | a number | "soon"
    deny claim_invalid: failed  nbf | a number | null
    deny claim_invalid: failed  iat | a number | [1]
    "#);
}

#[test]
fn type_and_profile() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("ACCEPTED_TYPES", "x+jwt")
        .spawn();
    insta::assert_snapshot!(token_told(&gate, idp.token().header("typ", "logout+jwt").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 277 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256","typ":"logout+jwt"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    failed  typ | none, JWT, at+jwt or x+jwt | logout+jwt
    deny token_type_mismatch (send an access token, not an ID token; see `token_type` and `accepted_types`)
    "#);
    let strict = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_TYPE", "at+jwt")
        .spawn();
    let token = || {
        idp.token()
            .header("typ", "at+jwt")
            .claim("client_id", "web")
            .claim("jti", "1")
    };
    insta::assert_snapshot!(token_told(&strict, token().without("jti").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 295 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256","typ":"at+jwt"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | at+jwt | at+jwt
    passed  iss | there, and not empty (RFC 9068 section 2.2) | "https://idp.example"
    passed  exp | there, and not empty (RFC 9068 section 2.2) | 1780000300
    passed  aud | there, and not empty (RFC 9068 section 2.2) | "api"
    passed  sub | there, and not empty (RFC 9068 section 2.2) | "alice"
    passed  client_id | there, and not empty (RFC 9068 section 2.2) | "web"
    passed  iat | there, and not empty (RFC 9068 section 2.2) | 1780000000
    failed  jti | there, and not empty (RFC 9068 section 2.2) | absent
    deny claim_missing (have the issuer add the claim to the token)
    "#);
    insta::assert_snapshot!(ends(&strict, &[
        idp.token(),
        token().without("client_id"),
        token().claim("jti", ""),
        token().claim("jti", 7),
        token().claim("sub", json!({"a": 1})),
    ]), @r#"
    deny token_type_mismatch: failed  typ | at+jwt | absent
    deny claim_missing: failed  client_id | there, and not empty (RFC 9068 section 2.2) | absent
    deny claim_missing: failed  jti | there, and not empty (RFC 9068 section 2.2) | ""
    deny claim_invalid: failed  jti | a text | 7
    deny claim_invalid: failed  sub | a text | {"a":1}
    "#);
}

#[test]
fn subject_confirmation_and_scope() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("scope", 7).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 264 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    failed  scope | scope, or else scp: absent, a text, or an array of texts | scope 7
    deny claim_invalid (the issuer writes this claim in a form that its specification does not allow)
    "#);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("cnf", json!({"jkt": "abc"})).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 278 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    failed  cnf | absent | {"jkt":"abc"}
    deny proof_missing (tokens that are bound to a key are not supported; request one without `cnf`)
    "#);
    insta::assert_snapshot!(ends(&gate, &[
        idp.token().claim("sub", 1),
        idp.token().claim("cnf", Value::Null),
        idp.token().claim("scp", json!(["read", 1])),
    ]), @r#"
    deny claim_invalid: failed  sub | absent, or a text | 1
    deny proof_missing: failed  cnf | absent | null
    deny claim_invalid: failed  scope | scope, or else scp: absent, a text, or an array of texts | scp ["read",1]
    "#);
}

#[test]
fn required_claims_and_scopes() {
    let idp = TestIssuer::new();
    let settings = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_CLAIMS", "tenant=acme,realm.id");
    let gate = settings.set("REQUIRED_SCOPES", "read,write").spawn();
    let token = || {
        idp.token()
            .claim("tenant", "acme")
            .claim("realm", json!({"id": 7}))
    };
    insta::assert_snapshot!(token_told(&gate, token().claim("tenant", "evil").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 295 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    failed  required claim | tenant=acme | "evil"
    deny policy_denied (the token lacks what `required_claims` asks for)
    "#);
    insta::assert_snapshot!(token_told(&gate, token().claim("scope", "read").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 315 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  required claim | tenant=acme | "acme"
    passed  required claim | realm.id, not empty | 7
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scope "read"
    passed  aud | one of api | "api"
    failed  scopes of the issuer | all of read write | read
    deny scope_insufficient (request the token with these scopes, and grant them to the client)
    "#);
    insta::assert_snapshot!(ends(&gate, &[
        token().without("tenant"),
        token().claim("tenant", json!(["evil", "bad"])),
        token().claim("realm", json!({"id": ""})),
        token().claim("realm", json!({"id": null})),
        token().claim("realm", 7),
    ]), @r#"
    deny claim_missing: failed  required claim | tenant=acme | absent
    deny policy_denied: failed  required claim | tenant=acme | ["evil","bad"]
    deny claim_missing: failed  required claim | realm.id, not empty | ""
    deny claim_missing: failed  required claim | realm.id, not empty | null
    deny claim_missing: failed  required claim | realm.id, not empty | absent
    "#);
}

#[test]
fn audiences() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("AUDIENCE", "api,web")
        .set("AUDIENCE_FALLBACK", "azp")
        .spawn();
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("aud", json!(["other"])).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 256 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scp absent
    failed  aud | one of api, web | ["other"]
    deny audience_mismatch (request the token for this API, or add its audience to `audience`)
    "#);
    insta::assert_snapshot!(ends(&gate, &[
        idp.token().without("aud"),
        idp.token().without("aud").claim("azp", "other"),
        idp.token().claim("aud", 7).claim("azp", "api"),
    ]), @r#"
    deny audience_mismatch: failed  aud | one of api, web | absent, azp absent
    deny audience_mismatch: failed  aud | one of api, web | absent, azp "other"
    deny audience_mismatch: failed  aud | one of api, web | 7
    "#);
}

#[test]
fn what_a_provider_adds() {
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
    let idp = TestIssuer::new().named(pool);
    let cognito = [
        ("PRESET", "cognito"),
        ("COGNITO_REGION", "eu-west-1"),
        ("COGNITO_USERPOOL_ID", "eu-west-1_a"),
    ];
    let gate = preset(&idp, &cognito);
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("token_use", "id").sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 322 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a" | "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a"
    passed  issuer of the route | any | cognito-idp.eu-west-1.amazonaws.com
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    failed  token_use | access | "id"
    deny token_type_mismatch (send the other token of the user pool; see `cognito_token_use`)
    "#);
    insta::assert_snapshot!(ends(&gate, &[idp.token()]), @r#"deny claim_missing: failed  token_use | access | absent"#);

    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let idp = TestIssuer::new().named(&format!("https://sts.windows.net/{tenant}/"));
    let gate = preset(&idp, &[("PRESET", "entra"), ("ENTRA_TENANTS", tenant)]);
    insta::assert_snapshot!(ends(&gate, &[
        idp.token(),
        idp.token().claim("tid", "9188040d-6c67-4c5b-b112-36a304b66dad"),
        idp.token().claim("tid", tenant),
    ]), @r#"
    deny claim_missing: failed  tid | the tenant in iss, and a key of every tenant or of this one | absent, iss "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", a key of every tenant
    deny claim_invalid: failed  tid | the tenant in iss, and a key of every tenant or of this one | "9188040d-6c67-4c5b-b112-36a304b66dad", iss "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", a key of every tenant
    allow ok: passed  claim headers | at most 3072 bytes | X-Auth-Subject: alice; X-Auth-Issuer: https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/; X-Auth-Client-Id: ; X-Auth-Scopes: ; X-Auth-Email:
    "#);

    let idp = TestIssuer::new().named("https://securetoken.google.com/shop");
    let gate = preset(
        &idp,
        &[("PRESET", "firebase"), ("FIREBASE_PROJECT", "shop")],
    );
    insta::assert_snapshot!(ends(&gate, &[
        idp.token().claim("sub", ""),
        idp.token(),
        idp.token().claim("auth_time", idp.clock.secs() + 100),
        idp.token().claim("auth_time", "then"),
    ]), @r#"
    deny claim_missing: failed  sub | there, and not empty | ""
    deny claim_missing: failed  auth_time | at most 1780000030 | absent
    deny token_issued_in_future: failed  auth_time | at most 1780000030 | 1780000100
    deny claim_invalid: failed  auth_time | at most 1780000030 | "then"
    "#);
}

fn preset(idp: &TestIssuer, settings: &[(&str, &str)]) -> TestGate {
    let gate = TestGate::new()
        .by_time_of(idp)
        .set("AUDIENCE", "api")
        .set("JWKS", idp.jwks());
    settings
        .iter()
        .fold(gate, |gate, (name, value)| gate.set(name, *value))
        .spawn()
}

#[test]
fn claims_that_do_not_fit_into_headers() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS_MAX_BYTES", "256")
        .spawn();
    insta::assert_snapshot!(token_told(&gate, idp.token().claim("scope", "x".repeat(300)).sign()), @r#"
    passed  request | not looked at | method absent, host absent, path absent (by a trusted proxy)
    passed  route | none: a valid token for everything | no routes
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 666 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scope "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    passed  aud | one of api | "api"
    passed  scopes of the issuer | none | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    failed  claim headers | claims that fit | the claims do not fit into the response headers
    deny claim_headers_too_large (map fewer claims, or raise `claim_headers_max_bytes` and the proxy's buffers)
    "#);
}
