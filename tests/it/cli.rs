//! The command line: what each command prints, where, and how it ends.

use std::path::{Path, PathBuf};
use std::process::Output;

use doorward::domain::Clock;
use doorward::jose::{Algorithm, SigningKey};

use crate::support::{Service, TestGate, TestIssuer, doorward, key, program};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const GOOD: &[(&str, &str)] = &[
    ("ISSUER", "me"),
    ("AUDIENCE", "api"),
    ("HMAC_SECRET", SECRET),
];

#[test]
fn check_reports_every_problem_on_stderr_and_ends_with_78() {
    let checked = doorward(
        &["check"],
        &[
            ("LISTEN", "x"),
            ("LEEWAY", "x"),
            ("ISSUER", "https://idp.example"),
        ],
        "",
    );
    assert_eq!((checked.status.code(), out(&checked)), (Some(78), ""));
    insta::assert_snapshot!(err(&checked), @r#"
    DOORWARD_LISTEN: "x" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_AUDIENCE: missing (set the audiences this API accepts, or "*")
    DOORWARD_LEEWAY: "x" is not understood (write a duration such as 30s, 5m or 24h)
    "#);
}

#[test]
fn check_says_that_all_is_well() {
    let checked = doorward(&["check"], GOOD, "");
    assert_eq!(
        (checked.status.code(), out(&checked), err(&checked)),
        (Some(0), "configuration: ok\n", "")
    );
}

/// The application would believe a client; but the operator may have the lines already, so that it
/// is no error.
#[test]
fn check_and_the_start_warn_of_headers_that_the_shipped_proxy_files_do_not_cover() {
    let own = [
        ("PROXY", "traefik"),
        ("CLAIM_HEADERS", "sub=X-User-Id"),
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    let settings = [GOOD, &own].concat();
    let checked = doorward(&["check"], &settings, "");
    let warning = "claim_headers: the shipped files for traefik do not set X-User-Id: what the client sends under such a name \
                   may reach the application (`doorward config proxy traefik` prints the lines that set and remove it)";
    let expected = format!("configuration: ok\nwarning: {warning}\n");
    assert_eq!(
        (checked.status.code(), out(&checked), err(&checked)),
        (Some(0), expected.as_str(), "")
    );
    let line = Service::start(&["serve"], &settings).wait_for_line("do not set X-User-Id");
    assert!(line.contains("WARN") && line.contains(warning), "{line}");
}

#[test]
fn check_online_shows_the_keys_of_the_issuer() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::ES256), key(Algorithm::EdDSA)]).serve();
    let url = idp.url();
    let checked = doorward(
        &["check", "--online"],
        &[("ISSUER", &url), ("AUDIENCE", "api")],
        "",
    );
    assert_eq!((checked.status.code(), err(&checked)), (Some(0), ""));
    insta::assert_snapshot!(out(&checked), @r#"
    configuration: ok
    issuer 127.0.0.1: 2 usable keys
      "key-ES256" ES256
      "key-EdDSA" EdDSA
    "#);
}

#[test]
fn check_online_names_keys_that_are_refused() {
    let idp = TestIssuer::new().serve();
    let (url, jwks) = (idp.url(), idp.jwks());
    idp.answer_instead(
        200,
        jwks.replace(
            "\"keys\":[",
            r#""keys":[{"kty":"oct","k":"AAAA","kid":"\u001b[31mred"},"#,
        ),
    );
    let checked = doorward(
        &["check", "--online"],
        &[("ISSUER", &url), ("AUDIENCE", "api")],
        "",
    );
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert!(
        out(&checked).contains(r#""\u{1b}[31mred" refused: "#) && !out(&checked).contains('\u{1b}'),
        "{}",
        out(&checked)
    );
}

#[test]
fn check_reads_a_file_and_tells_whose_keys_come_through_a_proxy() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.yaml");
    let issuers = "issuers:
  - {name: outside, issuer: 'https://idp.example', audience: [api]}
  - {name: inside, issuer: 'https://idp.internal.example', audience: [api]}
  - {name: here, issuer: 'http://localhost.:9000', audience: [api]}
  - {name: elsewhere, issuer: 'http://10.0.0.1', audience: [api], allow_insecure_http: true}
";
    std::fs::write(&file, issuers).unwrap();
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_doorward"));
    check.args(["check", "--config"]).arg(&file).env_clear();
    let proxy = "http://user:s3cr3t@proxy.example:3128/?s3cr3t";
    check.envs([
        ("HTTPS_PROXY", proxy),
        ("http_proxy", proxy),
        ("NO_PROXY", "x internal.example:443"),
    ]);
    let checked = check.output().unwrap();
    assert_eq!(
        String::from_utf8(checked.stdout).unwrap(),
        "configuration: ok\n\
         issuer outside: keys are fetched through HTTPS_PROXY (proxy.example:3128); the check for private addresses is then \
         the proxy's\n\
         issuer elsewhere: keys are fetched through http_proxy (proxy.example:3128); the check for private addresses is \
         then the proxy's\n\
         keys: not tried; --online does\n"
    );
    std::fs::write(&file, "isuers: []\n").unwrap();
    let checked = check.output().unwrap();
    let told = String::from_utf8(checked.stderr).unwrap();
    let expected = "doorward.yaml:1:1: isuers: unknown setting (did you mean issuers?)\n";
    assert!(
        checked.status.code() == Some(78) && told.contains(expected),
        "{told}"
    );
}

