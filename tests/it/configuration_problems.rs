//! What operators are told about mistakes that are seldom made, to the letter: what is wrong,
//! where, and what to do.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use doorward::jose::{Algorithm, SigningKey};

use crate::support::TestGate;

/// What is wrong with this setting beside a good issuer and audience.
fn told(name: &str, value: &str) -> String {
    let good = TestGate::new()
        .set("ISSUER", "https://idp.example")
        .set("AUDIENCE", "api");
    good.set(name, value).configuration().map(drop).unwrap_err()
}

/// What is wrong with this setting if it names a file with this content.
fn told_of_file(name: &str, content: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file.pem");
    std::fs::write(&path, content).unwrap();
    told(name, path.to_str().unwrap()).replace(place.path().to_str().unwrap(), "/run")
}

/// What is wrong with this route.
fn told_of_route(route: &str) -> String {
    let file = format!(
        "proxy: traefik\nissuer: https://idp.example\naudience: [api]\nroutes:\n- {route}\n"
    );
    TestGate::new()
        .file(file)
        .configuration()
        .map(drop)
        .unwrap_err()
}

#[test]
fn a_required_claim_that_says_nothing() {
    insta::assert_snapshot!(told("REQUIRED_CLAIMS", "tenant="), @"DOORWARD_REQUIRED_CLAIMS: an empty text never counts as a claim (write path, or path=value)");
    insta::assert_snapshot!(told("REQUIRED_CLAIMS", "sub, tenant= "), @"DOORWARD_REQUIRED_CLAIMS: an empty text never counts as a claim (write path, or path=value)");
    insta::assert_snapshot!(told("REQUIRED_CLAIMS", "$"), @"DOORWARD_REQUIRED_CLAIMS: `$` is all claims, which are always there (name a claim)");
    insta::assert_snapshot!(told("REQUIRED_CLAIMS", "$=x"), @"DOORWARD_REQUIRED_CLAIMS: `$` is all claims, which are always there (name a claim)");
}

