//! Errors of fetching keys and their hints: what was asked, what was found, and what to do.

use doorward::hints::Hint;
use doorward::jose::Algorithm;
use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};

use crate::cases::key_fetching::TlsServer;
use crate::support::{Behaviour, FaultyIssuer, GateBuilder, TestGate, TestIssuer, doorward, key};

/// The hints that the tests of this file try.
pub fn tried() -> Vec<Hint> {
    let by_file = KEY_FILES.iter().map(|row| row.0);
    TABLE.iter().map(|row| row.0).chain(by_file).collect()
}

type Row = (Hint, &'static str, &'static [(&'static str, &'static str)]);

/// Hints and the errors that they go with. `<URL>` is the issuer.
const TABLE: &[Row] = &[
    (
        Hint::IssuerIsDocument,
        "GET <URL>/.well-known/openid-configuration/.well-known/openid-configuration: the metadata is of another issuer: \
         expected \"<URL>/.well-known/openid-configuration\", found \"<URL>\"",
        &[("issuer", "\"<URL>\"")],
    ),
    (
        Hint::RealmTwice,
        "GET <URL>/realms/r/realms/r/protocol/openid-connect/certs: status 404",
        &[],
    ),
    (
        Hint::RealmUnknown,
        "GET <URL>/realms/r/protocol/openid-connect/certs: status 404",
        &[],
    ),
    (
        Hint::OtherIssuer,
        "GET <URL>/.well-known/openid-configuration: the metadata is of another issuer: expected \"<URL>/\", found \"<URL>\"",
        &[("difference", "a slash at the end")],
    ),
    (Hint::MetadataNotFound, "GET <URL>/nowhere: status 404", &[]),
    (Hint::KeysNotFound, "GET <URL>/nowhere: status 404", &[]),
    (Hint::NotAllowed, "GET <URL>/jwks: status 401", &[]),
    (
        Hint::Redirected,
        "GET <URL>/jwks: status 302 to https://elsewhere.example/login…",
        &[],
    ),
    (Hint::ServerFails, "GET <URL>/jwks: status 503", &[]),
    (
        Hint::MetadataIsKeys,
        "GET <URL>/.well-known/openid-configuration: not issuer metadata: found a key set",
        &[],
    ),
    (
        Hint::KeysAreMetadata,
        "GET <URL>/jwks: not a JSON Web Key Set: found issuer metadata",
        &[],
    ),
    (
        Hint::NotTheIssuer,
        "GET <URL>/jwks: not a JSON Web Key Set: found a web page",
        &[],
    ),
    (
        Hint::NoUsableKey,
        "GET <URL>/jwks: no usable key; key \"e\": meant for another use than signatures",
        &[],
    ),
    (
        Hint::TooManyKeys,
        "GET <URL>/jwks: 101 keys, but at most 100 are read",
        &[],
    ),
    (
        Hint::InsecureKeys,
        "GET <URL>/.well-known/openid-configuration: jwks_uri is not an https URL",
        &[],
    ),
    (
        Hint::UnknownAuthority,
        "GET <URL>/jwks: invalid peer certificate: UnknownIssuer",
        &[],
    ),
    (
        Hint::AuthorityAsServer,
        "GET <URL>/jwks: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
        &[],
    ),
    (
        Hint::OtherCertificate,
        "GET <URL>/jwks: invalid peer certificate: certificate not valid for name \"127.0.0.1\"; \
         certificate is only valid for DnsName(\"idp.example\")",
        &[],
    ),
    (
        Hint::CertificateExpired,
        "GET <URL>/jwks: invalid peer certificate: certificate expired",
        &[],
    ),
    (
        Hint::NoTls,
        "GET <URL>/jwks: received corrupt message of type InvalidContentType",
        &[],
    ),
    (
        Hint::OnlyTls,
        "GET <URL>/jwks: invalid HTTP version parsed",
        &[],
    ),
    (
        Hint::ConnectionRefused,
        "GET http://127.0.0.1:1/jwks: Connection refused (os error 111)",
        &[],
    ),
    (
        Hint::NameUnknown,
        "GET https://idp.invalid/jwks: dns error: ",
        &[],
    ),
    (Hint::NoAnswer, "GET <URL>/jwks…: timed out", &[]),
    (
        Hint::ProxyRefused,
        "GET https://idp.example/jwks through https_proxy (<PROXY>): tunnel error: unsuccessful",
        &[],
    ),
    (
        Hint::PrivateAddress,
        "GET http://10.0.0.1/jwks: the address is not a public one",
        &[],
    ),
    (
        Hint::BearerTokenFile,
        "GET <URL>/jwks: cannot read the bearer token file: invalid data",
        &[],
    ),
];

