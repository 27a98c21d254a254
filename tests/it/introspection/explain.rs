//! Explanations of decisions for which the issuer has to be asked.

use doorward::domain::Clock;
use doorward::hints::Hint;
use doorward::jose::decode_base64url;
use doorward::platform::SystemClock;
use serde_json::{Value, json};

use super::server;
use crate::support::{IntrospectionEndpoint, Script, TestGate, doorward};

/// The hints that the tests of this file try.
pub fn tried() -> Vec<Hint> {
    [
        Hint::TokenInactive,
        Hint::ExplainOnline,
        Hint::IntrospectionFails,
        Hint::NoIntrospection,
    ]
    .into()
}

fn explained(gate: &TestGate, description: &Value) -> Value {
    let answer = gate.explain(description.to_string()).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The verdict, and the outcome and the found text of the stage of this name.
fn stage(told: &Value, name: &str) -> [String; 3] {
    let stages = told["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["stage"] == name).unwrap();
    [&told["verdict"], &stage["outcome"], &stage["found"]]
        .map(|text| text.as_str().unwrap().to_owned())
}

#[test]
fn an_explanation_asks_nobody_unless_it_is_told_to() {
    let server = server();
    let gate = server.gate().spawn();
    let described = json!({"token": "good"});
    let told = explained(&gate, &described);
    assert_eq!(
        stage(&told, "introspection"),
        ["unknown", "unknown", "would be introspected"]
    );
    assert_eq!(told["reason"], "unknown");
    assert!(
        told["hint"].as_str().unwrap().contains("--online"),
        "{told}"
    );
    assert_eq!(server.asked(), 0);
    // What is kept is used.
    assert_eq!(gate.verdict("good"), "200");
    assert_eq!(gate.verdict("bad"), "401 token_inactive");
    let told = explained(&gate, &described);
    assert_eq!(stage(&told, "introspection"), ["allow", "passed", "active"]);
    let told = explained(&gate, &json!({"token": "bad"}));
    assert_eq!(
        stage(&told, "introspection"),
        ["deny", "failed", "not active"]
    );
    assert_eq!(told["hint"], Hint::TokenInactive.text());
    assert_eq!(server.asked(), 2);
    assert!(!told.to_string().contains("bad\""), "{told}");
}

#[test]
fn online_it_asks_and_keeps_and_counts_nothing() {
    let server = server();
    let gate = server.gate().spawn();
    let described = json!({"token": "good", "online": true});
    for asked in 1..=2 {
        let told = explained(&gate, &described);
        assert_eq!(stage(&told, "introspection"), ["allow", "passed", "active"]);
        assert_eq!(server.asked(), asked);
    }
    server.script(Script::always(500, ""));
    let told = explained(&gate, &described);
    let [verdict, outcome, found] = stage(&told, "introspection");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "failed"));
    assert!(found.ends_with("/introspect: status 500"), "{found}");
    assert_eq!(told["hint"], Hint::IntrospectionFails.text());
    let server = IntrospectionEndpoint::start();
    server.describe("introspection_endpoint", Value::Null);
    let told = explained(&server.gate().spawn(), &described);
    let [_, _, found] = stage(&told, "introspection");
    assert!(
        found.contains("the metadata has no introspection_endpoint"),
        "{found}"
    );
    assert!(
        found.contains(&Hint::NoIntrospection.text()[..30]),
        "{found}"
    );
    let status = gate.admin("/status").send().json();
    assert_eq!(status["dependencies"][0]["consecutive_failures"], 0);
}

/// The stages up to the claims, with their outcomes.
fn stages(told: &Value) -> Vec<String> {
    let stages = told["stages"].as_array().unwrap().iter();
    let texts = stages.map(|stage| ["stage", "outcome"].map(|name| stage[name].as_str().unwrap()));
    texts.map(|texts| texts.join(" ")).collect()
}

#[test]
fn of_a_jwt_that_is_asked_about_it_shows_signature_and_answer() {
    let server = server();
    let gate = server.gate().set("INTROSPECTION", "always").spawn();
    let light = server.idp.token().without("aud").sign();
    let told = explained(&gate, &json!({ "token": light }));
    assert_eq!(
        stage(&told, "introspection"),
        ["unknown", "unknown", "would be introspected"]
    );
    let shown = stages(&told);
    let expected = ["signature passed", "exp passed", "introspection unknown"];
    let positions = expected.map(|own| shown.iter().position(|stage| stage == own));
    assert!(
        positions.is_sorted() && positions.iter().all(Option::is_some),
        "{shown:?}"
    );
    assert_eq!(shown.last().unwrap(), "introspection unknown");
    assert_eq!(server.asked(), 0);

    server.knows(&light, &json!({"scope": "read"}));
    let told = explained(&gate, &json!({"token": light, "online": true}));
    assert_eq!(
        stage(&told, "claims"),
        ["allow", "passed", "completed by the answer"]
    );
    for (name, value, expected) in [
        (
            "sub",
            "mallory",
            "the answer contradicts the token in `sub`",
        ),
        ("iss", "https://x.example", "\"https://x.example\""),
    ] {
        server.knows(&light, &json!({ name: value }));
        let told = explained(&gate, &json!({"token": light, "online": true}));
        let failed = if name == "iss" { "iss" } else { "claims" };
        let [verdict, outcome, found] = stage(&told, failed);
        assert_eq!(
            [&*verdict, &*outcome, &*found],
            ["error", "failed", expected]
        );
        assert_eq!(told["reason"], "dependency_unavailable");
    }
    // A token with a wrong signature is nothing to ask about.
    let asked = server.asked();
    let forged = format!("{}.AAAA", light.rsplit_once('.').unwrap().0);
    let told = explained(&gate, &json!({"token": forged, "online": true}));
    assert_eq!(told["reason"], "signature_invalid");
    assert_eq!(server.asked(), asked);
}

