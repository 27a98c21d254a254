//! What every proxy must do with the configuration that we ship for it.
//!
//! `proxy_suite!(NGINX)` in the file of a proxy makes a test of each scenario.

use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use super::{Answer, Client, Echoed, Proxy, Request, Site, TestGate, TestIssuer, TokenBuilder};

macro_rules! proxy_suite {
    (@tests $proxy:expr, $($scenario:ident,)+) => {
        $(
            #[test]
            fn $scenario() {
                $crate::support::proxy_suite::$scenario(&$proxy);
            }
        )+
    };
    ($proxy:expr) => {
        $crate::support::proxy_suite! { @tests $proxy,
            an_allowed_request_brings_the_identity_to_the_application,
            every_denial_is_told_to_the_client_as_promised,
            a_missing_scope_is_403_with_one_challenge,
            missing_keys_are_503_with_retry_after,
            custom_denials_reach_the_client,
            denials_of_a_route_reach_the_client,
            the_challenge_names_the_metadata_of_the_route,
            h12_nobody_names_himself,
            the_request_judged_is_the_request_served,
            two_authorization_fields_never_pass,
            bodies_reach_the_application_and_disturb_no_decision,
            head_is_answered_without_a_body,
            a_preflight_passes_without_identity,
            websockets_open_for_a_token_only,
            a_decision_costs_no_connection,
            an_idle_connection_that_ends_in_the_wrong_moment_costs_no_answer,
            restarts_cause_no_wrong_answer,
            nothing_passes_while_doorward_is_down,
            a_token_of_12_kilobytes_passes,
            the_longest_identity_arrives,
        }
    };
}
pub(crate) use proxy_suite;

/// What an attacker calls himself.
const MALLORY: &str = "mallory";

pub fn an_allowed_request_brings_the_identity_to_the_application(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site
        .idp
        .token()
        .claim("scope", "read write")
        .claim("client_id", "shop")
        .claim("email", "a@example.com");
    let seen = site.served(
        site.get("/orders/7?full=1")
            .header("X-Custom", "kept")
            .bearer(&token.sign()),
    );
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/orders/7?full=1")
    );
    let identity = ["Subject", "Issuer", "Client-Id", "Scopes", "Email"]
        .map(|name| seen.get(&format!("X-Auth-{name}")));
    assert_eq!(
        identity,
        [
            "alice",
            &site.idp.url(),
            "shop",
            "read write",
            "a@example.com"
        ]
    );
    assert_eq!(seen.get("X-Custom"), "kept");
    assert_eq!(seen.get("Host"), "doorward", "the client's own");
}