/// What only the HTTP client refuses is found before anything is fetched, and ends as a mistake in
/// the settings does.
#[test]
fn what_no_key_can_be_fetched_with_is_a_configuration_error() {
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("ca.pem");
    std::fs::write(
        &authority,
        "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let authority = authority.to_str().unwrap();
    for (name, value) in [
        ("DOORWARD_JWKS_CA_FILE", authority),
        ("HTTPS_PROXY", "http://[bad"),
        ("https_proxy", "http://user:s3cr#et@proxy.example:3128"),
        ("ALL_PROXY", "http://proxy.example:99999"),
    ] {
        for command in ["check", "serve", "explain"] {
            let mut doorward = std::process::Command::new(env!("CARGO_BIN_EXE_doorward"));
            doorward.arg(command).env_clear().env(name, value);
            doorward.envs([
                ("DOORWARD_ISSUER", "https://idp.example"),
                ("DOORWARD_AUDIENCE", "api"),
            ]);
            doorward.envs([
                ("DOORWARD_LISTEN", "127.0.0.1:0"),
                ("DOORWARD_ADMIN_LISTEN", "127.0.0.1:0"),
            ]);
            let ended = doorward
                .stdin(std::process::Stdio::null())
                .output()
                .unwrap();
            assert_eq!(
                (ended.status.code(), out(&ended)),
                (Some(78), ""),
                "{command} with {name}"
            );
            let told = err(&ended);
            assert!(
                told.starts_with(&format!("{name}: ")) && told.lines().count() == 1,
                "{command}: {told}"
            );
            assert!(!told.contains("s3cr"), "{told}");
        }
    }
    // Where nothing is fetched, it does not matter.
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_doorward"));
    check
        .arg("check")
        .env_clear()
        .env("HTTPS_PROXY", "http://[bad");
    check.envs(
        GOOD.iter()
            .map(|(name, value)| (format!("DOORWARD_{name}"), value)),
    );
    assert_eq!(check.output().unwrap().status.code(), Some(0));
}

#[test]
fn check_warns_of_paths_that_look_like_regular_expressions() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.yaml");
    let routes = "proxy: traefik
routes:
  - {name: admin, match: {path: '/admin/.*'}, require: {scopes: [admin]}}
  - {name: old, match: {path: '/old$'}}
  - {name: batch, match: {path: '/odata/$batch'}}
";
    std::fs::write(&file, routes).unwrap();
    let settings = [
        ("CONFIG", file.to_str().unwrap()),
        ("ISSUER", "https://idp.example"),
        ("AUDIENCE", "api"),
    ];
    let checked = doorward(&["check"], &settings, "");
    assert_eq!(
        (checked.status.code(), out(&checked)),
        (
            Some(0),
            "configuration: ok\n\
             warning: routes[0] admin: the path \"/admin/.*\" is no regular expression: `.*` is a dot and any text inside \
             one segment (`/**` at the end is everything below)\n\
             warning: routes[1] old: the path \"/old$\" is no regular expression: `$` stands for itself (`/**` at the end \
             is everything below)\n\
             keys: not tried; --online does\n"
        )
    );
}

#[test]
fn check_warns_of_routes_that_are_never_reached() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.yaml");
    let routes = "proxy: traefik
routes:
  - {name: all, match: {}}
  - {name: admin, match: {path: '/admin/**'}, require: {scopes: [admin]}}
  - {name: open, match: {path: /open}, access: anonymous}
";
    std::fs::write(&file, routes).unwrap();
    let settings = [
        ("CONFIG", file.to_str().unwrap()),
        ("ISSUER", "https://idp.example"),
        ("AUDIENCE", "api"),
    ];
    let checked = doorward(&["check"], &settings, "");
    assert_eq!(
        (checked.status.code(), out(&checked)),
        (
            Some(0),
            "configuration: ok\n\
             warning: routes[1] admin is never reached by matching: routes[0] all (authenticated) takes every request \
             first; /policy/admin/verify still leads to it\n\
             warning: routes[2] open is never reached by matching: routes[0] all (authenticated) takes every request \
             first; /policy/open/verify still leads to it\n\
             keys: not tried; --online does\n"
        )
    );
    let many: Vec<_> = (0..30)
        .map(|number| format!("  - {{name: r{number}, match: {{}}}}\n"))
        .collect();
    std::fs::write(&file, format!("routes:\n{}", many.concat())).unwrap();
    let checked = doorward(&["check"], &settings, "");
    assert_eq!(
        out(&checked)
            .matches("is never reached by matching")
            .count(),
        20,
        "{}",
        out(&checked)
    );
    assert!(
        out(&checked).contains("warning: 9 more routes are never reached by matching\n"),
        "{}",
        out(&checked)
    );
}

#[test]
fn check_online_tells_why_an_issuer_has_no_keys() {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let (failing, dead) = (idp.url(), "http://127.0.0.1:1".to_owned());
    let of_failing = format!("no keys: GET {failing}/jwks: status 500\n  hint: the server is down");
    let of_dead = format!(
        "no keys: GET {dead}/.well-known/openid-configuration: Connection refused (os error 111)\n  hint: compare host"
    );
    for (url, why) in [(failing, of_failing), (dead, of_dead)] {
        let checked = doorward(
            &["check", "--online"],
            &[("ISSUER", &url), ("AUDIENCE", "api")],
            "",
        );
        assert_eq!(
            (checked.status.code(), err(&checked)),
            (Some(1), "doorward: 1 issuer without keys\n")
        );
        assert!(out(&checked).contains(&why), "{}", out(&checked));
    }
}

#[test]
fn health_asks_the_admin_listener() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let address = gate.admin.to_string();
    let asked = doorward(&["health"], &[("ADMIN_LISTEN", &address)], "");
    assert_eq!(
        (asked.status.code(), out(&asked)),
        (Some(0), "{\"status\":\"alive\"}\n")
    );
    // A setting of the service that is wrong here says nothing about the one that runs.
    let asked = doorward(
        &["health"],
        &[("ADMIN_LISTEN", &address), ("HMAC_SECRET_FILE", "/nowhere")],
        "",
    );
    assert_eq!(asked.status.code(), Some(0));
    drop(gate);
    let asked = doorward(&["health"], &[("ADMIN_LISTEN", &address)], "");
    assert_eq!((asked.status.code(), out(&asked)), (Some(1), ""));
    assert!(
        err(&asked).starts_with(&format!("doorward: {address}: no answer: ")),
        "{}",
        err(&asked)
    );
    assert_eq!(
        doorward(&["health"], &[("ADMIN_LISTEN", "x")], "")
            .status
            .code(),
        Some(78)
    );
}