#[test]
fn of_a_jwt_that_only_its_server_knows_it_shows_no_signature() {
    let server = server();
    let gate = server.gate().unset("JWKS").set("INTROSPECTION", "only");
    let gate = gate.spawn();
    let forged = format!(
        "{}.AAAA",
        server.idp.token().sign().rsplit_once('.').unwrap().0
    );
    let described = json!({ "token": forged });
    let told = explained(&gate, &described);
    assert_eq!(told["verdict"], "unknown");
    assert_eq!(stages(&told).last().unwrap(), "introspection unknown");
    assert!(!told.to_string().contains("\"signature\""), "{told}");
    assert_eq!(server.asked(), 0);
    server.knows(&forged, &json!({"sub": "bob"}));
    let told = explained(&gate, &json!({"token": forged, "online": true}));
    assert_eq!(
        (&told["verdict"], stage(&told, "sub")[2].as_str()),
        (&json!("allow"), "\"bob\"")
    );
    // What a request has found is used without a question.
    assert_eq!(gate.verdict(&forged), "200");
    assert_eq!(explained(&gate, &described)["verdict"], "allow");
    assert_eq!(server.asked(), 2);
}

#[test]
fn the_command_exits_with_1_if_it_does_not_know() {
    let server = server();
    let url = server.url.clone();
    let jwks = server.idp.jwks();
    let settings = [
        ("ISSUER", url.as_str()),
        ("AUDIENCE", "api"),
        ("JWKS", &jwks),
        ("INTROSPECTION", "opaque"),
        ("INTROSPECTION_CLIENT_ID", "svc"),
        ("INTROSPECTION_CLIENT_SECRET", "svc-secret"),
    ];
    let told = doorward(&["explain", "--token", "-"], &settings, "good");
    assert_eq!(told.status.code(), Some(1));
    let out = String::from_utf8_lossy(&told.stdout);
    assert!(out.contains("would be introspected"), "{out}");
    assert_eq!(server.asked(), 0);
    let told = doorward(&["explain", "--online", "--token", "-"], &settings, "good");
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert_eq!(server.asked(), 1);
}

/// The server compares the times of an assertion with its own clock.
#[test]
fn an_explanation_as_of_another_time_asks_now() {
    let server = server();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("key.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let jwks = server.idp.jwks();
    let settings = [
        ("ISSUER", server.url.as_str()),
        ("AUDIENCE", "api"),
        ("JWKS", &jwks),
        ("INTROSPECTION", "opaque"),
        ("INTROSPECTION_AUTH", "private_key_jwt"),
        ("INTROSPECTION_CLIENT_ID", "svc"),
        ("INTROSPECTION_KEY_FILE", file.to_str().unwrap()),
    ];
    let at = "2001-02-03T04:05:06Z";
    let arguments = ["explain", "--online", "--at", at, "--token", "-"];
    let began = SystemClock.now().as_secs();
    let told = doorward(&arguments, &settings, "good");
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let question = server.questions().pop().unwrap();
    let claims = question.form["client_assertion"].split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&decode_base64url(claims).unwrap()).unwrap();
    let issued_at = claims["iat"].as_i64().unwrap();
    assert!((began..began + 60).contains(&issued_at), "{claims}");
}

#[test]
fn check_asks_about_a_random_token() {
    let server = server();
    let (url, jwks) = (server.url.clone(), server.idp.jwks());
    let settings = [
        ("ISSUER", url.as_str()),
        ("NAME", "main"),
        ("AUDIENCE", "api"),
        ("JWKS", &jwks),
        ("INTROSPECTION", "opaque"),
        ("TOKEN_PREFIXES", "opq_"),
        ("INTROSPECTION_CLIENT_ID", "svc"),
        ("INTROSPECTION_CLIENT_SECRET", "svc-secret"),
    ];
    let check = || {
        let told = doorward(&["check", "--online"], &settings, "");
        (
            told.status.code(),
            String::from_utf8_lossy(&told.stdout).into_owned(),
        )
    };
    let (code, out) = check();
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains(&format!(
            "issuer main: introspection: ok, {url}/introspect\n"
        )),
        "{out}"
    );
    assert!(server.questions()[0].token().starts_with("opq_"));
    server.script(Script::always(401, ""));
    let (code, out) = check();
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("status 401 to this service (basic)"), "{out}");
    server.script(Script::always(404, ""));
    let (code, out) = check();
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("status 404"), "{out}");
    server.script(Script::always(200, r#"{"active":true}"#));
    let (code, out) = check();
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("says that a random token is active"), "{out}");
}