/// Sets the mistake up, and returns the service that makes it and the URL of its issuer.
fn mistake(hint: Hint, idp: &TestIssuer, issuer: &FaultyIssuer) -> (GateBuilder, String) {
    let gate = TestGate::new().by_time_of(idp).set("AUDIENCE", "api");
    let url = issuer.url.clone();
    let keys_at = |url: String| gate.clone().set("ISSUER", "me").set("JWKS_URL", url);
    let discovered = |issuer: String| gate.clone().set("ISSUER", issuer);
    let answering = |status: u16, fields: &'static str, body: &str| {
        issuer.behave(Behaviour::Answer(status, fields, body.into()));
        keys_at(format!("{url}/jwks"))
    };
    let keycloak = |url: String| {
        let gate = gate
            .clone()
            .set("PRESET", "keycloak")
            .set("KEYCLOAK_URL", url);
        gate.set("KEYCLOAK_REALM", "r")
    };
    let made = match hint {
        Hint::IssuerIsDocument => discovered(format!("{url}/.well-known/openid-configuration")),
        Hint::RealmTwice => keycloak(format!("{url}/realms/r")),
        Hint::RealmUnknown => keycloak(url.clone()),
        Hint::OtherIssuer => discovered(format!("{url}/")),
        Hint::MetadataNotFound => {
            discovered(url.clone()).set("DISCOVERY_URL", format!("{url}/nowhere"))
        }
        Hint::KeysNotFound => keys_at(format!("{url}/nowhere")),
        Hint::NotAllowed => answering(401, "", ""),
        Hint::Redirected => answering(
            302,
            "Location: https://u:s3cr3t@elsewhere.example/login?state=s3cr3t\r\n",
            "",
        ),
        Hint::ServerFails => answering(503, "", ""),
        Hint::MetadataIsKeys => {
            issuer.describe(idp.jwks());
            discovered(url.clone())
        }
        Hint::KeysAreMetadata => answering(200, "", r#"{"issuer": "x", "jwks_uri": "y"}"#),
        Hint::NotTheIssuer => answering(200, "", "<!doctype html><title>Log in</title>"),
        Hint::NoUsableKey => answering(
            200,
            "",
            r#"{"keys": [{"kid": "e", "kty": "EC", "use": "tls"}]}"#,
        ),
        Hint::TooManyKeys => {
            let keys = vec!["{}"; 101].join(", ");
            answering(200, "", &format!("{{\"keys\": [{keys}]}}"))
        }
        Hint::InsecureKeys => {
            issuer.set_metadata(&url, "http://idp.example/jwks");
            discovered(url.clone())
        }
        Hint::OnlyTls => {
            issuer.behave(Behaviour::Bytes(
                b"\x15\x03\x03\x00\x02\x02\x32 and more\r\n\r\n",
            ));
            keys_at(format!("{url}/jwks"))
        }
        Hint::ConnectionRefused => keys_at("http://127.0.0.1:1/jwks".into()),
        Hint::NameUnknown => keys_at("https://idp.invalid/jwks".into()),
        Hint::NoAnswer => {
            issuer.behave(Behaviour::HangAltogether);
            keys_at(format!("{url}/jwks?key=s3cr3t")).set("JWKS_TIMEOUT", "100ms")
        }
        Hint::ProxyRefused => {
            let proxy = url.replace("http://", "http://user:s3cr3t@");
            keys_at("https://idp.example/jwks".into()).egress(&[("https_proxy", &proxy)])
        }
        Hint::PrivateAddress => {
            issuer.set_metadata("http://idp.example", "http://10.0.0.1/jwks");
            discovered("http://idp.example".into())
                .egress(&[("http_proxy", &url), ("no_proxy", "10.0.0.1")])
                .set("ALLOW_INSECURE_HTTP", "true")
        }
        other => panic!("{other:?} is a mistake of another kind"),
    };
    (made, url)
}

