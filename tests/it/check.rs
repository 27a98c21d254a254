//! `doorward check`: reports for programs, many issuers at once, and lists that are none.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Behaviour, FaultyIssuer, Service, TestIssuer, blocks, doorward};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Runs a check, and returns its exit code, its report and stderr.
fn report(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let arguments = [&["check", "--output", "json"], arguments].concat();
    let checked = doorward(&arguments, settings, "");
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let schema: Value = serde_json::from_str(&file("docs/check.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&report)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{report:#}");
    let said = String::from_utf8(checked.stderr).unwrap();
    (checked.status.code(), report, said)
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A folder with a configuration of two issuers, one of them down, and with fixtures.
fn place(url: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let configuration = format!(
        "proxy: traefik
claim_headers: [{{claim: sub, header: X-User}}]
issuers:
  - {{name: up, issuer: '{url}', audience: api}}
  - {{name: down, issuer: 'http://127.0.0.1:1', audience: api}}
routes:
  - {{name: all, match: {{path: '/**'}}}}
  - {{name: never, match: {{path: /x}}}}
"
    );
    std::fs::write(place.path().join("doorward.yaml"), configuration).unwrap();
    let fixtures = "cases:
  - {name: passes, issuer: up, claims: {sub: alice, aud: api}, request: {uri: /a}, expect: {verdict: allow}}
  - {name: fails & <breaks>, request: {uri: /a}, expect: {verdict: allow}}
";
    std::fs::create_dir(place.path().join("cases")).unwrap();
    std::fs::write(place.path().join("cases/a.yaml"), fixtures).unwrap();
    place
}

#[test]
fn a_report_for_programs_has_everything() {
    let idp = TestIssuer::new().serve();
    let place = place(&idp.url());
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (config, cases) = (at("doorward.yaml"), at("cases"));
    let arguments = ["--online", "--fixtures", &cases];
    let (code, report, said) = report(&arguments, &[("CONFIG", &config)]);
    assert_eq!(
        (code, said.as_str(), &report["outcome"]),
        (
            Some(1),
            "doorward: 1 issuer without keys\n",
            &json!("failed")
        )
    );
    let warnings: Vec<_> = report["warnings"].as_array().unwrap().iter().collect();
    assert!(
        warnings[0].as_str().unwrap().contains("do not set X-User")
            && warnings[1]
                .as_str()
                .unwrap()
                .starts_with("routes[1] never is never reached"),
        "{warnings:?}"
    );
    assert_eq!(
        report["issuers"],
        json!([
            {"name": "up", "fetched_through": null, "keys_tried": true,
             "keys": [{"id": "key-ES256", "algorithms": ["ES256"], "private_part_published": false}],
             "encryption_keys": [], "refused_keys": [], "error": null, "hint": null},
            {"name": "down", "fetched_through": null, "keys_tried": true, "keys": [],
             "encryption_keys": [], "refused_keys": [],
             "error": "GET http://127.0.0.1:1/.well-known/openid-configuration: Connection refused (os error 111)",
             "hint": doorward::hints::Hint::ConnectionRefused.text()},
        ])
    );
    let fixtures = &report["fixtures"];
    assert_eq!(fixtures["routes_not_reached"], json!(["never"]));
    assert_eq!(
        (&fixtures["cases"][0], &fixtures["cases"][1]["differences"]),
        (
            &json!({"name": "passes", "place": format!("{cases}/a.yaml:2:5"), "passed": true, "differences": [], "transcript": null}),
            &json!(["expected allow, got deny token_missing"])
        )
    );
    let transcript = fixtures["cases"][1]["transcript"].as_str().unwrap();
    assert!(transcript.contains("NO  token\n"), "{transcript}");
}

#[test]
fn a_report_for_ci_has_a_case_for_each_thing() {
    let idp = TestIssuer::new().serve();
    let place = place(&idp.url());
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (config, cases) = (at("doorward.yaml"), at("cases"));
    let settings = [("CONFIG", config.as_str())];
    let xml = |arguments: &[&str]| {
        let arguments = [&["check", "--output", "junit"], arguments].concat();
        let checked = doorward(&arguments, &settings, "");
        let xml = String::from_utf8(checked.stdout).unwrap();
        // Python's parser is strict.
        let parse = "import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())";
        let mut parser = Command::new("python3")
            .args(["-c", parse])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut parser.stdin.take().unwrap(), xml.as_bytes()).unwrap();
        assert!(parser.wait().unwrap().success(), "{xml}");
        xml
    };
    let all = xml(&["--online", "--fixtures", &cases]);
    for part in [
        "<testsuite name=\"configuration\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">",
        "<testsuite name=\"keys\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"doorward.keys\" name=\"up\"/>",
        "<testcase classname=\"doorward.keys\" name=\"down\"><failure message=\"GET http://127.0.0.1:1/",
        "<testsuite name=\"fixtures\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"doorward.fixtures\" name=\"passes\"/>",
        "name=\"fails &amp; &lt;breaks&gt;\"><failure message=\"expected allow, got deny token_missing\">",
        "<system-out>claim_headers: ",
    ] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    let offline = xml(&[]);
    let skipped = "name=\"up\"><skipped message=\"keys not tried; --online does\"/>";
    assert!(offline.contains(skipped), "{offline}");
    std::fs::write(&config, "audience: [").unwrap();
    let refused = xml(&[]);
    assert!(
        refused.contains("<failure message=\"problems: 1\">"),
        "{refused}"
    );
}

#[test]
fn problems_are_in_the_report_too() {
    let settings = [("ISSUER", "https://idp.example"), ("LEEWAY", "x")];
    let (code, report, said) = report(&[], &settings);
    assert_eq!((code, &report["outcome"]), (Some(78), &json!("refused")));
    assert_eq!(
        report["problems"],
        json!([
            {"place": "DOORWARD_AUDIENCE", "message": "missing", "hint": "set the audiences this API accepts, or \"*\""},
            {"place": "DOORWARD_LEEWAY", "message": "\"x\" is not understood", "hint": "write a duration such as 30s, 5m or 24h"},
        ])
    );
    assert!(said.starts_with("DOORWARD_AUDIENCE: missing ("), "{said}");
}

#[test]
fn the_report_in_the_docs_is_what_comes() {
    let shown: Value = serde_json::from_str(&blocks("docs/check.md", "json")[0]).unwrap();
    let settings = [
        ("ISSUER", "https://idp.example"),
        ("AUDIENCE", "api"),
        ("CLAIM_HEADERS", "sub=X-User"),
        ("PROXY", "traefik"),
    ];
    let (code, report, _) = report(&[], &settings);
    assert_eq!((code, report), (Some(0), shown));
}

#[test]
fn keys_that_were_not_tried_are_told() {
    let settings = [("ISSUER", "https://idp.example"), ("AUDIENCE", "api")];
    let checked = doorward(&["check"], &settings, "");
    assert_eq!(
        String::from_utf8(checked.stdout).unwrap(),
        "configuration: ok\nkeys: not tried; --online does\n"
    );
    let settings = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
    ];
    let checked = doorward(&["check"], &settings, "");
    assert_eq!(checked.stdout, b"configuration: ok\n");
}