/// Behind every proxy clients see the answer of the service itself.
pub fn every_denial_is_told_to_the_client_as_promised(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = || site.idp.token();
    let good = token().sign();
    let forged = token().signed_by(SigningKey::generate(Algorithm::ES256).unwrap().into());
    let denied = [
        ("token_malformed", "not.a-token".to_owned()),
        ("token_malformed", format!("{good} {good}")),
        ("token_malformed", format!("{good},{good}")),
        ("token_encrypted", format!("{good}.x.y")),
        (
            "token_too_large",
            token().claim("filler", "x".repeat(16_000)).sign(),
        ),
        (
            "algorithm_not_allowed",
            token().header("alg", "none").sign(),
        ),
        (
            "header_critical_unsupported",
            token().header("crit", json!(["x"])).header("x", 1).sign(),
        ),
        (
            "issuer_unknown",
            token().claim("iss", "https://elsewhere.example").sign(),
        ),
        ("key_unknown", token().header("kid", "another").sign()),
        ("signature_invalid", forged.sign()),
        ("token_expired", token().expires_in(-60).sign()),
        (
            "token_not_yet_valid",
            token().claim("nbf", site.idp.clock.secs() + 600).sign(),
        ),
        (
            "audience_mismatch",
            token().claim("aud", "another-api").sign(),
        ),
        ("claim_missing", token().without("exp").sign()),
    ];
    for (code, token) in denied {
        let answer = refused_as_doorward_says(&site, |request| request.bearer(&token));
        assert_eq!((answer.status, code_of(&answer)), (401, code.to_owned()));
        assert!(
            answer
                .get("www-authenticate")
                .unwrap()
                .contains("error=\"invalid_token\""),
            "{answer:?}"
        );
    }
    for (code, request) in [
        (
            "token_missing",
            Box::new(|request| request) as Box<dyn Fn(Request) -> Request>,
        ),
        (
            "scheme_unsupported",
            Box::new(|request| request.header("Authorization", "Basic YTpi")),
        ),
    ] {
        let answer = refused_as_doorward_says(&site, request);
        assert_eq!((answer.status, code_of(&answer)), (401, code.to_owned()));
        assert_eq!(
            answer.get("www-authenticate"),
            Some("Bearer realm=\"doorward\"")
        );
    }
    for alone in ["Bearer", "Basic", &good] {
        let answer =
            refused_as_doorward_says(&site, |request| request.header("Authorization", alone));
        assert_eq!(
            (answer.status, code_of(&answer)),
            (401, "authorization_malformed".to_owned())
        );
        assert!(
            answer
                .get("www-authenticate")
                .unwrap()
                .contains("error=\"invalid_request\""),
            "{answer:?}"
        );
    }
    let huge = token().subject(&"x".repeat(4000)).sign();
    let answer = refused_as_doorward_says(&site, |request| request.bearer(&huge));
    assert_eq!(
        (answer.status, code_of(&answer)),
        (403, "claim_headers_too_large".to_owned())
    );
    assert_eq!(answer.get("www-authenticate"), None);
    // And the door still opens.
    assert_eq!(
        site.served(site.get("/").bearer(&good))
            .get("X-Auth-Subject"),
        "alice"
    );
}

pub fn a_missing_scope_is_403_with_one_challenge(proxy: &Proxy) {
    let site = Site::behind(proxy, &[("REQUIRED_SCOPES", "orders:write")]);
    let token = site.idp.token().claim("scope", "orders:read").sign();
    let answer = refused_as_doorward_says(&site, |request| request.bearer(&token));
    assert_eq!(
        (answer.status, code_of(&answer)),
        (403, "scope_insufficient".to_owned())
    );
    let challenge = answer.get("www-authenticate").expect("a challenge");
    assert!(
        challenge.contains("error=\"insufficient_scope\"")
            && challenge.contains("scope=\"orders:write\"")
    );
    site.served(
        site.get("/").bearer(
            &site
                .idp
                .token()
                .claim("scope", "orders:read orders:write")
                .sign(),
        ),
    );
}

pub fn missing_keys_are_503_with_retry_after(proxy: &Proxy) {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let gate = TestGate::new().discovering(&idp);
    let site = Site::with(proxy, idp, gate, &[("JWKS_WAIT", "10ms")]);
    let token = site.idp.token().sign();
    if proxy.passes_on_503 {
        let answer = refused_as_doorward_says(&site, |request| request.bearer(&token));
        assert_eq!(
            (answer.status, code_of(&answer)),
            (503, "keys_unavailable".to_owned())
        );
        assert_eq!(answer.get("retry-after"), Some("5"));
        assert_eq!(answer.get("www-authenticate"), None);
    } else {
        let answer = site.refused(site.get("/").bearer(&token));
        assert_eq!(
            (
                answer.status,
                answer.body.as_str(),
                answer.get("www-authenticate")
            ),
            (503, "", None)
        );
    }
    // A decision that needs no keys is still made.
    assert_eq!(site.refused(site.get("/")).status, 401);
}