#[test]
fn health_asks_over_a_unix_socket_too() {
    let place = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", place.path().join("admin.sock").display());
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("ADMIN_LISTEN", &address)
        .spawn();
    assert_eq!(
        doorward(&["health"], &[("ADMIN_LISTEN", &address)], "")
            .status
            .code(),
        Some(0)
    );
    drop(gate);
    assert_eq!(
        doorward(&["health"], &[("ADMIN_LISTEN", &address)], "")
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn config_reference_is_a_table_of_all_settings() {
    let shown = doorward(&["config", "reference"], &[], "");
    assert_eq!((shown.status.code(), err(&shown)), (Some(0), ""));
    for row in [
        "| `listen` | `127.0.0.1:8080` |",
        "| `audience` | **required**, unless",
        "| `hmac_secret` | – |",
    ] {
        assert!(out(&shown).contains(row), "{row}");
    }
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    for arguments in [
        &["nonsense"][..],
        &["--nonsense"],
        &["check", "now"],
        &["token"],
        &["token", "issue"],
        &[
            "token",
            "issue",
            "--key-file",
            "a",
            "--hmac-secret-file",
            "b",
        ],
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--algorithm",
            "none",
        ],
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--hmac-secret-encoding",
            "rot13",
        ],
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--expires-in",
            "5",
        ],
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--claims",
            "[1]",
        ],
    ] {
        let ended = doorward(arguments, &[], SECRET);
        assert_eq!(
            (ended.status.code(), out(&ended)),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(
            err(&ended).contains("--help"),
            "{arguments:?}: {}",
            err(&ended)
        );
    }
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["token", "issue", "--help"],
        &["--version"],
    ] {
        let shown = doorward(arguments, &[], "");
        assert_eq!(
            (shown.status.code(), err(&shown)),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
    let help = doorward(&["--help"], &[], "");
    for command in [
        "serve",
        "demo",
        "check",
        "health",
        "token",
        "config",
        "78 bad configuration",
    ] {
        assert!(out(&help).contains(command), "{command}");
    }
}

#[test]
fn serve_with_a_bad_configuration_ends_with_78() {
    for arguments in [&["serve"][..], &[]] {
        let ended = doorward(arguments, &[("AUDIENCE", "api")], "");
        assert_eq!((ended.status.code(), out(&ended)), (Some(78), ""));
        assert!(
            err(&ended).starts_with("DOORWARD_ISSUER: missing"),
            "{}",
            err(&ended)
        );
    }
}

#[test]
fn issued_tokens_of_a_secret_are_accepted_however_it_is_written() {
    let hex = "00ff".repeat(16);
    let base64 = "q83v".repeat(22);
    for (secret, encoding, algorithm) in [
        (SECRET, "utf8", "HS256"),
        (&hex, "hex", "HS256"),
        (&base64, "base64", "HS256"),
        (&base64, "base64", "HS512"),
        (&"x".repeat(48), "utf8", "HS384"),
    ] {
        let gate = started(&[
            ("HMAC_SECRET", secret),
            ("HMAC_SECRET_ENCODING", encoding),
            ("ALGORITHMS", algorithm),
        ]);
        let how = [
            "--hmac-secret-file",
            "-",
            "--hmac-secret-encoding",
            encoding,
            "--algorithm",
            algorithm,
        ];
        // Editors end a file with a line end.
        assert_eq!(
            gate.verdict(&issued(&how, &format!("{secret}\n"))),
            "200",
            "{algorithm} {encoding}"
        );
        let other = issued(
            &["--hmac-secret-file", "-", "--algorithm", algorithm],
            &"another secret ".repeat(5),
        );
        assert_eq!(gate.verdict(&other), "401 signature_invalid");
    }
}

#[test]
fn issued_tokens_of_a_pem_key_are_accepted() {
    let place = tempfile::tempdir().unwrap();
    let curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let edwards = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    for (pair, algorithm) in [(curve, "ES256"), (edwards, "EdDSA")] {
        let private = written(&place, "key.pem", &pair.serialize_pem());
        let public = written(&place, "public.pem", &pair.public_key_pem());
        let gate = started(&[
            ("PUBLIC_KEY_FILE", text(&public)),
            ("ALGORITHMS", algorithm),
        ]);
        assert_eq!(
            gate.verdict(&issued(&["--key-file", text(&private)], "")),
            "200",
            "{algorithm}"
        );
        assert_eq!(
            gate.verdict(&issued(&["--key-file", "-"], &pair.serialize_pem())),
            "200",
            "{algorithm}"
        );
    }
}

#[test]
fn issued_tokens_of_a_jwk_are_accepted_and_name_it() {
    // RFC 7515 appendix A.3.
    let private = r#"{"kty":"EC","crv":"P-256","kid":"mine","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    let parsed = SigningKey::parse(private, None).unwrap();
    let jwks = serde_json::json!({"keys": [parsed.to_public_jwk(None)]}).to_string();
    let gate = started(&[("JWKS", &jwks)]);
    let token = issued(&["--key-file", "-"], private);
    assert_eq!(gate.verdict(&token), "200");
    assert_eq!(inspected(&token)["header"]["kid"], "mine");
    let renamed = issued(&["--key-file", "-", "--kid", "other"], private);
    assert_eq!(inspected(&renamed)["header"]["kid"], "other");
}

#[test]
fn an_issued_token_says_what_it_was_told_to_say() {
    let claims = r#"{"tenant": 7, "sub": "wins"}"#;
    let token = issued(
        &[
            "--hmac-secret-file",
            "-",
            "--subject",
            "bob",
            "--scope",
            "a b",
            "--claims",
            claims,
            "--audience",
            "web",
            "--expires-in",
            "1h",
            "--typ",
            "at+jwt",
        ],
        SECRET,
    );
    let shown = inspected(&token);
    let said = &shown["claims"];
    assert_eq!(
        (&shown["header"]["typ"], &shown["header"]["alg"]),
        (&"at+jwt".into(), &"HS256".into())
    );
    assert_eq!(
        (&said["iss"], &said["sub"], &said["scope"]),
        (&"me".into(), &"wins".into(), &"a b".into())
    );
    assert_eq!(
        (&said["aud"], &said["tenant"]),
        (&serde_json::json!(["api", "web"]), &7.into())
    );
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        3600
    );
}

