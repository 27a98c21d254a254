//! What the service writes down: never a secret, always one line, and series and reasons from
//! closed lists.

use std::collections::BTreeSet;

use doorward::domain::Reason;
use doorward::jose::{Algorithm, SigningKey, encode_base64url};

use crate::support::{Answer, Client, Request, Service, TestGate, TestIssuer, TokenBuilder, key};

const SECRET: &str = "an-hmac-secret-that-nobody-may-see";

#[test]
fn k1_no_token_and_no_secret_is_ever_logged() {
    let tokens = tokens_of_all_sorts();
    let sources = "bearer,cookie:session,query:token,websocket";
    let fetching = ("JWKS_HEADERS", "X-Key: s3cr3t-fetch-header");
    let settings = [
        ("HMAC_SECRET", SECRET),
        fetching,
        ("PROXY", "traefik"),
        ("TOKEN_SOURCES", sources),
    ];
    for format in ["json", "text"] {
        let log = logged(format, &settings, |verify| {
            for token in &tokens {
                send_everywhere(verify, token);
            }
        });
        for reason in [
            "ok",
            "token_expired",
            "signature_invalid",
            "issuer_unknown",
            "token_malformed",
            "stopped",
        ] {
            assert!(log.contains(reason), "{reason}: {log}");
        }
        for token in &tokens {
            assert_absent(&log, token);
            assert_absent(&log, &encode_base64url(token));
            token
                .split('.')
                .filter(|part| part.len() > 8)
                .for_each(|part| assert_absent(&log, part));
        }
        assert_absent(&log, SECRET);
        assert_absent(&log, "s3cr3t-fetch-header");
    }
}

fn tokens_of_all_sorts() -> Vec<String> {
    let key = |secret: &str| {
        SigningKey::secret(Algorithm::HS256, secret.as_bytes())
            .with_id("any")
            .into()
    };
    let by = |secret: &str, issuer: &str| {
        TokenBuilder::new(key(secret), issuer, 4_000_000_000).claim("iat", 0)
    };
    let good = by(SECRET, "me").sign();
    vec![
        by(SECRET, "me").claim("exp", 1).sign(),
        by("another secret", "me").sign(),
        by(SECRET, "https://elsewhere.example").sign(),
        format!("{good}.{good}"),
        "not-a-token-at-all".to_owned(),
        good,
    ]
}

#[test]
fn k1_what_fetches_keys_is_never_logged() {
    for format in ["json", "text"] {
        let idp = TestIssuer::new().serve();
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("token");
        std::fs::write(&file, "s3cr3t-bearer").unwrap();
        let (dead, url) = (
            format!("http://127.0.0.1:1/jwks?key={}", "s3cr3t-query"),
            format!("{}/jwks", idp.url()),
        );
        for jwks in [&dead, &url] {
            let settings = [
                ("JWKS_URL", jwks.as_str()),
                ("JWKS_HEADERS", "X-Key: s3cr3t-fetch-header"),
                ("JWKS_BEARER_TOKEN_FILE", file.to_str().unwrap()),
            ];
            let token = idp
                .token()
                .claim("iss", "me")
                .header("kid", "unknown")
                .sign();
            let log = logged(format, &settings, |verify| send_everywhere(verify, &token));
            assert_absent(&log, &token);
            assert_absent(&log, "s3cr3t");
        }
    }
}

/// Sends a token in its place and in every place where it may be by mistake.
fn send_everywhere(verify: std::net::SocketAddr, token: &str) {
    let request = |target: &str| Request::new(verify, "GET", target);
    request("/verify").bearer(token).send();
    request("/verify/nginx").bearer(token).send();
    request("/verify").bearer(token).bearer(token).send();
    request("/verify")
        .header("Authorization", format!("Token {token}"))
        .send();
    request("/verify")
        .header("Cookie", format!("token={token}"))
        .send();
    request(&format!("/verify?token={token}")).send();
    // What is no token to the eye may be any path.
    if token.contains("eyJ") {
        request(&format!("/{token}")).send();
    }
    request("/verify/traefik")
        .header("X-Forwarded-Uri", format!("/x?token={token}#{token}"))
        .send();
    request("/verify/traefik")
        .header("X-Forwarded-Uri", format!("/x?token={token}"))
        .send();
    request("/verify/traefik")
        .header("Cookie", format!("session={token}"))
        .send();
    let encoded = format!(
        "base64url.bearer.authorization.k8s.io.{}",
        encode_base64url(token)
    );
    for protocols in [format!("bearer, {token}, chat"), encoded, token.to_owned()] {
        request("/verify/traefik")
            .header("Sec-WebSocket-Protocol", protocols)
            .send();
    }
    request("/verify/nginx")
        .header(
            "X-Original-URL",
            format!("https://x.example/x?token={token}"),
        )
        .send();
    let mut broken = Client::connect(verify);
    broken
        .write(format!("GET /verify HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n").as_bytes());
    broken.read_answer(false);
}

