//! `doorward check --fixtures`: requests, tokens, and what must become of them.

use std::path::Path;
use std::process::Output;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{TestIssuer, doorward};

const CONFIGURATION: &str = "
proxy: traefik
issuer: https://idp.example
audience: [api]
algorithms: [ES256]
";

/// A configuration and fixtures in a folder of their own.
struct Fixtures {
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Fixtures {
    fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("doorward.yaml"), configuration).unwrap();
        std::fs::create_dir(folder.path().join("fixtures")).unwrap();
        Self {
            folder,
            settings: Vec::new(),
        }
    }

    fn file(self, name: &str, text: impl AsRef<str>) -> Self {
        std::fs::write(self.path().join(name), text.as_ref()).unwrap();
        self
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("fixtures")
    }

    fn check(&self) -> Output {
        let configuration = self.folder.path().join("doorward.yaml");
        let settings: Vec<_> = self
            .settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        doorward(
            &[
                "check",
                "--config",
                text(&configuration),
                "--fixtures",
                text(&self.path()),
            ],
            &settings,
            "",
        )
    }

    /// Exit code and what is told, without the way to the folder.
    fn told(&self) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.check();
        let told = [stdout, stderr].concat();
        let told = String::from_utf8(told)
            .unwrap()
            .replace(text(self.folder.path()), "");
        format!("{} {}", status.code().unwrap(), told.trim_end())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What is told about this one file.
fn told(configuration: &str, cases: &str) -> String {
    Fixtures::new(configuration).file("a.yaml", cases).told()
}

#[test]
fn the_examples_of_the_documentation_do_what_the_page_says() {
    let page = include_str!("../../docs/fixtures.md");
    let block = |language: &str, number: usize| {
        let blocks = page
            .split("\n```")
            .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
        blocks.collect::<Vec<_>>()[number]
    };
    let told = told(block("yaml", 0), block("yaml", 1));
    assert_eq!(told, format!("0 {}", block("text", 0)));
}

#[test]
fn a_failed_case_is_told_with_every_stage() {
    let cases = "
now: 2026-01-31T12:00:00Z
cases:
  - {name: fine, claims: {aud: api}, expect: {verdict: allow}}
  - name: not fine
    claims: {aud: api, sub: alice, exp: 1769860000, nbf: -1h, jti: null}
    expect: {verdict: allow, status: 200, headers: {X-Auth-Subject: bob, Cache-Control: no-store}}
";
    insta::assert_snapshot!(told(CONFIGURATION, cases), @r#"
    1 configuration: ok
    keys: not tried; --online does
    ok fine
    FAILED not fine: expected allow, got deny token_expired; expected status 200, got 401; expected X-Auth-Subject "bob", got none
        /fixtures/a.yaml:5:5
        deny token_expired: the token has expired
        hint: get a new token; if it is new, compare the clocks
        challenge: Bearer realm="doorward", error="invalid_token", error_description="the token has expired"

        ok  request
              expected  not looked at
              found     method absent, host absent, path absent (by a trusted proxy)
        ok  route
              expected  none: a valid token for everything
              found     no routes
        ok  access
              expected  anything but denied
              found     authenticated
        ok  token source
              expected  bearer
              found     a token of 273 bytes
        ok  form
              expected  a compact JWS (RFC 7515)
              found     parts: 3, header {"alg":"ES256","kid":"test-key"}
        ok  issuer
              expected  "https://idp.example"
              found     "https://idp.example"
        ok  issuer of the route
              expected  any
              found     idp.example
        ok  algorithm
              expected  ES256
              found     ES256
        ok  key
              expected  key "test-key" for ES256
              found     "test-key" (ES256, known for 0 s)
        ok  signature
              expected  made by one of these keys
              found     "test-key" made it
        ok  typ
              expected  none, JWT or at+jwt
              found     absent
        NO  exp
              expected  after 2026-01-31T11:59:30Z (now 2026-01-31T12:00:00Z, leeway 30 s)
              found     expired 13 min ago, at 2026-01-31T11:46:40Z
    cases: 2, failed: 1
    "#);
}

#[test]
fn signatures_and_secrets_are_never_shown() {
    let secret = "a production secret of more than 32 bytes";
    let issued = doorward(
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            "-",
            "--subject",
            "alice",
            "--audience",
            "api",
        ],
        &[],
        secret,
    );
    let token = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
    let cases = format!("cases:\n  - {{name: real, token: {token}, expect: {{verdict: allow}}}}\n");
    let configuration = format!("audience: [api]\nhmac_secret: {secret}\n");
    let told = told(&configuration, &cases);
    assert!(
        told.starts_with("1 ") && told.contains("expected allow, got deny signature_invalid"),
        "{told}"
    );
    assert!(
        !told.contains(token.rsplit('.').next().unwrap()) && !told.contains(secret),
        "{told}"
    );
    let longest = told
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .map(str::len)
        .max();
    assert!(
        longest < Some(40),
        "no signature by the key of the run either: {told}"
    );
}