/// Each answers only when all were asked: one after the other none of them ever would.
#[test]
fn issuers_are_asked_at_the_same_time_and_told_in_order() {
    let idps: Vec<_> = (0..3)
        .map(|_| FaultyIssuer::serving(TestIssuer::new().jwks()))
        .collect();
    for idp in &idps {
        idp.behave(Behaviour::Delay);
    }
    let settings: Vec<_> = idps
        .iter()
        .enumerate()
        .map(|(number, idp)| {
            format!(
                "  - {{name: i{number}, issuer: i{number}, audience: api, jwks_url: '{}/jwks', jwks_timeout: 1m}}\n",
                idp.url
            )
        })
        .collect();
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("doorward.yaml");
    std::fs::write(&config, format!("issuers:\n{}", settings.concat())).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let checking =
        std::thread::spawn(move || doorward(&["check", "--online"], &[("CONFIG", &config)], ""));
    crate::support::eventually("all issuers are asked", || {
        idps.iter().all(|idp| idp.fetches() == 1).then_some(())
    });
    // From the last to the first.
    for idp in idps.iter().rev() {
        idp.behave(Behaviour::Serve);
    }
    let checked = checking.join().unwrap();
    let told = String::from_utf8(checked.stdout).unwrap();
    let issuers: Vec<_> = told
        .lines()
        .filter(|line| line.starts_with("issuer"))
        .collect();
    assert_eq!(
        issuers,
        ["0", "1", "2"].map(|number| format!("issuer i{number}: 1 usable key"))
    );
    assert_eq!(checked.stderr, b"", "no progress without a terminal");
}

