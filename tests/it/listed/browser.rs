//! A browser in front of a page that takes passwords, behind a real proxy.

use super::{Files, user};
use crate::nginx::NGINX;
use crate::support::{Echoed, Proxy, Site, TestGate, TestIssuer, Visit, browse};
use crate::traefik::TRAEFIK;

const ROUTES: &str = "
routes:
  - {name: pages, match: {path: /pages/**}, issuers: [main, basic]}
  - {name: tokens, match: {path: /tokens}, issuers: [main]}
  - {name: resource, match: {path: /resource}, issuers: [main, basic], resource_metadata: 'https://h/m'}
  - {name: open, match: {path: /}, access: anonymous}
";

/// A site whose routes take tokens, passwords or both.
fn site(proxy: &Proxy, files: &Files) -> Site {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("NAME", "main")
        .set(
            "HTPASSWD_FILE",
            files.write("htpasswd", user("alice", "secret")),
        )
        .set("TOKEN_SOURCES", "bearer, basic")
        .set("REALM", "The shop")
        .file(ROUTES);
    Site::with(proxy, idp, gate, &[])
}

fn urls(site: &Site, paths: &[&str]) -> Vec<String> {
    let address = site.address();
    let urls = paths.iter().map(|path| format!("http://{address}{path}"));
    urls.collect()
}

/// The number of dialogs, the status, and the reason of a denial.
fn outcome(visit: &Visit) -> (usize, u16, String) {
    let body: serde_json::Value =
        serde_json::from_str(&visit.text).unwrap_or_else(|error| panic!("{error}: {}", visit.text));
    let reason = body["code"].as_str().unwrap_or_default();
    (visit.asked.len(), visit.status, reason.to_owned())
}

fn shown(dialogs: usize, status: u16, reason: &str) -> (usize, u16, String) {
    (dialogs, status, reason.to_owned())
}

/// Both schemes are on the route, and the browser must find its own.
fn a_browser_asks_until_the_password_is_right(proxy: &Proxy) {
    let files = Files::new();
    let site = site(proxy, &files);
    let pages = urls(&site, &["/pages/orders", "/pages/bills"]);
    let visits = browse(&pages, &[("alice", "wrong"), ("alice", "secret")]);
    let [orders, bills] = &visits[..] else {
        panic!("{visits:?}");
    };
    assert_eq!((orders.asked.len(), orders.status), (2, 200), "{orders:?}");
    for dialog in &orders.asked {
        let origin = format!("http://{}", site.address());
        assert_eq!(
            (&*dialog.origin, &*dialog.scheme, &*dialog.realm),
            (&*origin, "basic", "The shop")
        );
    }
    assert_eq!((bills.asked.len(), bills.status), (0, 200), "remembered");
    for (visit, target) in [(orders, "/pages/orders"), (bills, "/pages/bills")] {
        let seen: Echoed = serde_json::from_str(&visit.text).unwrap();
        assert_eq!(
            (seen.target.as_str(), seen.get("X-Auth-Subject")),
            (target, "alice")
        );
    }
}

fn a_cancelled_dialog_shows_the_denial(proxy: &Proxy, of_resource: usize) {
    let files = Files::new();
    let site = site(proxy, &files);
    let wrong = browse(&urls(&site, &["/pages/"]), &[("alice", "wrong")]);
    assert_eq!(outcome(&wrong[0]), shown(2, 401, "credentials_invalid"));

    let mut pages = urls(&site, &["/pages/", "/tokens", "/resource", "/"]);
    let admin = site.gate().admin;
    pages.extend(["/", "/status"].map(|path| format!("http://{admin}{path}")));
    let visits = browse(&pages, &[]);
    let denied = visits[..3].iter().map(outcome).collect::<Vec<_>>();
    assert_eq!(
        denied,
        [
            shown(1, 401, "token_missing"),
            shown(0, 401, "token_missing"),
            shown(of_resource, 401, "token_missing"),
        ]
    );
    for open in &visits[3..] {
        assert_eq!((open.asked.len(), open.status), (0, 200), "{open:?}");
    }
    assert!(visits[4].text.contains("/status"), "{:?}", visits[4]);
    assert!(visits[5].text.contains("\"basic\""), "{:?}", visits[5]);
}

#[test]
fn behind_nginx_a_browser_asks_until_the_password_is_right() {
    a_browser_asks_until_the_password_is_right(&NGINX);
}

#[test]
fn behind_traefik_a_browser_asks_until_the_password_is_right() {
    a_browser_asks_until_the_password_is_right(&TRAEFIK);
}

/// nginx hands on one line with all challenges, of which a browser reads the first. That of a
/// resource is `Bearer`.
#[test]
fn behind_nginx_a_cancelled_dialog_shows_the_denial() {
    a_cancelled_dialog_shows_the_denial(&NGINX, 0);
}

/// Traefik hands on a line for each challenge, and a browser reads all lines.
#[test]
fn behind_traefik_a_cancelled_dialog_shows_the_denial() {
    a_cancelled_dialog_shows_the_denial(&TRAEFIK, 1);
}

/// A page cannot answer for its user.
#[test]
fn a_script_in_a_page_causes_a_dialog_too() {
    let files = Files::new();
    let site = site(&NGINX, &files);
    let mut pages = urls(&site, &["/", "/pages/orders"]);
    pages[1].insert_str(0, "fetch ");
    let visits = browse(&pages, &[("alice", "secret")]);
    let told: Vec<_> = visits
        .iter()
        .map(|visit| (visit.asked.len(), visit.status))
        .collect();
    assert_eq!(told, [(0, 200), (1, 200)]);
    let cancelled = browse(&pages, &[]);
    assert_eq!(outcome(&cancelled[1]), shown(1, 401, "token_missing"));
}

/// The challenge of the admin listener is `Bearer`, which no browser answers.
#[test]
fn the_admin_listener_never_causes_a_dialog() {
    let files = Files::new();
    let path = files.write("htpasswd", user("alice", "secret"));
    let gate = super::with_passwords(&path)
        .set("ADMIN_TOKEN", "a-token-of-at-least-thirty-two-characters")
        .spawn();
    let pages = ["/", "/status", "/nowhere"].map(|path| format!("http://{}{path}", gate.admin));
    for visit in browse(&pages, &[("alice", "secret")]) {
        assert_eq!((visit.asked.len(), visit.status), (0, 401), "{visit:?}");
    }
}