#[test]
fn keys_of_the_run_replace_the_real_ones_and_nobody_is_asked() {
    let idp = TestIssuer::new().serve();
    let configuration = format!("issuer: {}\naudience: [api]\n", idp.url());
    let cases = format!(
        "cases:
  - {{name: real, token: {}, expect: {{verdict: deny, reason: key_unknown}}}}
  - {{name: signed, claims: {{aud: api}}, expect: {{verdict: allow}}}}
  - {{name: unknown, claims: {{aud: api}}, header: {{kid: x}}, expect: {{verdict: deny, reason: key_unknown}}}}
",
        idp.token().sign().replace("ES256", "RS256")
    );
    let real = told(&configuration, &cases);
    assert!(real.ends_with("cases: 3, failed: 0"), "{real}");
    assert_eq!(idp.fetches(), 0);
}

#[test]
fn every_algorithm_signs_and_notices_a_forgery() {
    let names = doorward::jose::Algorithm::ALL
        .iter()
        .map(|algorithm| algorithm.name());
    let (secret, public): (Vec<_>, Vec<_>) = names.partition(|name| name.starts_with("HS"));
    let cases = |algorithms: &[&str]| {
        let pairs = algorithms.iter().flat_map(|algorithm| {
            let case = json!({"name": algorithm, "algorithm": algorithm, "claims": {"aud": "api"}});
            let expected = [
                json!({"verdict": "allow"}),
                json!({"verdict": "deny", "reason": "signature_invalid"}),
            ];
            [false, true]
                .into_iter()
                .zip(expected)
                .map(move |(forged, expect)| {
                    let mut case = case.clone();
                    case["forged"] = forged.into();
                    case["expect"] = expect;
                    case
                })
        });
        json!({"cases": pairs.collect::<Vec<_>>()}).to_string()
    };
    let all = told(
        "issuer: https://idp.example\naudience: [api]\n",
        &cases(&public),
    );
    assert!(all.ends_with("cases: 28, failed: 0"), "{all}");
    for algorithm in secret {
        let configuration = format!(
            "audience: [api]\nalgorithms: {algorithm}\nhmac_secret: {}\n",
            "x".repeat(64)
        );
        let told = told(&configuration, &cases(&[algorithm]));
        assert!(told.ends_with("cases: 2, failed: 0"), "{told}");
    }
}

#[test]
fn no_case_depends_on_an_earlier_one() {
    let case = |name: &str, now: u32, expect: &Value| {
        let now = format!("2026-01-31T12:00:0{now}Z");
        let claims =
            json!({"aud": "api", "iat": 1_769_860_800, "nbf": 1_769_860_805, "exp": 1_769_860_900});
        json!({"name": name, "now": now, "claims": claims, "expect": expect})
    };
    let early = json!({"verdict": "deny", "reason": "token_not_yet_valid"});
    let cases = [
        case("late", 5, &json!({"verdict": "allow"})),
        case("the same token, early", 4, &early),
    ];
    let configuration = format!(
        "audience: [api]\nleeway: 0s\nhmac_secret: {}\n",
        "x".repeat(32)
    );
    let told = told(&configuration, &json!({ "cases": cases }).to_string());
    assert!(told.ends_with("cases: 2, failed: 0"), "{told}");
}

#[test]
fn a_pem_file_stands_for_any_kid() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let place = tempfile::tempdir().unwrap();
    let pem = place.path().join("key.pem");
    std::fs::write(&pem, pair.public_key_pem()).unwrap();
    let configuration = format!(
        "audience: [api]\npublic_key_file: {}\nalgorithms: ES256\n",
        text(&pem)
    );
    let cases = "cases:
  - {name: any, claims: {aud: api}, header: {kid: any}, expect: {verdict: allow}}
  - {name: none, claims: {aud: api}, header: {kid: null}, expect: {verdict: allow}}
  - {name: forged, claims: {aud: api}, forged: true, expect: {verdict: deny, reason: signature_invalid}}
";
    let told = told(&configuration, cases);
    assert!(told.ends_with("cases: 3, failed: 0"), "{told}");
}

#[test]
fn presets_work_as_their_page_says() {
    let page = include_str!("../../docs/presets.md");
    for section in page.split("\n## ").skip(1) {
        let block = |language: &str| {
            section
                .split(&format!("```{language}\n"))
                .nth(1)?
                .split("```")
                .next()
        };
        let mut claims: Map<String, Value> = serde_json::from_str(block("json").unwrap()).unwrap();
        claims.retain(|name, _| !matches!(name.as_str(), "iat" | "exp" | "nbf"));
        if claims.contains_key("auth_time") {
            claims.insert("auth_time".to_owned(), "-1m".into());
        }
        let headers = block("text")
            .unwrap()
            .lines()
            .filter_map(|line| line.split_once(": "));
        let headers: Map<_, _> = headers
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let case = json!({"name": "as written", "claims": claims, "expect": {"verdict": "allow", "headers": headers}});
        let told = told(
            block("yaml").unwrap(),
            &json!({"cases": [case]}).to_string(),
        );
        assert!(told.ends_with("cases: 1, failed: 0"), "{section}\n{told}");
    }
}