/// The same for mistakes about certificates.
fn tls_mistake(hint: Hint, idp: &TestIssuer) -> (TestGate, String) {
    let name = if hint == Hint::OtherCertificate {
        "idp.example"
    } else {
        "127.0.0.1"
    };
    let mut certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if hint == Hint::AuthorityAsServer {
        certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if hint == Hint::CertificateExpired {
        certificate.not_before = date_time_ymd(2020, 1, 1);
        certificate.not_after = date_time_ymd(2021, 1, 1);
    }
    let server = TlsServer::with(&certificate, idp.jwks());
    let gate = TestGate::new().by_time_of(idp).set("AUDIENCE", "api");
    let gate = gate.set("ISSUER", "me").set("JWKS_URL", &server.url);
    let gate = if hint == Hint::UnknownAuthority {
        gate
    } else {
        gate.set("JWKS_CA_FILE", server.authority.path().to_str().unwrap())
    };
    (
        gate.spawn(),
        server.url.trim_end_matches("/jwks").to_owned(),
    )
}

#[test]
fn errors_of_fetching_tell_what_was_asked_and_found_and_what_to_do() {
    let mut wrong = Vec::new();
    for (hint, error, values) in TABLE {
        let idp = TestIssuer::with_keys(vec![key(Algorithm::ES256)]).serve();
        let issuer = FaultyIssuer::serving(idp.jwks());
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "a\nb").unwrap();
        let (gate, url) = match hint {
            Hint::UnknownAuthority
            | Hint::AuthorityAsServer
            | Hint::OtherCertificate
            | Hint::CertificateExpired => tls_mistake(*hint, &idp),
            Hint::NoTls => {
                let url = idp.url().replace("http://", "https://");
                let gate = TestGate::new().by_time_of(&idp).set("ISSUER", "me");
                let gate = gate.set("AUDIENCE", "api");
                (gate.set("JWKS_URL", format!("{url}/jwks")).spawn(), url)
            }
            Hint::BearerTokenFile => {
                let (gate, url) = mistake(Hint::KeysNotFound, &idp, &issuer);
                let gate = gate.set("JWKS_URL", format!("{url}/jwks"));
                let gate = gate.set("JWKS_BEARER_TOKEN_FILE", token.path().to_str().unwrap());
                (gate.spawn(), url)
            }
            other => {
                let (gate, url) = mistake(*other, &idp, &issuer);
                (gate.spawn(), url)
            }
        };
        let answer = gate.wait_for("/status", |answer| {
            !answer.json()["issuers"][0]["last_error"].is_null()
        });
        let status = answer.json()["issuers"][0].clone();
        let of_url = |text: &str| {
            text.replace("<URL>", &url)
                .replace("<PROXY>", url.trim_start_matches("http://"))
        };
        let found = status["last_error"].as_str().unwrap();
        let (error, hinted) = (of_url(error), of_url(&hint.with(values)));
        if !found.starts_with(&error) || status["last_error_hint"] != hinted {
            wrong.push(format!(
                "{hint:?}\nexpected {error}\nfound    {found}\nexpected {hinted}\nfound    {}",
                status["last_error_hint"]
            ));
        }
        assert!(!answer.body.contains("s3cr3t"), "{hint:?}: {}", answer.body);
    }
    assert_eq!(wrong.join("\n\n"), "");
}