/// `script` gives the program a terminal.
#[test]
fn a_terminal_shows_whose_keys_are_awaited() {
    let idp = FaultyIssuer::serving(TestIssuer::new().jwks());
    let run = |terminal: &str| {
        let command = format!("{} check --online", env!("CARGO_BIN_EXE_doorward"));
        let mut script = Command::new("script");
        script
            .args(["-qefc", &command, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", terminal)
            .env("DOORWARD_NAME", "main")
            .env("DOORWARD_ISSUER", "me")
            .env("DOORWARD_AUDIENCE", "api")
            .env("DOORWARD_JWKS_URL", format!("{}/jwks", idp.url))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let mut seen = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut seen)
            .unwrap();
        assert!(child.wait().unwrap().success(), "{seen}");
        seen
    };
    let seen = run("xterm");
    assert!(
        seen.contains("\r\u{1b}[2Kfetching keys: 0 of 1 done, waiting for main\r\u{1b}[2K"),
        "{seen:?}"
    );
    assert!(
        seen.contains("\u{1b}[2Kissuer main: 1 usable key"),
        "{seen:?}"
    );
    let seen = run("dumb");
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn lists_that_are_written_as_json_are_refused() {
    let hint = "write items without brackets and quotes: a, b in a variable, [a, b] in a file";
    for (name, list, shown) in [
        ("AUDIENCE", r#"["my-api"]"#, r#""[\"my-api\"]""#),
        ("AUDIENCE", r#"["a", "b"]"#, r#""[\"a\"""#),
        ("AUDIENCE", "[a, b]", r#""[a""#),
        ("AUDIENCE", r#"a, "b"]"#, r#""\"b\"]""#),
        ("AUDIENCE", r#"{"aud": "a"}"#, r#""{\"aud\": \"a\"}""#),
        ("REQUIRED_SCOPES", r#"["read"]"#, r#""[\"read\"]""#),
        (
            "TRUSTED_PROXIES",
            r#"["10.0.0.0/8"]"#,
            r#""[\"10.0.0.0/8\"]""#,
        ),
        ("JWKS_HEADERS", r#"["X-Key: s3cr3t"]"#, "an item"),
    ] {
        let mut settings = vec![("ISSUER", "https://idp.example"), (name, list)];
        if name != "AUDIENCE" {
            settings.push(("AUDIENCE", "api"));
        }
        let checked = doorward(&["check"], &settings, "");
        assert_eq!(
            (
                checked.status.code(),
                String::from_utf8(checked.stderr).unwrap()
            ),
            (
                Some(78),
                format!("DOORWARD_{name}: {shown} begins like JSON ({hint})\n")
            )
        );
    }
    for (name, list) in [
        ("LISTEN", "[::1]:8080, [::]:8081"),
        ("REQUIRED_CLAIMS", r#""https://app.example/roles"=admin"#),
        ("REQUIRED_CLAIMS", r#"a, "b.c""#),
    ] {
        let settings = [
            ("ISSUER", "https://idp.example"),
            ("AUDIENCE", "api"),
            (name, list),
        ];
        let checked = doorward(&["check"], &settings, "");
        assert_eq!(checked.status.code(), Some(0), "{name} {list}: {checked:?}");
    }
}

/// Passwords can be guessed, so `check` and the start say how often: until the operator has decided.
#[test]
fn check_and_the_start_warn_of_passwords_that_may_be_guessed() {
    let place = tempfile::tempdir().unwrap();
    let users = place.path().join("htpasswd");
    let hash = bcrypt::hash("secret", 4).unwrap();
    std::fs::write(&users, format!("alice:{hash}\n")).unwrap();
    let own = [
        ("HTPASSWD_FILE", users.to_str().unwrap()),
        ("TOKEN_SOURCES", "basic"),
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    let default =
        "htpasswd_file: without failure_limit a client address may fail 30 times a minute";
    let unlimited = "htpasswd_file: nothing limits how often a client may guess passwords \
                     (set proxy and failure_limit)";
    for (more, warning) in [
        (&[("PROXY", "traefik")][..], Some(default)),
        (&[], Some(unlimited)),
        (&[("FAILURE_LIMIT", "off")], Some(unlimited)),
        (
            &[("PROXY", "traefik"), ("FAILURE_LIMIT", "off")],
            Some(unlimited),
        ),
        (&[("PROXY", "traefik"), ("FAILURE_LIMIT", "5/1m")], None),
    ] {
        let settings = [&own, more].concat();
        let (code, report, said) = report(&[], &settings);
        let expected: Vec<_> = warning.into_iter().collect();
        assert_eq!(report["warnings"], json!(expected), "{more:?}");
        assert_eq!((code, said.as_str()), (Some(0), ""), "{more:?}");
        let mut service = Service::start(&["serve"], &settings);
        if let Some(warning) = warning {
            let line = service.wait_for_line("htpasswd_file");
            assert!(line.contains("WARN") && line.contains(warning), "{line}");
        } else {
            service.wait_for_line("admin listener");
            assert!(!service.log.contains("WARN"), "{}", service.log);
        }
    }
}