#[test]
fn routes_denials_and_issuers_are_those_of_the_configuration() {
    let configuration = "
proxy: traefik
issuers:
  - {name: main, issuer: 'https://main.example', audience: [api]}
  - {name: partners, issuer: 'https://partners.example', audience: [api], algorithms: [EdDSA]}
routes:
  - {name: partners, match: {path: '/partners/**'}, issuers: [partners], denials: {'*': {status: 418, body: no}}}
  - {name: trial, match: {path: /trial}, report_only: true}
  - {name: spare, match: {path: /spare}, access: denied}
  - {name: named, match: {host: nowhere.example}}
";
    let cases = "cases:
  - name: partners
    request: {method: GET, host: a.example, uri: /partners/1}
    issuer: partners
    claims: {aud: api, sub: bob}
    expect: {verdict: allow, headers: {x-auth-issuer: 'https://partners.example'}}
  - name: others
    request: {method: GET, host: a.example, uri: /partners/1}
    issuer: main
    claims: {aud: api}
    expect: {verdict: deny, reason: issuer_unknown, status: 418}
  - name: reported
    request: {method: GET, host: a.example, uri: /trial}
    expect: {verdict: would_deny, reason: token_missing, status: 200, headers: {X-Auth-Subject: ''}}
  - name: by name
    request: {policy: named, headers: {Authorization: Bearer x}}
    expect: {verdict: deny, reason: token_malformed}
  - name: one issuer in the name of the other
    request: {method: GET, host: a.example, uri: /partners/1}
    issuer: main
    algorithm: EdDSA
    claims: {aud: api, iss: 'https://partners.example'}
    expect: {verdict: deny, reason: signature_invalid}
";
    insta::assert_snapshot!(told(configuration, cases), @r#"
    0 configuration: ok
    keys: not tried; --online does
    ok partners
    ok others
    ok reported
    ok by name
    ok one issuer in the name of the other
    cases: 5, failed: 0
    routes that no case reached: spare
    "#);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let first = "
now: 2026-01-31T12:00:00
cases:
  - name: x
    claims: {aud: api, exp: +5 mns}
    expect: {verdict: allow, status: 700}
  - name: y
    claim: {sub: alice}
    issuer: main
    expect: {verdict: deny, reason: token_expird}
  - claims: [a]
    request: {path: /, method: [GET]}
    expect: {verdict: allowed}
  - name: z
    token: x
    claims: {}
    expect: {verdict: deny}
";
    let second = "
now: yesterday
case: []
cases:
  - {name: a, claims: {}, issuer: nobody, algorithm: none, forged: perhaps, expect: {verdict: allow, reason: ok}}
  - {name: b, claims: {}, header: x, expect: {verdict: allow, headers: {a: [1]}}}
  - {name: c}
";
    let fixtures = Fixtures::new(CONFIGURATION)
        .file("b.yml", second)
        .file("a.yaml", first)
        .file("c.yaml", "[]");
    insta::assert_snapshot!(fixtures.told(), @r#"
    78 configuration: ok
    keys: not tried; --online does
    /fixtures/a.yaml:5:5: cases[0].claims: exp: "+5 mns" is no time (write +5m, -1h, or seconds since 1970)
    /fixtures/a.yaml:6:30: cases[0].expect.status: "700" is out of range (a whole number from 100 to 599)
    /fixtures/a.yaml:8:5: cases[1].claim: unknown setting (did you mean claims?)
    /fixtures/a.yaml:9:5: cases[1].issuer: has no meaning without claims (write claims: {})
    /fixtures/a.yaml:10:29: cases[1].expect.reason: "token_expird" is no reason code (did you mean token_expired?)
    /fixtures/a.yaml:11:5: cases[2].name: missing (say what it shows)
    /fixtures/a.yaml:11:5: cases[2].claims: not a mapping (write {name: value})
    /fixtures/a.yaml:12:15: cases[2].request.path: unknown setting (there is method, host, uri, policy, headers)
    /fixtures/a.yaml:12:24: cases[2].request.method: a list or a mapping, where one value is expected (write one value, without brackets, braces and dashes)
    /fixtures/a.yaml:13:14: cases[2].expect.verdict: "allowed" is not understood (write one of allow, deny, would_deny)
    /fixtures/a.yaml:15:5: cases[3].token: a second token beside claims (keep one of them)
    /fixtures/a.yaml:17:5: cases[3].expect.reason: missing (name the reason, such as token_expired)
    /fixtures/b.yml:2:1: now: "yesterday" is not understood (write a time such as 2026-01-31T12:00:00Z, not before 1970)
    /fixtures/b.yml:3:1: case: unknown setting (did you mean cases?)
    /fixtures/b.yml:5:27: cases[0].issuer: no issuer is called "nobody" (there is idp.example)
    /fixtures/b.yml:5:43: cases[0].algorithm: "none" is not understood (write some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, HS256, HS384, HS512, ML-DSA-44, ML-DSA-65, ML-DSA-87)
    /fixtures/b.yml:5:60: cases[0].forged: "perhaps" is not understood (write true or false)
    /fixtures/b.yml:5:102: cases[0].expect.reason: "ok" is no reason code (docs/reason-codes.md lists them)
    /fixtures/b.yml:6:27: cases[1].header: not a mapping (write {name: value})
    /fixtures/b.yml:6:63: cases[1].expect.headers: a: not a text (quote it)
    /fixtures/b.yml:7:5: cases[2].expect: missing (write {verdict: allow})
    /fixtures/c.yaml:1:1: not a mapping of settings (write name: value, with a blank after the colon)
    "#);
    let two = "issuers:
  - {name: a, issuer: 'https://a.example', audience: [api]}
  - {name: b, issuer: 'https://b.example', audience: [api]}
";
    insta::assert_snapshot!(told(two, "cases:\n  - {name: x, claims: {}, expect: {verdict: allow}}\n"), @r"
    78 configuration: ok
    keys: not tried; --online does
    /fixtures/a.yaml:2:5: cases[0].issuer: missing (name one of a, b)
    ");
}

#[test]
fn a_case_that_contradicts_itself_or_plays_with_the_terminal_is_told() {
    let cases = "
cases:
  - {name: a, claims: {}, expect: {verdict: allow, reason: token_expired}}
  - {name: \"a\\e[31m\", claims: {}, expect: {verdict: allow}}
";
    insta::assert_snapshot!(told(CONFIGURATION, cases), @r#"
    78 configuration: ok
    keys: not tried; --online does
    /fixtures/a.yaml:3:52: cases[0].expect.reason: has no meaning beside verdict allow (leave it out)
    /fixtures/a.yaml:4:6: cases[1].name: "a\u{1b}[31m" is not understood (write one line of at most 200 characters)
    "#);
}

#[test]
fn nothing_checked_is_an_error() {
    let fixtures = || Fixtures::new(CONFIGURATION);
    for (fixtures, why) in [
        (
            fixtures(),
            "no fixtures: no file ends in .yaml or .yml (write one, or name another folder)",
        ),
        (
            fixtures().file("README.md", "cases"),
            "no fixtures: no file ends in .yaml or .yml (write one, or name another folder)",
        ),
        (
            fixtures().file("a.yaml", ""),
            "a.yaml:1:1: is empty (write name: value, or leave the file out)",
        ),
        (
            fixtures().file("a.yaml", "cases: []"),
            "a.yaml:1:1: cases: an empty list (give at least one)",
        ),
        (
            fixtures().file("a.yaml", "cases: [x]"),
            "a.yaml:1:9: cases[0]: not a mapping (write name: value)",
        ),
    ] {
        let told = fixtures.told();
        assert!(told.starts_with("78 ") && told.ends_with(why), "{told}");
    }
    let gone = Fixtures::new(CONFIGURATION);
    std::fs::remove_dir(gone.path()).unwrap();
    assert!(
        gone.told()
            .contains("/fixtures: cannot be read: No such file"),
        "{}",
        gone.told()
    );
    let crowded = fixtures();
    for number in 0..=1000 {
        std::fs::write(crowded.path().join(format!("{number}.yaml")), "").unwrap();
    }
    assert!(
        crowded.told().ends_with(
            "/fixtures: 1001 files, but at most 1000 are read (put several cases into one file)"
        ),
        "{}",
        crowded.told()
    );
}

#[test]
fn a_wrong_configuration_is_told_before_any_case() {
    let told = told("audience: [api]\n", "cases: []");
    assert!(
        told.starts_with("78 ") && told.contains("doorward.yaml:1:1: issuer: missing"),
        "{told}"
    );
}

#[test]
fn settings_of_the_environment_hold_too() {
    let cases = "cases:\n  - {name: a, claims: {aud: other}, expect: {verdict: allow}}\n";
    let mut fixtures = Fixtures::new(CONFIGURATION).file("a.yaml", cases);
    assert!(fixtures.told().starts_with("1 "));
    fixtures.settings.push(("AUDIENCE", "other".to_owned()));
    assert!(fixtures.told().starts_with("0 "));
}
