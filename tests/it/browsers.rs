//! `docs/browsers.md`: pages whose visitors are sent to a log-in, behind a real nginx.

use crate::nginx::{NGINX, command, start_changed, surround};
use crate::support::{
    Answer, Component, Proxy, Request, Site, TestGate, TestIssuer, Wiring, blocks,
};

pub const PAGE: &str = "docs/browsers.md";

/// What the page has its lines take the place of.
const SHIPPED: &str = "    location / {\n        proxy_pass http://application;\n    }\n";

/// The shipped site with these lines of the page.
pub fn start_with(wiring: &Wiring, lines: &str) -> Component {
    start_changed(wiring, &|site| {
        assert_eq!(site.matches(SHIPPED).count(), 1);
        site.replace(SHIPPED, lines)
    })
}

/// The configuration of this number on the page, in front of an application.
fn site(number: usize, start: fn(&Wiring) -> Component) -> Site {
    let idp = TestIssuer::new();
    let lines = blocks(PAGE, "yaml").remove(number);
    let issuer = "issuer: https://idp.example.com/realms/main\n";
    assert!(lines.contains(issuer));
    let own = format!("issuer: https://idp.example\njwks: '{}'\n", idp.jwks());
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(lines.replace(issuer, &own));
    Site::with(&Proxy { start, ..NGINX }, idp, gate, &[])
}

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.get("location").unwrap_or_default())
}

#[test]
fn a_page_with_its_token_in_a_cookie() {
    let mut site = site(0, |wiring| start_with(wiring, &blocks(PAGE, "nginx")[0]));
    let token = |audience: &str| site.idp.token().claim("aud", audience);
    let good = token("my-api").sign();
    let with = |target: &str, token: &str| {
        let cookie = format!("theme=dark; __Host-token={token}");
        site.get(target).header("Cookie", &cookie)
    };
    let seen = site.served(with("/orders?page=2", &good));
    assert_eq!(
        (seen.get("X-Auth-Subject"), seen.target.as_str()),
        ("alice", "/orders?page=2")
    );
    let to_login = |request: Request| {
        let answer = site.refused(request);
        let (status, location) = location(&answer);
        assert_eq!(status, 302, "{answer:?}");
        location.strip_prefix("/login?rd=").unwrap().to_owned()
    };
    assert_eq!(to_login(site.get("/orders?page=2")), "/orders?page=2");
    let expired = token("my-api").expires_in(-60).sign();
    assert_eq!(to_login(with("/", &expired)), "/");
    assert_eq!(to_login(with("/", &token("another").sign())), "/");

    // The API answers as before, and takes the cookie and the header alike.
    let denied = site.refused(site.get("/api/orders"));
    assert_eq!(denied.verdict(), "401 token_missing");
    assert_eq!(
        site.served(with("/api/", &good)).get("X-Auth-Subject"),
        "alice"
    );
    let called = site.get("/api/").bearer(&good);
    assert_eq!(site.served(called).get("X-Auth-Subject"), "alice");

    // The log-in is open, and the application gets no identity there.
    let open = site.get("/login?rd=/").header("X-Auth-Subject", "mallory");
    assert_eq!(site.served(open).get("X-Auth-Subject"), "");

    site.stop_doorward();
    let failed = site
        .get("/")
        .header("Cookie", format!("__Host-token={good}"));
    assert_eq!(site.refused(failed).status, 503);
}

/// Another log-in would not help.
#[test]
fn a_page_that_is_forbidden_leads_to_no_log_in() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_SCOPES", "read");
    let start: fn(&Wiring) -> Component = |wiring| start_with(wiring, &blocks(PAGE, "nginx")[0]);
    let site = Site::with(&Proxy { start, ..NGINX }, idp, gate, &[]);
    let answer = site.refused(site.get("/").bearer(&site.idp.token().sign()));
    assert_eq!(answer.verdict(), "403 scope_insufficient");
}

/// As oauth2-proxy does with the settings of the page: without a session to the log-in, with one to
/// nginx with the token of the session, which is its cookie here.
const LOG_IN_PROXY: &str = r#"
server {
    listen 127.0.0.1:PORT;
    location /oauth2/ {
        return 302 https://idp.example/authorize;
    }
    absolute_redirect off;
    location / {
        if ($cookie__oauth2_proxy = "") {
            return 302 /oauth2/start?rd=$request_uri;
        }
        proxy_set_header Host $http_host;
        proxy_set_header Authorization "Bearer $cookie__oauth2_proxy";
        proxy_pass http://NGINX;
    }
}
"#;

#[test]
fn a_page_behind_a_log_in_proxy() {
    let site = site(1, |wiring| start_with(wiring, &blocks(PAGE, "nginx")[1]));
    let front = Component::listening(|directory, port| {
        surround(directory);
        let server = LOG_IN_PROXY
            .replace("PORT", &port.to_string())
            .replace("NGINX", &site.address().to_string());
        std::fs::write(directory.join("doorward.conf"), server).unwrap();
        command(directory)
    });
    let get = |target: &str| Request::new(front.address, "GET", target);
    let with =
        |token: &str| get("/orders?page=2").header("Cookie", format!("_oauth2_proxy={token}"));
    let token = || site.idp.token().claim("aud", "pages");

    let stranger = site.refused(get("/orders?page=2"));
    let to_log_in = (302, "/oauth2/start?rd=/orders?page=2");
    assert_eq!(location(&stranger), to_log_in);
    let log_in = site.refused(get("/oauth2/start?rd=/"));
    assert_eq!(location(&log_in), (302, "https://idp.example/authorize"));

    let seen = site.served(with(&token().sign()).header("X-Auth-Subject", "mallory"));
    assert_eq!(
        (seen.get("X-Auth-Subject"), seen.target.as_str()),
        ("alice", "/orders?page=2")
    );
    // The session has outlived its token, or is not what doorward accepts.
    for bad in [token().expires_in(-60), site.idp.token()] {
        let answer = site.refused(with(&bad.sign()));
        assert_eq!(location(&answer), to_log_in);
    }
    // Around it.
    let around = site.refused(site.get("/").header("X-Forwarded-User", "mallory"));
    assert_eq!(around.status, 302);
}
