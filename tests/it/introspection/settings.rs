//! Settings that cannot work are reported at the start, all at once.

use crate::support::{GateBuilder, TestGate, TestIssuer};

fn gate() -> GateBuilder {
    TestGate::new()
        .set("ISSUER", "https://idp.example")
        .set("AUDIENCE", "api")
}

fn problems(gate: &GateBuilder) -> String {
    gate.configuration().map(drop).unwrap_err()
}

#[test]
fn each_method_needs_its_material_and_nothing_else() {
    for (method, given, expected) in [
        (
            "basic",
            &[][..],
            &["CLIENT_ID: missing", "CLIENT_SECRET: missing"][..],
        ),
        ("post", &["CLIENT_ID"], &["CLIENT_SECRET: missing"]),
        ("private_key_jwt", &["CLIENT_ID"], &["KEY_FILE: missing"]),
        (
            "mtls",
            &["CLIENT_ID"],
            &["CERTIFICATE_FILE: missing", "KEY_FILE: missing"],
        ),
        ("bearer", &[], &["BEARER_TOKEN_FILE: missing"]),
        (
            "bearer",
            &["CLIENT_ID", "CLIENT_SECRET"],
            &[
                "CLIENT_ID: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
                "CLIENT_SECRET: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
                "BEARER_TOKEN_FILE: missing",
            ],
        ),
        (
            "basic",
            &["CLIENT_ID", "CLIENT_SECRET", "ASSERTION_AUDIENCE"],
            &["ASSERTION_AUDIENCE: has no meaning beside DOORWARD_INTROSPECTION_AUTH=basic"],
        ),
        (
            "none",
            &["CLIENT_ID"],
            &[
                "CLIENT_ID: has no meaning",
                "URL: DOORWARD_INTROSPECTION_AUTH=none is for loopback",
            ],
        ),
    ] {
        let gate = gate()
            .set("INTROSPECTION", "opaque")
            .set("INTROSPECTION_AUTH", method);
        let gate = given.iter().fold(gate, |gate, name| {
            gate.set(&format!("INTROSPECTION_{name}"), "x")
        });
        let found = problems(&gate);
        assert_eq!(found.lines().count(), expected.len(), "{method}: {found}");
        for expected in expected {
            let expected = format!("DOORWARD_INTROSPECTION_{expected}");
            assert!(found.contains(&expected), "{method}: {expected} in {found}");
        }
    }
}

/// The problems without their hints, in the order of the settings.
fn told(gate: &GateBuilder) -> Vec<String> {
    let found = problems(gate);
    let mut told: Vec<_> = found
        .lines()
        .map(|line| line.split(" (").next().unwrap().to_owned())
        .collect();
    told.sort();
    told
}

#[test]
fn everything_wrong_is_told_at_once() {
    let values = [
        ("INTROSPECTION", "opaque"),
        ("INTROSPECTION_CLIENT_ID", "svc"),
        ("INTROSPECTION_URL", "http://idp.example/introspect"),
        ("INTROSPECTION_RESPONSE", "xml"),
        ("INTROSPECTION_REQUIRE_TOKEN_TYPE", "yes"),
        ("INTROSPECTION_TIMEOUT", "2h"),
        ("INTROSPECTION_CACHE_TTL", "long"),
        ("INTROSPECTION_NEGATIVE_TTL", "25h"),
        ("INTROSPECTION_MAX_IN_FLIGHT", "0"),
        ("TOKEN_PREFIXES", "a, eyJ, b c"),
    ];
    let with = |gate: GateBuilder, values: &[(&str, &str)]| {
        values
            .iter()
            .fold(gate, |gate, (name, value)| gate.set(name, *value))
    };
    assert_eq!(
        told(&with(gate(), &values)),
        [
            "DOORWARD_INTROSPECTION_CACHE_TTL: \"long\" is not understood",
            "DOORWARD_INTROSPECTION_CLIENT_SECRET: missing",
            "DOORWARD_INTROSPECTION_MAX_IN_FLIGHT: \"0\" is out of range",
            "DOORWARD_INTROSPECTION_NEGATIVE_TTL: \"25h\" is out of range",
            "DOORWARD_INTROSPECTION_REQUIRE_TOKEN_TYPE: \"yes\" is not understood",
            "DOORWARD_INTROSPECTION_RESPONSE: \"xml\" is not understood",
            "DOORWARD_INTROSPECTION_TIMEOUT: \"2h\" is out of range",
            "DOORWARD_INTROSPECTION_URL: tokens over plain http can be read on the way",
            "DOORWARD_TOKEN_PREFIXES: is how JWTs begin",
            "DOORWARD_TOKEN_PREFIXES: not the beginning of a token",
        ]
    );
    let unused = [
        ("INTROSPECTION", "opaque"),
        ("INTROSPECTION_AUTH", "bearer"),
        ("INTROSPECTION_CLIENT_ID", "svc"),
        ("INTROSPECTION_CLIENT_SECRET", "s"),
        ("INTROSPECTION_KEY_FILE", "Cargo.toml"),
        ("INTROSPECTION_CERTIFICATE_FILE", "Cargo.toml"),
        ("INTROSPECTION_ASSERTION_AUDIENCE", "x"),
    ];
    assert_eq!(
        told(&with(gate(), &unused)),
        [
            "DOORWARD_INTROSPECTION_ASSERTION_AUDIENCE: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
            "DOORWARD_INTROSPECTION_BEARER_TOKEN_FILE: missing",
            "DOORWARD_INTROSPECTION_CERTIFICATE_FILE: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
            "DOORWARD_INTROSPECTION_CLIENT_ID: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
            "DOORWARD_INTROSPECTION_CLIENT_SECRET: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
            "DOORWARD_INTROSPECTION_KEY_FILE: has no meaning beside DOORWARD_INTROSPECTION_AUTH=bearer",
        ]
    );
    for (gate, problem) in [
        (
            gate().set("INTROSPECTION", "maybe"),
            "DOORWARD_INTROSPECTION: \"maybe\" is not understood",
        ),
        (
            gate()
                .set("INTROSPECTION", "opaque")
                .set("INTROSPECTION_AUTH", "password"),
            "DOORWARD_INTROSPECTION_AUTH: \"password\" is not understood",
        ),
    ] {
        assert_eq!(told(&gate), [problem]);
    }
}