pub fn custom_denials_reach_the_client(proxy: &Proxy) {
    let denials = json!({
        "token_missing": {"status": 400, "body": {"code": "400", "message": "Token header is required"}},
        "403": {"status": 404, "body": "nothing here"},
        "*": {"body": ["no"]},
    });
    let site = Site::behind(
        proxy,
        &[
            ("DENIALS", &denials.to_string()),
            ("REQUIRED_SCOPES", "read"),
        ],
    );
    let answer = refused_as_doorward_says(&site, |request| request);
    assert_eq!(
        (answer.status, answer.json()),
        (400, denials["token_missing"]["body"].clone())
    );
    let without_scope = site.idp.token().sign();
    let answer = refused_as_doorward_says(&site, |request| request.bearer(&without_scope));
    assert_eq!((answer.status, answer.json()), (404, json!("nothing here")));
    let answer = refused_as_doorward_says(&site, |request| request.bearer("broken"));
    assert_eq!((answer.status, answer.json()), (401, json!(["no"])));
}

pub fn denials_of_a_route_reach_the_client(proxy: &Proxy) {
    let file = r#"
denials: {"*": {"status": 418, "body": "general"}}
routes:
- {name: old.api_1, match: {path: /old/**}, denials: {token_missing: {status: 400, body: {message: Token header is required}}}}
- {name: rest, match: {}}
"#;
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(file);
    let site = Site::with(proxy, idp, gate, &[]);
    let own = site.refused(site.get("/old/things"));
    assert_eq!(
        (own.status, own.json()),
        (400, json!({"message": "Token header is required"}))
    );
    assert_eq!(own.get("x-auth-denial"), None, "nobody's business");
    let own = site.refused(site.get("/old/things").bearer("broken"));
    assert_eq!(
        (own.status, code_of(&own)),
        (401, "token_malformed".to_owned()),
        "it replaces the general ones as a whole"
    );
    let general = site.refused(
        site.get("/new")
            .header("X-Auth-Denial", "/policy/old.api_1/denial/token_missing"),
    );
    assert_eq!((general.status, general.json()), (418, json!("general")));
}

/// RFC 9728 section 3.3: a client must not use the metadata of another resource.
pub fn the_challenge_names_the_metadata_of_the_route(proxy: &Proxy) {
    let file = "
resource_metadata: https://api.example/general.json
routes:
- {name: files, match: {path: /files}, resource_metadata: 'https://api.example/files.json', require: {scopes: [write]}}
- name: mail
  match: {path: /mail}
  resource_metadata: https://api.example/mail.json
  denials: {token_missing: {status: 400}}
- {name: rest, match: {}}
";
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(file);
    let site = Site::with(proxy, idp, gate, &[]);
    let token = site.idp.token().sign();
    for (request, status, challenge) in [
        (
            site.get("/files"),
            401,
            "resource_metadata=\"https://api.example/files.json\"",
        ),
        (
            site.get("/mail"),
            400,
            "resource_metadata=\"https://api.example/mail.json\"",
        ),
        (
            site.get("/rest"),
            401,
            "resource_metadata=\"https://api.example/general.json\"",
        ),
        (
            site.get("/mail").header("Authorization", "Bearer"),
            401,
            "error=\"invalid_request\", \
             error_description=\"there is no readable credential in the Authorization field\", \
             resource_metadata=\"https://api.example/mail.json\"",
        ),
        (
            site.get("/files").bearer(&token),
            403,
            "error=\"insufficient_scope\", error_description=\"the token lacks a required scope\", \
             scope=\"write\", resource_metadata=\"https://api.example/files.json\"",
        ),
    ] {
        let answer = site.refused(request);
        let expected = format!("Bearer realm=\"doorward\", {challenge}");
        assert_eq!(
            (answer.status, answer.get("www-authenticate")),
            (status, Some(expected.as_str()))
        );
    }
}

/// Every way known to us in which a client might bring an identity along.
pub fn h12_nobody_names_himself(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    // Without an e-mail address: there is nothing to overwrite the client's own with.
    let token = site.idp.token().sign();
    let spoofed = [
        "X-Auth-Subject",
        "x-auth-subject",
        "X-AUTH-SUBJECT",
        "X_Auth_Subject",
        "X-Auth_Subject",
        "x_auth_subject",
        "X.Auth.Subject",
        "X-Auth-Email",
        "X_Auth_Email",
        "X-Auth-Issuer",
        "X-Auth-Scopes",
        "X-Auth-Client-Id",
        "X-Auth-Roles",
        "X-Auth-Groups",
        "X-Auth-User",
        "X-Auth-Request-User",
        "X-Auth-Tenant",
        "X-Auth-WebSocket-Protocol",
        "X-Auth-Reason",
    ];
    for name in spoofed {
        let request = site
            .get("/")
            .header(name, MALLORY)
            .header(name, MALLORY)
            .bearer(&token);
        assert_is_alice(&site.served(request), name);
        let hidden = site
            .get("/")
            .header(name, MALLORY)
            .header("Connection", name)
            .bearer(&token);
        assert_is_alice(&site.served(hidden), &format!("Connection: {name}"));
        site.refused(site.get("/").header(name, MALLORY));
    }
    let all = spoofed
        .iter()
        .fold(site.get("/"), |request, name| request.header(name, MALLORY));
    assert_is_alice(&site.served(all.bearer(&token)), "all at once");
}

/// The request in the log of the service is the one that the application got, whatever the client
/// says beside.
pub fn the_request_judged_is_the_request_served(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site.idp.token().sign();
    let liars = [
        ("X-Original-Method", "OPTIONS"),
        ("X-Original-URL", "http://elsewhere/public"),
        ("X-Original-URI", "/public"),
        ("X-Rewrite-URL", "/public"),
        ("X-Forwarded-Method", "OPTIONS"),
        ("X-Forwarded-Uri", "/public"),
        ("X-Forwarded-Host", "elsewhere"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("X-Forwarded-For", "192.0.2.66"),
    ];
    for target in [
        "/admin?q=1",
        "/a%20b/%2e%2e/c",
        "/a//b/../c",
        "/a%2Fb",
        "/ümlaut",
    ] {
        let request = liars
            .iter()
            .fold(site.request("DELETE", target), |request, (name, lie)| {
                request.header(name, lie)
            });
        let answer = request.bearer(&token).send();
        if answer.verdict() == "400" && !target.starts_with("/admin") {
            continue; // odd, and refused by the proxy itself
        }
        let seen = Site::echoed(&answer);
        let judged = site.gate().log_lines().pop().unwrap();
        let path = seen.target.split('?').next().unwrap();
        assert_eq!(
            (
                judged["method"].as_str(),
                judged["host"].as_str(),
                judged["path"].as_str()
            ),
            (Some("DELETE"), Some("doorward"), Some(path)),
        );
        for (name, lie) in liars {
            assert!(
                !seen.get(name).contains(lie),
                "{name} came through: {seen:?}"
            );
        }
    }
}

pub fn two_authorization_fields_never_pass(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site.idp.token().sign();
    for second in [token.as_str(), "another"] {
        let answer = site.refused(site.get("/").bearer(&token).bearer(second));
        assert_eq!(answer.verdict(), proxy.two_authorizations);
    }
}

pub fn bodies_reach_the_application_and_disturb_no_decision(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site.idp.token().sign();
    for size in [0, 1, 1024 * 1024] {
        let body = "b".repeat(size);
        let seen = site.served(site.request("POST", "/upload").bearer(&token).body(&body));
        assert_eq!(
            (seen.method.as_str(), seen.body.len(), seen.body == body),
            ("POST", size, true)
        );
    }
    let chunked = |request: Request| {
        let mut bytes = request.header("Transfer-Encoding", "chunked").bytes();
        bytes.extend_from_slice(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        site.connect().send_bytes(&bytes, false)
    };
    let seen = Site::echoed(&chunked(site.request("PUT", "/upload").bearer(&token)));
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("PUT", "abcde"));

    let before = site.application.requests();
    assert_eq!(
        site.refused(site.request("POST", "/upload").body("unwanted"))
            .status,
        401
    );
    assert_eq!(chunked(site.request("POST", "/upload")).status, 401);
    assert_eq!(site.application.requests(), before);
}

pub fn head_is_answered_without_a_body(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site.idp.token().sign();
    let mut client = site.connect();
    let request = |bearer: bool| {
        if bearer {
            site.request("HEAD", "/").bearer(&token)
        } else {
            site.request("HEAD", "/")
        }
    };
    // On one connection: a body that is not expected would be taken for the next answer.
    for _ in 0..2 {
        let allowed = client.send(&request(true));
        assert_eq!(
            (allowed.status, allowed.get("x-application")),
            (200, Some("echo"))
        );
        let denied = client.send(&request(false));
        assert_eq!(
            (denied.status, denied.get("www-authenticate")),
            (401, Some("Bearer realm=\"doorward\""))
        );
    }
}

pub fn a_preflight_passes_without_identity(proxy: &Proxy) {
    let site = Site::behind(proxy, &[("ALLOW_PREFLIGHT", "true")]);
    let preflight = |method: &str| {
        let request = site
            .request(method, "/orders")
            .header("Origin", "https://shop.example");
        request
            .header("Access-Control-Request-Method", "PUT")
            .header("X-Auth-Subject", MALLORY)
    };
    let seen = site.served(preflight("OPTIONS"));
    assert_eq!(
        (seen.method.as_str(), seen.get("X-Auth-Subject")),
        ("OPTIONS", "")
    );
    assert_eq!(site.refused(preflight("GET")).status, 401);
    assert_eq!(
        site.refused(preflight("GET").header("X-Forwarded-Method", "OPTIONS"))
            .status,
        401
    );
    assert_eq!(
        site.refused(preflight("GET").header("X-Original-Method", "OPTIONS"))
            .status,
        401
    );
    assert_eq!(
        site.refused(
            site.request("OPTIONS", "/")
                .header("Origin", "https://shop.example")
        )
        .status,
        401
    );

    let strict = Site::behind(proxy, &[]);
    let request = strict
        .request("OPTIONS", "/")
        .header("Origin", "https://shop.example");
    assert_eq!(
        strict
            .refused(request.header("Access-Control-Request-Method", "PUT"))
            .status,
        401
    );
}

pub fn websockets_open_for_a_token_only(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let upgrade = || {
        let request = site
            .get("/live")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket");
        request
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let mut client = site.connect();
    assert_eq!(
        client
            .send(&upgrade().bearer(&site.idp.token().sign()))
            .status,
        101
    );
    for message in ["hello", "and again"] {
        client.write(message.as_bytes());
        assert_eq!(client.read_bytes(message.len()), message.as_bytes());
    }
    let answer = site.refused(upgrade());
    assert_eq!(
        (answer.status, code_of(&answer)),
        (401, "token_missing".to_owned())
    );
}

pub fn a_decision_costs_no_connection(proxy: &Proxy) {
    assert_eq!(connections_for(proxy, 1), 1);
}

/// How many connections the proxy made to the service for so many clients at once, each with a
/// hundred requests.
pub fn connections_for(proxy: &Proxy, clients: usize) -> usize {
    let site = Site::counting(proxy, &[("REQUIRED_SCOPES", "read")]);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| (0..25).fold(site.connect(), |client, _| mixed_round(&site, client)));
        }
    });
    site.connections_to_doorward()
}

/// The service closes idle connections, and may do so while a question is on its way: proxies ask
/// again.
pub fn an_idle_connection_that_ends_in_the_wrong_moment_costs_no_answer(proxy: &Proxy) {
    let site = Site::counting(proxy, &[("REQUIRED_SCOPES", "read")]);
    for _ in 0..5 {
        mixed_round(&site, site.connect());
        site.lose_a_question();
        mixed_round(&site, site.connect());
    }
    assert!(site.connections_to_doorward() > 5, "no connection was lost");
}

pub fn restarts_cause_no_wrong_answer(proxy: &Proxy) {
    let mut site = Site::behind(proxy, &[("REQUIRED_SCOPES", "read")]);
    for _ in 0..4 {
        (0..3).fold(site.connect(), |client, _| mixed_round(&site, client));
        site.stop_doorward();
        site.start_doorward();
    }
    mixed_round(&site, site.connect());
}

pub fn nothing_passes_while_doorward_is_down(proxy: &Proxy) {
    let mut site = Site::behind(proxy, &[]);
    let token = site.idp.token().sign();
    site.served(site.get("/").bearer(&token));
    site.stop_doorward();
    for _ in 0..3 {
        assert_eq!(
            site.refused(site.get("/").bearer(&token)).status,
            proxy.when_down
        );
        assert_eq!(site.refused(site.get("/")).status, proxy.when_down);
        assert_eq!(
            site.refused(site.request("POST", "/").body("x").bearer(&token))
                .status,
            proxy.when_down
        );
    }
    site.start_doorward();
    site.served(site.get("/").bearer(&token));
}

pub fn a_token_of_12_kilobytes_passes(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let token = site.idp.token().claim("filler", "x".repeat(9_000)).sign();
    assert!((12_000..16_384).contains(&token.len()), "{}", token.len());
    assert_eq!(
        site.served(site.get("/").bearer(&token))
            .get("X-Auth-Subject"),
        "alice"
    );
}

/// What the service allows must fit into the proxy's buffers: whatever is longer is denied before.
pub fn the_longest_identity_arrives(proxy: &Proxy) {
    let site = Site::behind(proxy, &[]);
    let allowed = |subject: &String| {
        site.gate()
            .verdict(&site.idp.token().subject(subject).sign())
            == "200"
    };
    let longest = (2000..3072)
        .rev()
        .step_by(8)
        .map(|length| "s".repeat(length))
        .find(allowed)
        .unwrap();
    let seen = site.served(
        site.get("/")
            .bearer(&site.idp.token().subject(&longest).sign()),
    );
    assert_eq!(seen.get("X-Auth-Subject"), longest);
}

/// Requests with and without a body, allowed and denied, of which each must get its own answer.
fn mixed_round(site: &Site, mut client: Client) -> Client {
    let with_scope = |token: TokenBuilder| token.claim("scope", "read").sign();
    let allowed = client.send(
        &site
            .request("POST", "/")
            .bearer(&with_scope(site.idp.token()))
            .body("wanted"),
    );
    let seen = Site::echoed(&allowed);
    assert_eq!(
        (seen.get("X-Auth-Subject"), seen.body.as_str()),
        ("alice", "wanted")
    );
    let expired = client.send(
        &site
            .get("/")
            .bearer(&with_scope(site.idp.token().expires_in(-60))),
    );
    assert_eq!(
        (expired.status, code_of(&expired)),
        (401, "token_expired".to_owned())
    );
    let missing = client.send(&site.request("POST", "/").body("unwanted"));
    assert_eq!(
        (missing.status, code_of(&missing)),
        (401, "token_missing".to_owned())
    );
    let without_scope = client.send(&site.get("/").bearer(&site.idp.token().sign()));
    assert_eq!(
        (without_scope.status, code_of(&without_scope)),
        (403, "scope_insufficient".to_owned())
    );
    client
}

/// The refusal through the proxy; status, body and challenge are those of the service itself.
fn refused_as_doorward_says(site: &Site, with: impl Fn(Request) -> Request) -> Answer {
    let answer = site.refused(with(site.get("/guarded")));
    let own = with(site.gate().get("/verify/haproxy")).send();
    assert_eq!((answer.status, &answer.body), (own.status, &own.body));
    for name in [
        "www-authenticate",
        "retry-after",
        "cache-control",
        "content-type",
    ] {
        assert_eq!(answer.get(name), own.get(name), "{name}");
    }
    let identity = answer
        .fields
        .iter()
        .any(|(name, _)| name == "x-auth-subject");
    assert!(!identity, "a denial tells nobody who he is: {answer:?}");
    answer
}

fn assert_is_alice(seen: &Echoed, how: &str) {
    assert_eq!(seen.get("X-Auth-Subject"), "alice", "{how}");
    assert!(
        seen.fields
            .iter()
            .all(|(_, value)| !value.contains(MALLORY)),
        "{how}: {seen:?}"
    );
}

fn code_of(answer: &Answer) -> String {
    answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
