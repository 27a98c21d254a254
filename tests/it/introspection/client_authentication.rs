//! How the service authenticates itself to the server.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use doorward::jose::decode_base64url;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use tempfile::TempDir;

use super::server;
use crate::support::{Authority, GateBuilder, IntrospectionEndpoint, Question, Script};

fn without_secret(server: &IntrospectionEndpoint, method: &str) -> GateBuilder {
    let gate = server.gate().unset("INTROSPECTION_CLIENT_SECRET");
    gate.set("INTROSPECTION_AUTH", method)
}

/// The question about `good`, which passes.
fn asked(server: &IntrospectionEndpoint, gate: GateBuilder) -> Question {
    assert_eq!(gate.spawn().verdict("good"), "200");
    server.questions().pop().unwrap()
}

fn path(place: &TempDir, name: &str, content: &str) -> String {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn id_and_secret_are_encoded_in_the_header_and_plain_in_the_form() {
    let server = server();
    let odd = |gate: GateBuilder| {
        gate.set("INTROSPECTION_CLIENT_ID", "a:b")
            .set("INTROSPECTION_CLIENT_SECRET", "ä%+")
    };
    let basic = asked(&server, odd(server.gate()));
    let encoded = basic
        .field("authorization")
        .unwrap()
        .strip_prefix("Basic ")
        .unwrap();
    assert_eq!(
        BASE64_STANDARD.decode(encoded).unwrap(),
        b"a%3Ab:%C3%A4%25%2B"
    );
    assert_eq!(basic.form.len(), 2, "{:?}", basic.form);
    let post = asked(
        &server,
        odd(server.gate().set("INTROSPECTION_AUTH", "post")),
    );
    assert_eq!(post.field("authorization"), None);
    assert_eq!(
        (&*post.form["client_id"], &*post.form["client_secret"]),
        ("a:b", "ä%+")
    );
}

#[test]
fn a_bearer_token_and_a_secret_in_files_are_followed() {
    let place = tempfile::tempdir().unwrap();
    let server = server();
    let file = path(&place, "token", "first\n");
    let gate = without_secret(&server, "bearer")
        .unset("INTROSPECTION_CLIENT_ID")
        .set("INTROSPECTION_BEARER_TOKEN_FILE", &file)
        .spawn();
    let shown = |token: &str| {
        gate.verdict(token);
        server
            .questions()
            .pop()
            .unwrap()
            .field("authorization")
            .unwrap()
            .to_owned()
    };
    assert_eq!(shown("1"), "Bearer first");
    std::fs::write(&file, "second").unwrap();
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(shown("2"), "Bearer second");
    // Half of a file is no token, and a field could not even hold it.
    std::fs::write(&file, "half\nof it").unwrap();
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(shown("3"), "Bearer second");
    std::fs::remove_file(&file).unwrap();
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(shown("4"), "Bearer second");
    std::fs::write(&file, "third").unwrap();
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(shown("5"), "Bearer third");

    let file = path(&place, "secret", "first\n");
    let gate = without_secret(&server, "post")
        .set("INTROSPECTION_CLIENT_SECRET_FILE", &file)
        .spawn();
    let shown = |token: &str| {
        gate.verdict(token);
        server.questions().pop().unwrap().form["client_secret"].clone()
    };
    assert_eq!(shown("1"), "first");
    std::fs::write(&file, "second\n").unwrap();
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(shown("2"), "second");
}

#[test]
fn an_assertion_is_signed_for_each_question() {
    let place = tempfile::tempdir().unwrap();
    let server = server();
    let key = rcgen::KeyPair::generate().unwrap();
    let file = path(&place, "key.pem", &key.serialize_pem());
    let gate = without_secret(&server, "private_key_jwt")
        .set("INTROSPECTION_KEY_FILE", file)
        .spawn();
    for token in ["good", "other"] {
        gate.verdict(token);
    }
    let assertions = server.questions().into_iter().map(|question| {
        assert_eq!(
            question.form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let parts: Vec<Value> = question.form["client_assertion"]
            .split('.')
            .take(2)
            .map(|part| serde_json::from_slice(&decode_base64url(part).unwrap()).unwrap())
            .collect();
        parts
    });
    let assertions: Vec<_> = assertions.collect();
    for assertion in &assertions {
        let (header, claims) = (&assertion[0], &assertion[1]);
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&"ES256".into(), &"JWT".into())
        );
        assert_eq!(header["kid"].as_str().unwrap().len(), 43, "a thumbprint");
        for (name, value) in [("iss", "svc"), ("sub", "svc"), ("aud", &*server.url)] {
            assert_eq!(claims[name], value);
        }
        let now = gate.clock.secs();
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&now.into(), &(now + 60).into())
        );
    }
    assert_ne!(assertions[0][1]["jti"], assertions[1][1]["jti"]);
    let other = without_secret(&server, "private_key_jwt")
        .set(
            "INTROSPECTION_KEY_FILE",
            path(&place, "again.pem", &key.serialize_pem()),
        )
        .set(
            "INTROSPECTION_ASSERTION_AUDIENCE",
            "https://idp.example/token",
        );
    let question = asked(&server, other);
    let claims = question.form["client_assertion"]
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims: Value = serde_json::from_slice(&decode_base64url(&claims).unwrap()).unwrap();
    assert_eq!(claims["aud"], "https://idp.example/token");
}

#[test]
fn on_this_machine_no_authentication_is_needed() {
    let server = server();
    let gate = without_secret(&server, "none")
        .unset("INTROSPECTION_CLIENT_ID")
        .set("INTROSPECTION_URL", format!("{}/introspect", server.url));
    let question = asked(&server, gate);
    assert_eq!(
        (question.field("authorization"), question.form.len()),
        (None, 2)
    );
}

#[test]
fn a_wrong_secret_is_our_fault_and_not_the_clients() {
    let server = server();
    server.script(Script::always(401, r#"{"error":"invalid_client"}"#));
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
    let status = gate.admin("/status").send().json();
    let failure = status["dependencies"][0]["last_failure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        failure.ends_with("status 401 to this service (basic)"),
        "{failure}"
    );
}

#[test]
fn a_certificate_is_shown_and_followed() {
    let place = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let server = IntrospectionEndpoint::start_tls(demanding(&authority));
    server.knows("good", &serde_json::json!({}));
    let (right, wrong) = (authority.client(), other.client());
    let certificate = path(&place, "certificate.pem", &wrong.certificate);
    let key = path(&place, "key.pem", &wrong.key);
    let gate = without_secret(&server, "mtls")
        .set("JWKS_CA_FILE", path(&place, "ca.pem", &authority.pem()))
        .set("INTROSPECTION_CERTIFICATE_FILE", certificate)
        .set("INTROSPECTION_KEY_FILE", key)
        .set("INTROSPECTION_URL", format!("{}/introspect", server.url))
        .spawn();
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
    assert_eq!(server.asked(), 0);
    // One file after the other: in between they do not belong together.
    path(&place, "certificate.pem", &right.certificate);
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
    path(&place, "key.pem", &right.key);
    gate.clock.advance(Duration::from_secs(5));
    assert_eq!(gate.verdict("good"), "200");
    let question = server.questions().pop().unwrap();
    assert_eq!(
        (
            question.field("authorization"),
            &*question.form["client_id"]
        ),
        (None, "svc")
    );
}

/// A TLS server that demands a certificate of this authority.
fn demanding(authority: &Authority) -> rustls::ServerConfig {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
        .unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
    let own = authority.server();
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap(),
        )
        .unwrap()
}
