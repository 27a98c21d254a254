//! `docs/browsers.md` with a real log-in: oauth2-proxy in front of nginx, and Keycloak as the
//! provider. The test acts as the browser.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browsers::{PAGE, start_with};
use crate::nginx::NGINX;
use crate::support::keycloak::{Keycloak, Realm};
use crate::support::{
    Answer, Component, Proxy, Request, Site, TestGate, TestIssuer, Wiring, blocks, repository,
};

#[test]
fn a_log_in_at_keycloak_opens_the_page() {
    let realm = Keycloak::shared().realm("tests");
    let site = site(&realm);
    let front = front(&realm, site.address());
    let page = format!("http://{}/orders?page=2", front.address);

    let mut browser = Browser::default();
    let to_log_in = browser.follow(&page, &format!("http://{}/realms/", realm.address));
    let form = browser.get(&to_log_in);
    assert_eq!(form.status, 200, "{form:?}");
    let action = form_action(&form.body);
    let logged_in = browser.send("POST", &action, "username=alice&password=alice");
    let back = location(&logged_in);
    let callback = format!("http://{}/oauth2/callback?", front.address);
    assert!(back.starts_with(&callback), "{logged_in:?}");
    assert_eq!(location(&browser.get(&back)), "/orders?page=2");

    // The application gets the identity from doorward only.
    let seen = Site::echoed(&browser.get(&page));
    assert_eq!(seen.target, "/orders?page=2");
    assert_eq!(
        ["X-Auth-Email", "X-Auth-Client-Id", "X-Forwarded-User"].map(|name| seen.get(name)),
        ["alice@tests.example", "pages", ""]
    );
    let forged = browser
        .request("GET", &page)
        .header("X-Auth-Email", "m@x.example");
    let forged = Site::echoed(&forged.send());
    assert_eq!(forged.get("X-Auth-Email"), "alice@tests.example");

    // Requests that bypass oauth2-proxy, and requests without a session.
    let around = site.refused(site.get("/orders").header("X-Forwarded-User", "mallory"));
    assert_eq!(location(&around), "/oauth2/start?rd=/orders");
    let mut stranger = Browser::default();
    stranger.follow(&page, &format!("http://{}/realms/", realm.address));
}

/// nginx with doorward, by the second configuration of the page.
fn site(realm: &Realm) -> Site {
    let settings = blocks(PAGE, "yaml").remove(1);
    let issuer = "https://idp.example.com/realms/main";
    assert!(settings.contains(issuer));
    let gate = TestGate::new()
        .by_machine_time()
        .set("JWKS_WAIT", "15s")
        .set("DEPENDENCY_WAIT", "15s")
        .file(settings.replace(issuer, &realm.issuer()));
    let start: fn(&Wiring) -> Component = |wiring| start_with(wiring, &blocks(PAGE, "nginx")[1]);
    Site::with(&Proxy { start, ..NGINX }, TestIssuer::new(), gate, &[])
}

/// oauth2-proxy with the configuration of the page.
fn front(realm: &Realm, site: SocketAddr) -> Component {
    Component::listening(|directory, port| {
        let file = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let own = format!("127.0.0.1:{port}");
        let changes = [
            ("https://idp.example.com/realms/main", realm.issuer()),
            ("https://app.example.com", format!("http://{own}")),
            (
                "/etc/oauth2-proxy/client-secret",
                file("client-secret", "pages-secret"),
            ),
            (
                "/etc/oauth2-proxy/cookie-secret",
                file("cookie-secret", "0123456789abcdef0123456789abcdef"),
            ),
            ("0.0.0.0:4180", own),
            ("http://127.0.0.1:80/", format!("http://{site}/")),
        ];
        let mut settings = blocks(PAGE, "toml").remove(0);
        for (from, to) in &changes {
            assert!(settings.contains(from), "{from}");
            settings = settings.replace(from, to);
        }
        let mut command = Command::new(oauth2_proxy());
        command
            .arg("--config")
            .arg(file("oauth2-proxy.cfg", &settings));
        command
    })
}

fn oauth2_proxy() -> PathBuf {
    let program: &Path = &repository().join(".tools/go/bin/oauth2-proxy");
    assert!(
        program.is_file(),
        "oauth2-proxy is not installed\nhint: run `make setup`"
    );
    program.to_owned()
}

/// As much of a browser as a log-in needs: cookies, by host and port.
#[derive(Default)]
struct Browser(BTreeMap<(String, String), String>);

impl Browser {
    fn get(&mut self, url: &str) -> Answer {
        self.send("GET", url, "")
    }

    fn send(&mut self, method: &str, url: &str, form: &str) -> Answer {
        let mut request = self.request(method, url);
        if method == "POST" {
            request = request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let (host, _) = parts(url);
        let answer = request.send();
        for (name, value) in &answer.fields {
            if name == "set-cookie" {
                let pair = value.split(';').next().unwrap();
                let (cookie, value) = pair.split_once('=').unwrap();
                let key = (host.to_owned(), cookie.to_owned());
                self.0.insert(key, value.to_owned());
            }
        }
        answer
    }

    /// With the cookies of the host.
    fn request(&self, method: &str, url: &str) -> Request {
        let (host, target) = parts(url);
        let own = self.0.iter().filter(|((of, _), _)| of == host);
        let cookies: Vec<_> = own
            .filter(|(_, value)| !value.is_empty())
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let request = Request::new(host.parse().unwrap(), method, target).host(host);
        if cookies.is_empty() {
            return request;
        }
        request.header("Cookie", cookies.join("; "))
    }

    /// Follows redirects to a URL that begins so, which it does not ask for any more.
    fn follow(&mut self, url: &str, goal: &str) -> String {
        let mut url = url.to_owned();
        for _ in 0..5 {
            let next = location(&self.get(&url));
            if next.starts_with(goal) {
                return next;
            }
            let host = parts(&url).0;
            url = format!("http://{host}{next}");
        }
        panic!("never came to {goal}, but to {url}");
    }
}

/// Host with port, and the target.
fn parts(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{answer:?}");
    answer.get("location").unwrap().to_owned()
}

/// Where the log-in page sends name and password.
fn form_action(page: &str) -> String {
    let (_, behind) = page
        .split_once("id=\"kc-form-login\"")
        .unwrap_or_else(|| panic!("no form: {page}"));
    let (_, behind) = behind.split_once("action=\"").unwrap();
    behind.split('"').next().unwrap().replace("&amp;", "&")
}