/// All that the program writes to stderr from start to end, at the level `trace`.
fn logged(format: &str, settings: &[(&str, &str)], load: impl Fn(std::net::SocketAddr)) -> String {
    let listeners = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("WORKERS", "1"),
        ("SHUTDOWN_TIMEOUT", "1s"),
    ];
    let general = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("LOG", "trace"),
        ("LOG_FORMAT", format),
    ];
    let mut service = Service::start(&["serve"], &[&listeners[..], &general, settings].concat());
    let line = service.wait_for_line("verify listener");
    let address = line.split("127.0.0.1:").nth(1).unwrap();
    let port: String = address.chars().take_while(char::is_ascii_digit).collect();
    load(([127, 0, 0, 1], port.parse().unwrap()).into());
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
    std::mem::take(&mut service.log)
}

fn assert_absent(log: &str, secret: &str) {
    let line = log.lines().find(|line| line.contains(secret));
    assert_eq!(line, None, "{secret} was logged");
}

const BREAKERS: [&str; 6] = [
    "\"},{\"a\":\"",
    "\\",
    "\u{1b}[31m",
    "a\r\nb",
    "\0",
    "\u{2028}x",
];

#[test]
fn k2_texts_of_the_request_never_break_a_line() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .spawn();
    let mut expected = 0;
    for breaker in BREAKERS {
        let token = idp
            .token()
            .subject(breaker)
            .header("kid", breaker)
            .claim("jti", breaker);
        assert_eq!(
            gate.verdict(&token.sign()),
            "401 key_unknown",
            "{breaker:?}"
        );
        expected += 1;
        // A byte that a header field cannot have never gets so far.
        if breaker.contains(['\r', '\0']) {
            continue;
        }
        let request = gate
            .get("/verify")
            .header("X-Forwarded-Uri", format!("/a{breaker}b?c"));
        let request = request
            .header("X-Forwarded-Host", breaker)
            .header("X-Forwarded-Method", breaker);
        let answer = request.header("X-Request-Id", breaker).send();
        expected += usize::from(answer.get("x-auth-reason").is_some());
    }
    // `log_lines` parses each line as one JSON object.
    let lines = gate.log_lines();
    assert_eq!(lines.len(), expected);
    assert!(
        lines
            .iter()
            .any(|line| line["path"] == "/a\"},{\"a\":\"b" && line["request_id"].is_null()),
        "{lines:?}"
    );
    assert!(!gate.log.text().contains('\u{1b}'));
}