/// What a `jwks_file` becomes while the service runs; `None` if it is taken away.
const KEY_FILES: &[(Hint, Option<&str>, &str)] = &[
    (Hint::KeyFileUnreadable, None, "file: cannot read "),
    (
        Hint::KeyFileIsNoKeySet,
        Some("-----BEGIN PUBLIC KEY-----"),
        "file: not a JSON Web Key Set",
    ),
    (
        Hint::NoUsableKey,
        Some(r#"{"keys": []}"#),
        "file: no usable key",
    ),
];

#[test]
fn errors_of_a_key_file_tell_what_to_do() {
    for (hint, contents, error) in KEY_FILES {
        let idp = TestIssuer::new();
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("jwks.json");
        std::fs::write(&file, idp.jwks()).unwrap();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("AUDIENCE", "api")
            .set("ISSUER", "me")
            .set("JWKS_FILE", file.to_str().unwrap())
            .spawn();
        gate.wait_for("/readyz", |answer| answer.status == 200);
        match contents {
            Some(contents) => std::fs::write(&file, contents).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        gate.clock.advance(std::time::Duration::from_secs(5));
        let answer = gate.wait_for("/status", |answer| {
            !answer.json()["issuers"][0]["last_error"].is_null()
        });
        let status = answer.json()["issuers"][0].clone();
        let found = status["last_error"].as_str().unwrap();
        assert!(found.starts_with(error), "{found}");
        assert_eq!(status["last_error_hint"], hint.with(&[]), "{status}");
    }
}

/// The command, the log, `/status` and `explain` say the same.
#[test]
fn errors_of_fetching_are_the_same_everywhere() {
    let idp = TestIssuer::new();
    let issuer = FaultyIssuer::serving(idp.jwks());
    let configured = format!("{}/", issuer.url);
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("AUDIENCE", "api")
        .set("ISSUER", &configured)
        .spawn();
    let answer = gate.wait_for("/status", |answer| {
        !answer.json()["issuers"][0]["last_error"].is_null()
    });
    let status = answer.json()["issuers"][0].clone();
    let error = status["last_error"].as_str().unwrap();
    let hint = status["last_error_hint"].as_str().unwrap();

    let token = idp.token().claim("iss", configured.as_str()).sign();
    let description = serde_json::json!({ "token": token }).to_string();
    let explained = gate.explain(description).send().json();
    assert_eq!(explained["hint"], hint);
    let found = explained["stages"].as_array().unwrap().last().unwrap()["found"].clone();
    let begin: String = error.chars().take(150).collect();
    assert!(
        found
            .as_str()
            .unwrap()
            .starts_with(&format!("no keys are known; the last fetch: {begin}")),
        "{found}"
    );

    let logged = gate.events_in_full();
    let line = logged
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|line| line["fields"]["message"] == "keys cannot be fetched")
        .unwrap();
    assert_eq!(line["fields"]["error"], error);
    assert_eq!(line["fields"]["hint"], hint);

    let settings = [("ISSUER", configured.as_str()), ("AUDIENCE", "api")];
    let checked = doorward(&["check", "--online"], &settings, "");
    assert_eq!(
        String::from_utf8(checked.stdout).unwrap(),
        format!("configuration: ok\nissuer 127.0.0.1: no keys: {error}\n  hint: {hint}\n")
    );
    let explained = doorward(&["explain", "--token", "-"], &settings, &token);
    assert_eq!(
        String::from_utf8(explained.stderr).unwrap(),
        format!("issuer 127.0.0.1: no keys: {error}\n  hint: {hint}\n")
    );
}