#[test]
fn a_key_that_cannot_sign_is_told_and_not_echoed() {
    for (arguments, input, why) in [
        (
            &["--key-file", "-"][..],
            "s3cr3t",
            "neither a PEM file nor a JWK",
        ),
        (
            &["--key-file", "-"],
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"s3cr3t"}"#,
            "not a supported private key",
        ),
        (
            &["--key-file", "/nowhere/key"],
            "",
            "cannot read /nowhere/key: No such file or directory",
        ),
        (
            &["--hmac-secret-file", "-", "--hmac-secret-encoding", "hex"],
            "s3cr3t",
            "the secret is not hexadecimal",
        ),
        (
            &["--hmac-secret-file", "-", "--algorithm", "RS256"],
            "s3cr3t",
            "RS256 does not go with a secret",
        ),
        (
            &["--hmac-secret-file", "-"],
            "s3cr3t",
            "6 bytes, but HS256 needs at least 32",
        ),
    ] {
        let ended = doorward(&[&["token", "issue"], arguments].concat(), &[], input);
        assert_eq!(
            (ended.status.code(), out(&ended)),
            (Some(1), ""),
            "{arguments:?}"
        );
        assert!(
            err(&ended).contains(why) && !err(&ended).contains("s3cr3t"),
            "{arguments:?}: {}",
            err(&ended)
        );
    }
}

#[test]
fn inspect_shows_what_a_token_says_and_that_nobody_vouches_for_it() {
    let token = issued(&["--hmac-secret-file", "-", "--subject", "bob"], SECRET);
    let signature = token.rsplit('.').next().unwrap();
    for input in [
        token.clone(),
        format!("{token}\n"),
        format!("Bearer {token}"),
    ] {
        let shown = doorward(&["token", "inspect"], &[], &input);
        assert_eq!(shown.status.code(), Some(0));
        let (first, times) = err(&shown).split_once('\n').unwrap();
        assert_eq!(first, "not verified: anyone can have written this");
        let times: Vec<_> = times.lines().collect();
        assert!(times[0].starts_with("expires in 23 h, at 20"), "{times:?}");
        assert!(
            times[1].starts_with("issued ") && times[1].ends_with('Z'),
            "{times:?}"
        );
        assert_eq!(times.len(), 2);
        let value: serde_json::Value = serde_json::from_str(out(&shown)).unwrap();
        assert_eq!(
            (&value["verified"], &value["claims"]["sub"]),
            (&false.into(), &"bob".into())
        );
        assert!(!out(&shown).contains(signature) && !err(&shown).contains(signature));
    }
}

#[test]
fn inspect_refuses_what_is_no_token_without_showing_it() {
    for (input, why) in [
        ("", "there is no token in the input\nhint: pipe it, "),
        ("s3cr3t", "a compact JWS has three parts, this has 1"),
        (
            "a.b.c.d.s3cr3t",
            "a compact JWS has three parts, this has 5",
        ),
        ("%.e30.s3cr3t", "the header is not base64url"),
        ("e30.%.s3cr3t", "the payload is not base64url"),
        ("e30.eA.s3cr3t", "the payload is not JSON"),
        ("\u{1b}[31m.e30.s3cr3t", "the header is not base64url"),
    ] {
        let ended = doorward(&["token", "inspect"], &[], input);
        assert_eq!(
            (ended.status.code(), out(&ended)),
            (Some(1), ""),
            "{input:?}"
        );
        let said = err(&ended);
        assert!(
            said.contains(why) && !said.contains("s3cr3t") && !said.contains('\u{1b}'),
            "{input:?}: {said}"
        );
    }
}

/// The program, running with this key source and a clock of its own: issued tokens are of now.
struct Running {
    _service: Service,
    verify: std::net::SocketAddr,
}

impl Running {
    fn verdict(&self, token: &str) -> String {
        crate::support::Request::new(self.verify, "GET", "/verify")
            .bearer(token)
            .send()
            .verdict()
    }
}

fn started(keys: &[(&str, &str)]) -> Running {
    let listeners = [("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")];
    let issuer = [("ISSUER", "me"), ("AUDIENCE", "api"), ("WORKERS", "1")];
    let mut service = Service::start(&["serve"], &[&listeners[..], &issuer, keys].concat());
    let verify = service.address("verify");
    Running {
        _service: service,
        verify,
    }
}

/// A token of the issuer `me` for `api`.
fn issued(arguments: &[&str], stdin: &str) -> String {
    let arguments = [
        &["token", "issue", "--issuer", "me", "--audience", "api"],
        arguments,
    ]
    .concat();
    let ended = doorward(&arguments, &[], stdin);
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{arguments:?}: {}",
        err(&ended)
    );
    out(&ended).trim().to_owned()
}

fn inspected(token: &str) -> serde_json::Value {
    serde_json::from_str(out(&doorward(&["token", "inspect"], &[], token))).unwrap()
}