/// All that is wrong is reported at once.
#[test]
fn a_limit_that_cannot_be_kept() {
    let file = |lines: &str| {
        let good = "issuer: https://idp.example\naudience: [api]\n";
        let read = TestGate::new()
            .file(format!("{good}{lines}\n"))
            .configuration();
        read.map(drop).unwrap_err()
    };
    insta::assert_snapshot!(file("failure_limit: 60/1m"), @"doorward.yaml:3:1: failure_limit: needs the client's address as a named proxy describes it (set proxy to the proxy in front, such as nginx)");
    insta::assert_snapshot!(file("failure_limit: often\nfailure_limit_proxies: [10.0.0.0/8, lb, '::ffff:10.0.0.1']"), @r#"
    doorward.yaml:3:1: failure_limit: "often" is not understood (write a number and a duration such as 60/1m, or off)
    doorward.yaml:4:37: failure_limit_proxies[1]: "lb" is not understood (write networks such as 10.0.0.0/8, or single addresses)
    doorward.yaml:4:41: failure_limit_proxies[2]: an IPv4 network in IPv6 clothes (write it as an IPv4 network)
    "#);
    insta::assert_snapshot!(file("proxy: nginx\nfailure_limit_proxies: [10.0.0.0/8]"), @"doorward.yaml:4:1: failure_limit_proxies: has no meaning without failure_limit (set failure_limit, or leave it out)");
    insta::assert_snapshot!(file("proxy: nginx\nfailure_limit: 0/1m\nfailure_limit_proxies: [0.0.0.0/1, 128.0.0.0/1]"), @r#"
    doorward.yaml:4:1: failure_limit: "0/1m" is out of range (from 1 to 100000 failures, in 1s to 24h)
    doorward.yaml:5:1: failure_limit_proxies: takes every client for a load balancer (list the networks of your load balancers; no client may have an address there)
    "#);
}

#[test]
fn an_authority_without_a_certificate() {
    let told = told_of_file("JWKS_CA_FILE", "idp.example\n");
    insta::assert_snapshot!(told, @"DOORWARD_JWKS_CA_FILE: /run/file.pem holds no CERTIFICATE section (give a PEM file with the certificate of the authority)");
}

#[test]
fn an_authority_whose_certificate_is_none() {
    let told = |content: &str| told_of_file("JWKS_CA_FILE", content);
    let none = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
    insta::assert_snapshot!(told(none), @"DOORWARD_JWKS_CA_FILE: section 1 of /run/file.pem is not the certificate that it says it is (`openssl x509 -noout -text` shows what it is)");
    let good = rcgen::generate_simple_self_signed(Vec::new())
        .unwrap()
        .cert
        .pem();
    insta::assert_snapshot!(told(&format!("{good}{none}")), @"DOORWARD_JWKS_CA_FILE: section 2 of /run/file.pem is not the certificate that it says it is (`openssl x509 -noout -text` shows what it is)");
    insta::assert_snapshot!(told(&good[..good.len() / 2]), @"DOORWARD_JWKS_CA_FILE: /run/file.pem holds a broken PEM section (was the file cut off?)");
}

#[test]
fn a_public_key_that_is_none() {
    let told = |content: &str| told_of_file("PUBLIC_KEY_FILE", content);
    let section = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    insta::assert_snapshot!(told(&section("PRIVATE KEY")), @"DOORWARD_PUBLIC_KEY_FILE: holds a private key (give the public key, and keep the private one away from this machine)");
    insta::assert_snapshot!(told(&section("EC PRIVATE KEY")), @"DOORWARD_PUBLIC_KEY_FILE: holds a private key (give the public key, and keep the private one away from this machine)");
    insta::assert_snapshot!(told(&section("PUBLIC KEY")), @"DOORWARD_PUBLIC_KEY_FILE: holds a section that is not what its label says (was the file cut off, or edited?)");
    insta::assert_snapshot!(told(&section("X509 CRL")), @"DOORWARD_PUBLIC_KEY_FILE: holds no PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE section (its first line is -----BEGIN PUBLIC KEY-----, or the like; a key set in JSON is DOORWARD_JWKS_FILE)");
    insta::assert_snapshot!(told(""), @"DOORWARD_PUBLIC_KEY_FILE: holds no PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE section (its first line is -----BEGIN PUBLIC KEY-----, or the like; a key set in JSON is DOORWARD_JWKS_FILE)");
    insta::assert_snapshot!(told("----BEGIN PUBLIC KEY-----\n"), @"DOORWARD_PUBLIC_KEY_FILE: not a PEM file (its first line is -----BEGIN PUBLIC KEY-----, or the like; a key set in JSON is DOORWARD_JWKS_FILE)");
}

#[test]
fn more_public_keys_than_are_tried() {
    let keys: String = std::iter::repeat_with(public_key).take(6).collect();
    let told = told_of_file("PUBLIC_KEY_FILE", &keys);
    insta::assert_snapshot!(told, @"DOORWARD_PUBLIC_KEY_FILE: holds more than 5 keys for EdDSA, which is how many are tried for a token (remove the keys that are no longer used)");
}

/// A fresh Ed25519 key in PEM (RFC 8410 section 4).
fn public_key() -> String {
    let jwk = SigningKey::generate(Algorithm::EdDSA)
        .unwrap()
        .to_public_jwk(None)
        .unwrap();
    let point = BASE64_URL_SAFE_NO_PAD
        .decode(jwk["x"].as_str().unwrap())
        .unwrap();
    let spki = [
        &b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..],
        &point,
    ]
    .concat();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(spki)
    )
}

#[test]
fn a_route_that_is_longer_than_any_route() {
    let many = "/a".repeat(33);
    let told = told_of_route(&format!("{{name: a, match: {{path: {many}}}}}")).replace(&many, "…");
    insta::assert_snapshot!(told, @r#"doorward.yaml:5:21: routes[0].match.path: "…": more than 32 segments (end a shorter pattern with `/**`)"#);
    let long = format!("/{}", "a".repeat(1024));
    let told = told_of_route(&format!("{{name: a, match: {{path: {long}}}}}")).replace(&long, "…");
    insta::assert_snapshot!(told, @r#"doorward.yaml:5:21: routes[0].match.path: "…": too long (end a shorter pattern with `/**`)"#);
}

#[test]
fn a_pattern_that_is_longer_than_any_pattern() {
    let long = "a".repeat(1025);
    let route =
        format!("{{name: a, match: {{}}, require: {{claims: [{{claim: x, matches: {long}}}]}}}}");
    insta::assert_snapshot!(told_of_route(&route).replace(&long, "…"), @r#"doorward.yaml:5:54: routes[0].require.claims[0].matches: "…": longer than 1024 bytes (write a regular expression for the whole text)"#);
}