#[test]
fn without_introspection_its_settings_have_no_meaning() {
    let gate = gate()
        .set("TOKEN_PREFIXES", "a_")
        .set("INTROSPECTION_CLIENT_SECRET_FILE", "/x");
    let found = problems(&gate);
    assert_eq!(
        found
            .matches("has no meaning without introspection")
            .count(),
        2,
        "{found}"
    );
}

#[test]
fn an_issuer_without_metadata_has_to_name_the_endpoint() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .set("JWKS", idp.jwks())
        .set("AUDIENCE", "api")
        .set("INTROSPECTION", "opaque")
        .set("INTROSPECTION_CLIENT_ID", "svc")
        .set("INTROSPECTION_CLIENT_SECRET", "s");
    let found = problems(&gate);
    assert!(
        found.starts_with("DOORWARD_INTROSPECTION_URL: missing"),
        "{found}"
    );
    let with = gate.set("INTROSPECTION_URL", "https://idp.example/introspect");
    assert!(with.configuration().is_ok());
    let signed = problems(&with.set("INTROSPECTION_RESPONSE", "jwt"));
    assert!(
        signed.contains("an issuer without `iss` signs no answers"),
        "{signed}"
    );
}

#[test]
fn two_issuers_cannot_share_tokens() {
    let issuer = |host: &str, more: &str| {
        format!(
            "  - {{issuer: 'https://{host}.example', audience: api, introspection: opaque, \
             introspection_client_id: svc, introspection_client_secret: s{more}}}\n"
        )
    };
    let found = |list: &[String]| {
        let gate = TestGate::new().file(format!("issuers:\n{}", list.concat()));
        gate.configuration().map(drop).err().unwrap_or_default()
    };
    let rest = found(&[issuer("a", ""), issuer("b", "")]);
    assert!(
        rest.contains(
            "doorward.yaml:3:5: issuers[1]: gets every token that is no JWT, as issuers[0] does"
        ),
        "{rest}"
    );
    let prefixes = found(&[
        issuer("a", ", token_prefixes: [x_]"),
        issuer("b", ", token_prefixes: [x_y]"),
    ]);
    assert!(
        prefixes.contains("issuers[1]: \"x_y\" and \"x_\" of issuers[0] may both begin a token"),
        "{prefixes}"
    );
    let fine = found(&[issuer("a", ", token_prefixes: [x_, y_]"), issuer("b", "")]);
    assert_eq!(fine, "");
}

#[test]
fn files_that_cannot_be_used_are_told() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let with = |method: &str, files: &[(&str, &str)]| {
        let gate = gate()
            .set("INTROSPECTION", "opaque")
            .set("INTROSPECTION_AUTH", method);
        let gate = files
            .iter()
            .fold(gate, |gate, (name, path)| gate.set(name, *path));
        let gate = if method == "bearer" {
            gate
        } else {
            gate.set("INTROSPECTION_CLIENT_ID", "svc")
        };
        problems(&gate)
    };
    let empty = file("empty", "\n");
    let found = with("private_key_jwt", &[("INTROSPECTION_KEY_FILE", &empty)]);
    assert!(
        found.contains("INTROSPECTION_KEY_FILE: holds no key that signs assertions"),
        "{found}"
    );
    let found = with("bearer", &[("INTROSPECTION_BEARER_TOKEN_FILE", &empty)]);
    assert!(
        found.contains("INTROSPECTION_BEARER_TOKEN_FILE: holds no bearer token"),
        "{found}"
    );
    let authority = crate::support::Authority::new();
    let (one, other) = (authority.client(), authority.client());
    let (certificate, key) = (file("c.pem", &one.certificate), file("k.pem", &other.key));
    let found = with(
        "mtls",
        &[
            ("INTROSPECTION_CERTIFICATE_FILE", &certificate),
            ("INTROSPECTION_KEY_FILE", &key),
        ],
    );
    assert!(
        found.contains("INTROSPECTION_KEY_FILE: the key is not that of the certificate"),
        "{found}"
    );
}

#[test]
fn a_token_cannot_begin_as_an_api_key_does() {
    let place = tempfile::tempdir().unwrap();
    let keys = place.path().join("keys.yaml");
    std::fs::write(&keys, "[]").unwrap();
    let gate = gate()
        .set("INTROSPECTION", "opaque")
        .set("INTROSPECTION_CLIENT_ID", "svc")
        .set("INTROSPECTION_CLIENT_SECRET", "s")
        .set("API_KEYS_FILE", keys.to_str().unwrap());
    for (prefix, problem) in [
        (
            "dw_a",
            Some("DOORWARD_TOKEN_PREFIXES: \"dw_a\" may begin an API key, as \"dw_\" does"),
        ),
        (
            "d",
            Some("DOORWARD_TOKEN_PREFIXES: \"d\" may begin an API key, as \"dw_\" does"),
        ),
        ("dx_", None),
    ] {
        let found = gate.clone().set("TOKEN_PREFIXES", prefix).configuration();
        let found = found.map(drop).err().unwrap_or_default();
        assert_eq!(
            found.split(" (").next().filter(|found| !found.is_empty()),
            problem
        );
    }
}