#[test]
fn k2_a_path_of_any_bytes_is_one_line_of_text_too() {
    let log = logged(
        "text",
        &[("HMAC_SECRET", SECRET), ("PROXY", "traefik")],
        |verify| {
            for path in [
                &b"/\x1b[31mred"[..],
                b"/\xFF\xFE",
                b"/\"quoted\" reason=ok",
                "/\u{2028}x".as_bytes(),
            ] {
                Request::new(verify, "GET", "/verify")
                    .header("X-Forwarded-Uri", path)
                    .send();
            }
        },
    );
    assert!(!log.contains('\u{1b}'), "{log}");
    let decisions: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(" decision "))
        .collect();
    assert!(
        decisions.len() >= 3
            && decisions
                .iter()
                .all(|line| line.contains(" decision verdict=deny reason=token_missing ")),
        "{log}"
    );
    assert!(log.contains(r#"path="/\"quoted\" reason=ok""#), "{log}");
}

#[test]
fn k3_nothing_of_a_request_makes_a_series() {
    let idp = TestIssuer::new();
    let routes = "routes: [{name: known, match: {host: a.example}}, {name: rest, match: {}}]\n";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(routes)
        .spawn();
    let load = |round: &str| {
        for n in 0..20 {
            let text = format!("invented-{round}-{n}");
            let token = idp.token().subject(&text);
            let verdict = |token: TokenBuilder| {
                let host = gate.get("/verify").header("X-Forwarded-Host", "b.example");
                host.bearer(&token.sign()).send().verdict()
            };
            assert_eq!(verdict(token.clone()), "200");
            assert_eq!(
                verdict(token.clone().header("kid", text.as_str())),
                "401 key_unknown"
            );
            assert_eq!(
                verdict(token.clone().claim("iss", text.as_str())),
                "401 issuer_unknown"
            );
            let named = gate
                .get(&format!("/policy/{text}/verify"))
                .bearer(&token.sign())
                .send();
            assert_eq!(named.verdict(), "403 route_denied");
            gate.request(&text.to_uppercase(), &format!("/{text}"))
                .send();
            gate.get("/verify")
                .header("X-Forwarded-Uri", format!("/{text}"))
                .header("X-Forwarded-Host", &text)
                .send();
            gate.get(&format!("/denial/{text}")).send();
        }
        gate.admin("/metrics").send().body
    };
    let (first, second) = (series(&load("a")), series(&load("b")));
    assert_eq!(first, second);
    assert!(
        !first
            .iter()
            .any(|series| series.to_lowercase().contains("invented")),
        "{first:?}"
    );
}

fn series(page: &str) -> BTreeSet<String> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

#[test]
fn k4_operators_ask_on_another_port_which_is_on_loopback_by_default() {
    let reference = doorward::config::reference();
    for row in [
        "| `listen` | `127.0.0.1:8080` |",
        "| `admin_listen` | `127.0.0.1:8081` |",
    ] {
        assert!(reference.contains(row), "{row}");
    }
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    assert_ne!(gate.verify, gate.admin);
    assert_eq!(
        (
            gate.get("/metrics").send().status,
            gate.admin("/metrics").send().status
        ),
        (404, 200)
    );
}

#[test]
fn k9_tokens_that_differing_clocks_would_explain_are_counted() {
    let idp = TestIssuer::new();
    let reported = "routes:\n- {name: trial, match: {}, report_only: true}\n";
    let gates = [TestGate::new(), TestGate::new().file(reported)];
    for gate in gates.map(|gate| {
        gate.trusting(&idp)
            .set("NAME", "main")
            .set("MAX_TOKEN_AGE", "1h")
            .spawn()
    }) {
        let suspected = || {
            let page = gate.admin("/metrics").send().body;
            let lines = page
                .lines()
                .filter_map(|line| line.strip_prefix("doorward_clock_skew_suspected_total"));
            lines
                .filter(|line| !line.ends_with(" 0"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        // The leeway is 30 seconds; five minutes later no clock is suspected.
        let (now, token) = (idp.clock.secs(), || idp.token());
        let ahead = |name: &str, secs: i64| token().claim(name, now + secs).sign();
        for unsuspicious in [
            token().sign(),
            token().expires_in(-330).sign(),
            ahead("nbf", 331),
            ahead("iat", 331),
            ahead("iat", -3931),
            token()
                .expires_in(-60)
                .claim("aud", "other")
                .signed_by(key(Algorithm::ES384))
                .sign(),
            token().claim("aud", "other").sign(),
            "broken".to_owned(),
        ] {
            gate.verdict(&unsuspicious);
        }
        assert_eq!(suspected(), Vec::<String>::new());
        let late = token().expires_in(31).sign();
        assert_eq!(gate.verdict(&late), "200");
        for suspicious in [
            token().expires_in(-329).sign(),
            ahead("nbf", 330),
            ahead("iat", 31),
            ahead("iat", -3930),
            "broken".into(),
        ] {
            gate.verdict(&suspicious);
        }
        // A cached token too.
        idp.clock.advance(std::time::Duration::from_secs(61));
        gate.verdict(&late);
        let series =
            |reason: &str, count: u8| format!("{{issuer=\"main\",reason=\"{reason}\"}} {count}");
        let expected = [
            series("token_expired", 2),
            series("token_issued_in_future", 1),
            series("token_not_yet_valid", 1),
            series("token_too_old", 1),
        ];
        assert_eq!(suspected(), expected);
        idp.clock.advance(std::time::Duration::from_hours(24));
    }
}

/// Reasons that other credentials and other services have. The example on the page of each reaches
/// it (`reasons.rs`).
const BY_THEIR_PAGES: &[Reason] = &[
    Reason::TokenInactive,
    Reason::CredentialUnknown,
    Reason::CredentialsInvalid,
    Reason::SubjectUnknown,
    Reason::SubjectDisabled,
    Reason::RateLimited,
    Reason::DependencyUnavailable,
];

#[test]
fn k5_each_reason_of_a_token_is_reached() {
    let reached = reasons_reached();
    for reason in Reason::ALL {
        assert_ne!(
            reached.contains(reason.code()),
            BY_THEIR_PAGES.contains(reason),
            "{}",
            reason.code()
        );
    }
}

fn reasons_reached() -> BTreeSet<String> {
    answers_for_each_reason()
        .iter()
        .filter_map(|answer| answer.get("x-auth-reason").map(str::to_owned))
        .inspect(|code| assert!(Reason::from_code(code).is_some()))
        .collect()
}

/// One answer at least for each reason that can be reached.
pub fn answers_for_each_reason() -> Vec<Answer> {
    let idp = TestIssuer::new();
    let settings = [
        ("REQUIRED_CLAIMS", "tenant=a"),
        ("REQUIRED_SCOPES", "read"),
        ("MAX_TOKEN_AGE", "1h"),
        ("MAX_TOKEN_BYTES", "8192"),
    ];
    let gate = settings
        .into_iter()
        .fold(TestGate::new().trusting(&idp), |gate, (name, value)| {
            gate.set(name, value)
        })
        .spawn();
    let now = idp.clock.secs();
    let good = || idp.token().claim("tenant", "a").claim("scope", "read");
    assert_eq!(gate.verdict(&good().sign()), "200");
    let tokens = [
        "x".to_owned(),
        "x".repeat(9000),
        "a.b.c.d.e".to_owned(),
        good().header("alg", "none").sign(),
        good().header("crit", vec!["x"]).header("x", 1).sign(),
        good().claim("iss", "https://elsewhere.example").sign(),
        good().header("kid", "unknown").sign(),
        good().signed_by(key(Algorithm::ES384)).sign(),
        good()
            .signed_by(SigningKey::generate(Algorithm::ES256).unwrap().into())
            .sign(),
        good().expires_in(-60).sign(),
        good().claim("nbf", now + 60).sign(),
        good().claim("iat", now + 60).sign(),
        good().claim("iat", now - 7200).sign(),
        good().claim("aud", "other").sign(),
        good().header("typ", "other").sign(),
        good().without("tenant").sign(),
        good().claim("sub", 7).claim("exp", "soon").sign(),
        good().claim("cnf", serde_json::json!({"jkt": "x"})).sign(),
        good().claim("scope", "write").sign(),
        good().claim("tenant", "b").sign(),
        good()
            .claim("email", "x".repeat(2900))
            .claim("client_id", "x".repeat(200))
            .sign(),
    ];
    let mut answers: Vec<_> = tokens
        .iter()
        .map(|token| gate.get("/verify").bearer(token).send())
        .collect();
    answers.push(gate.get("/verify").send());
    answers.push(
        gate.get("/verify")
            .header("Authorization", "Basic x")
            .send(),
    );
    answers.push(gate.get("/verify").header("Authorization", "Bearer").send());
    answers.push(gate.get("/verify").bearer("a").bearer("b").send());
    answers.extend(answers_about_the_original_request(&idp));
    let closed = TestGate::new()
        .trusting(&idp)
        .file("routes: [{name: closed, match: {}, access: denied}]\n")
        .spawn();
    answers.push(closed.get("/verify").bearer(&good().sign()).send());
    let dead = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", "http://127.0.0.1:1")
        .set("AUDIENCE", "api")
        .spawn();
    answers.push(
        dead.get("/verify")
            .bearer(&idp.token().claim("iss", "http://127.0.0.1:1").sign())
            .send(),
    );
    answers
}

fn answers_about_the_original_request(idp: &TestIssuer) -> Vec<Answer> {
    let gate = TestGate::new()
        .trusting(idp)
        .set("PROXY", "traefik")
        .set("ALLOW_PREFLIGHT", "true");
    let elsewhere = gate.clone().set("TRUSTED_PROXIES", "10.0.0.0/8").spawn();
    let gate = gate.spawn();
    let method = |value: &str| gate.get("/verify").header("X-Forwarded-Method", value);
    vec![
        gate.get("/verify").send(),
        method("").send(),
        elsewhere.get("/verify").send(),
    ]
}

#[test]
fn k5_log_metric_header_and_body_use_the_same_word() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).set("NAME", "main").spawn();
    let answer = gate
        .get("/verify")
        .bearer(&idp.token().expires_in(-60).sign())
        .send();
    assert_eq!(
        (answer.verdict().as_str(), answer.json()["code"].as_str()),
        ("401 token_expired", Some("token_expired"))
    );
    assert_eq!(
        (
            gate.log_lines()[0]["verdict"].as_str(),
            gate.log_lines()[0]["reason"].as_str()
        ),
        (Some("deny"), Some("token_expired"))
    );
    let series = r#"doorward_decisions_total{issuer="main",reason="token_expired",route="none",verdict="deny"}"#;
    assert!((gate.metric(series) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn k5_only_what_is_our_fault_is_called_an_error() {
    let idp = TestIssuer::new();
    let dead = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", "http://127.0.0.1:1")
        .set("AUDIENCE", "api")
        .set("NAME", "main");
    let gate = dead
        .file("routes: [{name: closed, match: {}, access: denied}, {name: open, match: {}}]\n")
        .spawn();
    let of_dead = idp.token().claim("iss", "http://127.0.0.1:1").sign();
    for (route, token, verdict, reason, issuer) in [
        (
            "open",
            Some(of_dead.as_str()),
            "error",
            "keys_unavailable",
            "main",
        ),
        ("open", Some("x.y.z"), "deny", "token_malformed", "none"),
        ("open", None, "deny", "token_missing", "none"),
        (
            "closed",
            Some(of_dead.as_str()),
            "deny",
            "route_denied",
            "none",
        ),
    ] {
        let request = gate.get(&format!("/policy/{route}/verify"));
        if let Some(token) = token {
            request.bearer(token)
        } else {
            request
        }
        .send();
        let line = gate.log_lines().pop().unwrap();
        assert_eq!(
            (line["verdict"].as_str(), line["reason"].as_str()),
            (Some(verdict), Some(reason))
        );
        let labels =
            format!(r#"issuer="{issuer}",reason="{reason}",route="{route}",verdict="{verdict}""#);
        assert_eq!(
            gate.metric(&format!("doorward_decisions_total{{{labels}}}"))
                .to_string(),
            "1",
            "{labels}"
        );
    }
    let page = gate.admin("/metrics").send().body;
    let errors = page
        .lines()
        .filter(|line| line.contains("verdict=\"error\"") && !line.ends_with(" 0"));
    assert_eq!(errors.count(), 1, "{page}");
}

#[test]
fn k8_who_is_alive_may_not_be_ready() {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let gate = TestGate::new()
        .discovering(&idp)
        .set("JWKS_MAX_STALE", "1h")
        .spawn();
    let token = || idp.token().expires_in(86_400).sign();
    let verdicts = || {
        let [alive, ready] = ["/healthz", "/readyz"].map(|path| gate.admin(path).send().status);
        (alive, ready, gate.verdict(&token()))
    };
    gate.wait_for("/metrics", |answer| {
        answer.body.contains(r#"result="failure"} 1"#)
    });
    assert_eq!(
        verdicts(),
        (200, 503, "503 keys_unavailable".to_owned()),
        "an issuer that was never there"
    );
    idp.recover();
    gate.clock.advance(std::time::Duration::from_secs(4));
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(verdicts(), (200, 200, "200".to_owned()));
    idp.answer_instead(500, "");
    gate.clock.advance(std::time::Duration::from_mins(59));
    assert_eq!(
        verdicts(),
        (200, 200, "200".to_owned()),
        "the last good keys are still good"
    );
    gate.clock.advance(std::time::Duration::from_mins(2));
    assert_eq!(
        verdicts(),
        (200, 503, "503 keys_unavailable".to_owned()),
        "they are too old"
    );
    idp.recover();
    gate.clock.advance(std::time::Duration::from_hours(1));
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(
        verdicts(),
        (200, 200, "200".to_owned()),
        "it recovers by itself"
    );
}

#[test]
fn k8_one_issuer_or_all_of_them_make_it_ready() {
    let idp = TestIssuer::new();
    let file = format!(
        "issuers:\n- {{issuer: https://idp.example, audience: a, jwks: '{}'}}\n\
         - {{issuer: 'http://127.0.0.1:1', audience: a}}\n",
        idp.jwks()
    );
    for (readiness, status) in [("any", 200), ("all", 503)] {
        let gate = TestGate::new()
            .by_time_of(&idp)
            .file(file.as_str())
            .set("READINESS", readiness)
            .spawn();
        let [alive, ready] = ["/healthz", "/readyz"].map(|path| gate.admin(path).send().status);
        assert_eq!((alive, ready), (200, status), "{readiness}");
    }
}