fn written(place: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The text with no more than two blanks in a row: how wide a column is depends on where the test
/// runs.
fn squeezed(text: &str) -> String {
    let mut squeezed = text.to_owned();
    while squeezed.contains("   ") {
        squeezed = squeezed.replace("   ", "  ");
    }
    squeezed
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn explain_judges_without_the_service() {
    let idp = TestIssuer::new().serve();
    let url = idp.url();
    let settings = [("ISSUER", url.as_str()), ("AUDIENCE", "api")];
    let now = std::time::Duration::from_secs(idp.clock.now().as_secs().unsigned_abs());
    let at = humantime::format_rfc3339(std::time::UNIX_EPOCH + now).to_string();
    let explain = |more: &[&str], token: &str| {
        doorward(
            &[&["explain", "--token", "-", "--at", &at], more].concat(),
            &settings,
            token,
        )
    };
    let good = idp.token().sign();
    let allowed = explain(&[], &good);
    let told = String::from_utf8_lossy(&allowed.stdout);
    assert_eq!(allowed.status.code(), Some(0), "{told}");
    assert!(
        told.starts_with("allow ok: the request may pass\n\nok  request\n"),
        "{told}"
    );
    assert!(
        !told.contains(good.rsplit('.').next().unwrap()),
        "the signature is never shown"
    );
    let denied = explain(
        &["--output", "json"],
        &idp.token().claim("aud", "other").sign(),
    );
    assert_eq!(denied.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&denied.stdout).unwrap();
    assert_eq!(
        (told["verdict"].as_str(), told["reason"].as_str()),
        (Some("deny"), Some("audience_mismatch"))
    );
    let fetched = idp.fetches();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, idp.jwks()).unwrap();
    assert_eq!(
        explain(&["--jwks-file", file.to_str().unwrap()], &good)
            .status
            .code(),
        Some(0)
    );
    assert_eq!(idp.fetches(), fetched, "the keys were at hand");
    let later = doorward(
        &["explain", "--token", "-", "--at", "2100-01-01T00:00:00Z"],
        &settings,
        &good,
    );
    assert!(
        String::from_utf8_lossy(&later.stdout).contains("deny token_expired"),
        "{later:?}"
    );
    let on_the_command_line = doorward(&["explain", "--token", &good], &settings, "");
    let told = [out(&on_the_command_line), err(&on_the_command_line)].concat();
    assert_eq!(on_the_command_line.status.code(), Some(2), "{told}");
    assert!(
        told.contains("is visible to every user") && !told.contains(&good),
        "{told}"
    );
    for (command, code, told) in [
        (
            &["explain", "--token-file"][..],
            2,
            "a token on the command line is visible to every user of this machine\nhint: pipe it",
        ),
        (
            &["explain", "--at"],
            2,
            "a token on the command line is visible to every user of this machine\nhint: pipe it",
        ),
        (
            &["explain"],
            2,
            "a token on the command line is visible to every user of this machine\nhint: pipe it",
        ),
        (
            &["token", "inspect"],
            2,
            "a token on the command line is visible to every user of this machine\nhint: pipe it",
        ),
    ] {
        let pasted = doorward(&[command, &[&good]].concat(), &settings, "");
        assert_eq!(
            (pasted.status.code(), out(&pasted)),
            (Some(code), ""),
            "{command:?}"
        );
        assert!(
            err(&pasted).contains(told) && !err(&pasted).contains(&good),
            "{}",
            err(&pasted)
        );
    }
    assert_eq!(
        doorward(&["explain", "--at", "soon"], &settings, "")
            .status
            .code(),
        Some(2)
    );
}

const EXPLAINED: &str = "
issuer: https://idp.example
audience: api
proxy: traefik
routes:
  - {name: open, match: {path: /open}, access: anonymous}
  - {name: write, match: {host: a.example, path: '/things/*', methods: [POST]}, require: {scopes: [write]}}
  - {name: trial, match: {path: /trial}, report_only: true}
";

#[test]
fn explain_takes_the_request_apart_into_options() {
    let idp = TestIssuer::new();
    let place = tempfile::tempdir().unwrap();
    let file = written(
        &place,
        "doorward.yaml",
        &format!("jwks: '{}'{EXPLAINED}", idp.jwks()),
    );
    let token = idp.token().claim("scope", "read").sign();
    let token_file = written(&place, "token", &format!("Bearer {token}\n"));
    let now = std::time::Duration::from_secs(idp.clock.now().as_secs().unsigned_abs());
    let at = humantime::format_rfc3339(std::time::UNIX_EPOCH + now).to_string();
    let explain = |more: &[&str]| {
        let told = doorward(
            &[&["--config", text(&file), "explain", "--at", &at], more].concat(),
            &[],
            "",
        );
        assert_eq!(err(&told), "", "{more:?}");
        (told.status.code(), out(&told).to_owned())
    };
    let post = [
        "--method",
        "POST",
        "--host",
        "a.example",
        "--uri",
        "/things/7?secret=x",
    ];
    let denied = explain(&[&post[..], &["--token-file", text(&token_file)]].concat());
    assert_eq!(denied.0, Some(1));
    insta::assert_snapshot!(denied.1, @r#"
    deny scope_insufficient: the token lacks a required scope
    hint: request the token with these scopes, and grant them to the client
    challenge: Bearer realm="doorward", error="insufficient_scope", error_description="the token lacks a required scope", scope="write"

    ok  request
          expected  described by a trusted proxy
          found     method POST, host a.example, path /things/7 (by a trusted proxy)
    --  route
          expected  open: path /open
          found     path /things/7
    ok  route
          expected  write: host a.example, path /things/*, method POST
          found     host a.example, path /things/7, method POST
    ok  access
          expected  anything but denied
          found     authenticated
    ok  token source
          expected  bearer
          found     a token of 271 bytes
    ok  form
          expected  a compact JWS (RFC 7515)
          found     parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    ok  issuer
          expected  "https://idp.example"
          found     "https://idp.example"
    ok  issuer of the route
          expected  any
          found     idp.example
    ok  algorithm
          expected  RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87
          found     ES256
    ok  key
          expected  key "key-ES256" for ES256
          found     "key-ES256" (ES256, known for 0 s)
    ok  signature
          expected  made by one of these keys
          found     "key-ES256" made it
    ok  typ
          expected  none, JWT or at+jwt
          found     absent
    ok  exp
          expected  after 2026-05-28T20:26:10Z (now 2026-05-28T20:26:40Z, leeway 30 s)
          found     expires in 5 min, at 2026-05-28T20:31:40Z
    ok  nbf
          expected  absent, or at most 2026-05-28T20:27:10Z (now 2026-05-28T20:26:40Z, leeway 30 s)
          found     absent
    ok  iat
          expected  absent, or at most 2026-05-28T20:27:10Z (now 2026-05-28T20:26:40Z, leeway 30 s)
          found     issued just now, at 2026-05-28T20:26:40Z
    ok  sub
          expected  absent, or a text
          found     "alice"
    ok  cnf
          expected  absent
          found     absent
    ok  scope
          expected  scope, or else scp: absent, a text, or an array of texts
          found     scope "read"
    ok  aud
          expected  one of api
          found     "api"
    ok  scopes of the issuer
          expected  none
          found     read
    NO  requirement
          expected  all of write
          found     read
    "#);
    let failed = explain(&[&post[..], &["--failed", "--token-file", text(&token_file)]].concat());
    insta::assert_snapshot!(failed.1, @r#"
    deny scope_insufficient: the token lacks a required scope
    hint: request the token with these scopes, and grant them to the client
    challenge: Bearer realm="doorward", error="insufficient_scope", error_description="the token lacks a required scope", scope="write"

    NO  requirement
          expected  all of write
          found     read
    "#);
    let by_url = [
        "--method",
        "POST",
        "--url",
        "https://a.example/things/7?secret=x#part",
    ];
    let by_url = explain(&[&by_url[..], &["--token-file", text(&token_file)]].concat());
    assert_eq!(by_url, denied, "a URL is the same request");
    let escaped = explain(&["--url", "https://a.example:8443/things/../x"]);
    assert!(
        escaped.1.contains("a.example") && escaped.1.contains("forwarded_headers_ambiguous"),
        "{}",
        escaped.1
    );
    let numbers = explain(&[
        "--output",
        "json",
        "--failed",
        "--token-file",
        text(&token_file),
    ]);
    assert!(
        !numbers.1.contains("passed") && numbers.1.contains("\"failed\""),
        "{}",
        numbers.1
    );
    let numbers = explain(&[
        "--url",
        "https://a.example/trial",
        "--output",
        "json",
        "--token-file",
        text(&token_file),
    ]);
    let numbers: serde_json::Value = serde_json::from_str(&numbers.1).unwrap();
    let exp = numbers["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stage| stage["stage"] == "exp")
        .unwrap();
    assert_eq!(exp["found"], "1780000300");
    let get = explain(&[
        "--method",
        "GET",
        "--host",
        "a.example",
        "--uri",
        "/things/7",
    ]);
    assert_eq!(get.0, Some(1));
    assert!(
        get.1.contains("method POST\n      found     method GET\n"),
        "{}",
        get.1
    );
    let open = explain(&["--policy", "open"]);
    assert_eq!(open.0, Some(0));
    assert!(
        open.1.contains("one of the name \"open\"") && open.1.contains("allow ok"),
        "{}",
        open.1
    );
    assert_eq!(explain(&["--policy", "nobody"]).0, Some(1));
    let trial = explain(&["--method", "GET", "--host", "a.example", "--uri", "/trial"]);
    assert_eq!(
        trial.0,
        Some(0),
        "the request passes, and the refusal is only reported"
    );
    assert!(trial.1.contains("would_deny token_missing"), "{}", trial.1);
}

#[test]
fn a_file_without_end_is_read_no_further_than_a_token_may_be_long() {
    for arguments in [
        &["token", "issue", "--key-file", "/dev/zero"][..],
        &["token", "issue", "--hmac-secret-file", "/dev/zero"],
        &["token", "inspect", "--token-file", "/dev/zero"],
    ] {
        let ended = doorward(arguments, &[], "");
        assert_eq!(
            (ended.status.code(), out(&ended)),
            (Some(1), ""),
            "{arguments:?}"
        );
        assert!(
            err(&ended).contains("/dev/zero has more than 1 MiB"),
            "{}",
            err(&ended)
        );
    }
}

#[test]
fn a_token_cannot_write_to_the_terminal() {
    let claims = r#"{"sub": "\u009b31m\u202e\u007f\u001b\u200b"}"#;
    let token = doorward(
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--claims",
            claims,
        ],
        &[],
        SECRET,
    );
    let shown = doorward(&["token", "inspect"], &[], out(&token));
    let text = out(&shown);
    assert!(
        text.contains(r#""\u009b31m\u202e\u007f\u001b\u200b""#),
        "{text}"
    );
}

/// Colour is for people at a terminal: not in a pipe, not with `NO_COLOR`.
#[test]
fn explain_is_coloured_on_a_terminal_only() {
    let colours = |prefix: &[&str], variables: &[(&str, &str)]| {
        let explain = format!("{} explain", env!("CARGO_BIN_EXE_doorward"));
        let mut command = std::process::Command::new("timeout");
        command.arg("20").args(prefix);
        if prefix.is_empty() {
            command.args(explain.split(' '));
        } else {
            command.args([&explain, "/dev/null"]);
        }
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        command
            .env("DOORWARD_HMAC_SECRET", SECRET)
            .env("DOORWARD_AUDIENCE", "api");
        command.envs(variables.iter().copied());
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains("token_missing"), "{told}");
        told.contains("\u{1b}[1m\u{1b}[31mdeny token_missing\u{1b}[0m")
    };
    let terminal = ["script", "-qec"];
    program("script");
    assert!(colours(&terminal, &[("TERM", "xterm")]));
    assert!(!colours(&terminal, &[("TERM", "xterm"), ("NO_COLOR", "1")]));
    assert!(!colours(&terminal, &[("TERM", "dumb")]));
    assert!(!colours(&[], &[("TERM", "xterm")]));
    assert!(colours(&[], &[("TERM", "xterm"), ("CLICOLOR_FORCE", "1")]));
}

#[test]
fn config_show_tells_each_value_and_who_gave_it() {
    let place = tempfile::tempdir().unwrap();
    let secret = written(&place, "secret", &SECRET.repeat(2));
    let file = format!(
        "leeway: 5s
audience: [api, web]
hmac_secret_file: {}
claim_headers:
- {{claim: sub, header: X-Auth-Id}}
log: info
",
        text(&secret)
    );
    let file = written(&place, "doorward.yaml", &file);
    let settings = [
        ("CONFIG", text(&file)),
        ("LISTEN", "127.0.0.1:9000, unix:/run/a b"),
        ("LEEWAY", "7s"),
        ("ADMIN_TOKEN", "not-to-be-shown-to-anybody-at-all"),
    ];
    let show = |more: &[&str]| {
        let shown = doorward(&[&["config", "show"], more].concat(), &settings, "");
        assert_eq!((shown.status.code(), err(&shown)), (Some(0), ""));
        squeezed(&out(&shown).replace(place.path().to_str().unwrap(), "/run"))
    };
    insta::assert_snapshot!(show(&["--changed"]), @r"
    setting  value  from
    listen  127.0.0.1:9000, unix:/run/a b  DOORWARD_LISTEN
    admin_token  (secret)  DOORWARD_ADMIN_TOKEN
    claim_headers[0].claim  sub  /run/doorward.yaml:5:4
    claim_headers[0].header  X-Auth-Id  /run/doorward.yaml:5:16
    audience  api, web  /run/doorward.yaml:2:1
    leeway  7s  DOORWARD_LEEWAY
    hmac_secret  (secret, from /run/secret)  /run/doorward.yaml:3:1
    ");
    let all = show(&[]);
    for line in [
        "admin_listen ",
        "proxy ",
        "log  ",
        "max_token_bytes  ",
        "algorithms ",
    ] {
        assert!(
            all.lines().any(|shown| shown.starts_with(line)),
            "{line}: {all}"
        );
    }
    let json = show(&["--output", "json"]);
    assert!(!(all + &json).contains("to-be-shown"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of = |name: &str| {
        let all = json.as_array().unwrap();
        all.iter()
            .find(|own| own["setting"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        of("audience"),
        serde_json::json!({"setting": "audience", "value": ["api", "web"], "given": true, "from": "/run/doorward.yaml:2:1"})
    );
    assert_eq!(
        of("hmac_secret"),
        serde_json::json!({"setting": "hmac_secret", "value": null, "given": true, "from": "/run/doorward.yaml:3:1", "secret": true, "file": "/run/secret"})
    );
    assert_eq!(
        of("max_token_bytes"),
        serde_json::json!({"setting": "max_token_bytes", "value": 16384, "given": false, "from": null})
    );
}

/// Settings of an issuer in a list are shown under its position; a wrong one is shown and reported.
#[test]
fn config_show_goes_into_lists_and_shows_no_secret_of_a_wrong_configuration() {
    let place = tempfile::tempdir().unwrap();
    let file = "jwks_refresh: 10m
issuers:
- {name: a, issuer: 'https://a.example', audience: api, leeway: 7}
- {name: b, issuer: 'https://user:hunter2@b.example', audience: api, jwks_headers: ['X-Key: hunter2']}
- {name: c, audience: api, jwks: {keys: [{kty: oct, k: hunter2}]}}
proxy: traefik
routes:
- {name: all, match: {path: '/**'}, require: {scopes: [read]}}
";
    let file = written(&place, "doorward.yaml", file);
    let shown = doorward(
        &["--config", text(&file), "config", "show", "--changed"],
        &[],
        "",
    );
    assert_eq!(shown.status.code(), Some(78));
    assert!(
        !(out(&shown).to_owned() + err(&shown)).contains("hunter2"),
        "{shown:?}"
    );
    let replaced = |text: &str| text.replace(place.path().to_str().unwrap(), "/run");
    insta::assert_snapshot!(replaced(out(&shown)), @r"
    setting                   value                                    from
    proxy                     traefik                                  /run/doorward.yaml:6:1
    issuers[0].issuer         https://a.example                        /run/doorward.yaml:3:13
    issuers[0].name           a                                        /run/doorward.yaml:3:4
    issuers[0].audience       api                                      /run/doorward.yaml:3:42
    issuers[0].leeway         7                                        /run/doorward.yaml:3:57
    issuers[0].jwks_refresh   10m                                      /run/doorward.yaml:1:1
    issuers[1].issuer         (not shown: it may have a secret in it)  /run/doorward.yaml:4:13
    issuers[1].name           b                                        /run/doorward.yaml:4:4
    issuers[1].audience       api                                      /run/doorward.yaml:4:55
    issuers[1].jwks_headers   (secret)                                 /run/doorward.yaml:4:70
    issuers[1].jwks_refresh   10m                                      /run/doorward.yaml:1:1
    issuers[2].name           c                                        /run/doorward.yaml:5:4
    issuers[2].audience       api                                      /run/doorward.yaml:5:13
    issuers[2].jwks_refresh   10m                                      /run/doorward.yaml:1:1
    issuers[2].jwks           (not shown: a key set)                   /run/doorward.yaml:5:28
    routes[0].name            all                                      /run/doorward.yaml:8:4
    routes[0].match.path      /**                                      /run/doorward.yaml:8:23
    routes[0].require.scopes  read                                     /run/doorward.yaml:8:47
    ");
    insta::assert_snapshot!(replaced(err(&shown)), @r#"
    /run/doorward.yaml:3:57: issuers[0].leeway: "7" is not understood (write a duration such as 30s, 5m or 24h)
    /run/doorward.yaml:4:13: issuers[1].issuer: has credentials in it (use jwks_headers_file instead)
    /run/doorward.yaml:5:28: issuers[2].jwks: no usable key; key "without id": a shared secret in a key set (give {"keys": […]} with at least one public key of an allowed algorithm)
    "#);
}

/// A value in the wrong place may be a secret.
#[test]
fn config_show_shows_no_secret_in_the_place_of_another_value() {
    let place = tempfile::tempdir().unwrap();
    for file in [
        "issuer: {issuer: two, hmac_secret: hunter2hunter2}",
        "listen: {admin_token: hunter2}",
        "audience: [{hmac_secret: hunter2}]",
        "preset: {cognito: {secret: hunter2}}",
        "jwks_file: {keys: [{kty: oct, k: hunter2}]}",
        "tls_key_file: |\n  -----BEGIN PRIVATE KEY-----\n  hunter2\n",
        "discovery_url: 'https:a.example/d?token=hunter2'",
    ] {
        let path = written(&place, "doorward.yaml", file);
        let arguments = ["--config", text(&path), "config", "show"];
        for more in [&[][..], &["--changed"], &["--output", "json"]] {
            let shown = doorward(&[&arguments, more].concat(), &[], "");
            let texts = out(&shown).to_owned() + err(&shown);
            assert!(!texts.contains("hunter2"), "{file}: {texts}");
        }
    }
    for (name, value) in [
        ("TLS_KEY_FILE", "-----BEGIN PRIVATE KEY-----\nhunter2"),
        ("JWKS_BEARER_TOKEN_FILE", "hunter2opaqueToken"),
        ("JWKS_FILE", r#"{"keys":[{"kty":"oct","k":"hunter2"}]}"#),
        ("JWKS_URL", "https:a.example/k?token=hunter2"),
        ("JWKS_URL", r"https:\\a.example/k?token=hunter2"),
        ("JWKS_URL", "user:hunter2@a.example/k"),
        ("RESOURCE_METADATA", "https:/u:hunter2@a.example/"),
        ("OTLP_ENDPOINT", "http:/u:hunter2@127.0.0.1:4318"),
        ("KEYCLOAK_INTERNAL_URL", "http:/user:hunter2@kc:8080"),
        ("AUTH0_DOMAIN", "user:hunter2@acme.auth0.com"),
    ] {
        let shown = doorward(&["config", "show"], &[(name, value)], "");
        assert!(!out(&shown).contains("hunter2"), "{name}: {}", out(&shown));
    }
}

/// A name in the file, or that of the file, could move the cursor of a terminal.
#[test]
fn config_show_escapes_control_characters() {
    let place = tempfile::tempdir().unwrap();
    let file = "realm: \"a\\e[1Ab\"\n\"re\\e[1Aalm\": x\n";
    let path = written(&place, "a\u{1b}[2K.yaml", file);
    for more in [&[][..], &["--changed"], &["--output", "json"]] {
        let arguments = [&["--config", text(&path), "config", "show"], more].concat();
        let shown = doorward(&arguments, &[], "");
        assert_eq!(shown.status.code(), Some(78));
        for printed in [out(&shown), err(&shown)] {
            assert!(!printed.contains('\u{1b}'), "{printed:?}");
            assert!(printed.contains("[2K.yaml"), "{printed}");
        }
    }
}

#[test]
fn shells_complete_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = doorward(&["completion", shell], &[], "");
        assert_eq!((script.status.code(), err(&script)), (Some(0), ""));
        assert!(out(&script).contains("inspect") && out(&script).contains("fixtures"));
    }
    let ask = r#"source /dev/stdin; COMP_WORDS=(doorward config sh); COMP_CWORD=2; _doorward doorward sh config; echo "${COMPREPLY[@]}""#;
    let mut bash = std::process::Command::new(program("bash"));
    let script = doorward(&["completion", "bash"], &[], "");
    let place = tempfile::tempdir().unwrap();
    let file = written(&place, "doorward", out(&script));
    let answer = bash
        .args(["-c", &ask.replace("/dev/stdin", text(&file))])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(answer.stdout).unwrap(), "show\n");
}

#[test]
fn man_prints_a_page_or_writes_one_for_each_command() {
    let page = doorward(&["man"], &[], "");
    assert_eq!((page.status.code(), err(&page)), (Some(0), ""));
    assert!(
        out(&page).contains(".TH doorward 1") && out(&page).contains("doorward\\-explain(1)"),
        "{}",
        out(&page)
    );
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().to_str().unwrap();
    assert_eq!(
        doorward(&["man", "--directory", folder], &[], "")
            .status
            .code(),
        Some(0)
    );
    for page in [
        "doorward",
        "doorward-check",
        "doorward-config-show",
        "doorward-token-inspect",
    ] {
        let page = std::fs::read_to_string(place.path().join(format!("{page}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
    let nowhere = doorward(&["man", "--directory", "/nowhere"], &[], "");
    assert_eq!(
        (nowhere.status.code(), err(&nowhere)),
        (
            Some(1),
            "doorward: cannot write to /nowhere: No such file or directory (os error 2)\n\
             hint: name a directory that exists and may be written to\n"
        )
    );
}
