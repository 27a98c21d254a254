//! Real proxies that ask over mutual TLS, configured as `docs/listeners.md` says.

use std::sync::{Arc, Mutex, Weak};

use super::{Authority, TestGate, TestIssuer, TlsPlace};
use crate::support::{Component, Proxy, Site, Wiring, blocks, shipped};
use crate::{nginx, traefik};

/// What everybody in a test knows: doorward's files, and those of its proxies in a folder that
/// nginx's workers may read.
struct Certificates {
    doorward: TlsPlace,
    proxy: TlsPlace,
}

/// One for all tests of the moment, because a proxy is started by a function without arguments for
/// it. The files are removed with the last holder, so a test holds them until it ends.
fn certificates() -> Arc<Certificates> {
    static CERTIFICATES: Mutex<Weak<Certificates>> = Mutex::new(Weak::new());
    let mut shared = CERTIFICATES.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let made = Arc::new(Certificates::new());
        *shared = Arc::downgrade(&made);
        made
    })
}

impl Certificates {
    fn new() -> Self {
        let (own, clients) = (Authority::new(), Authority::new());
        let doorward = TlsPlace::new(&own.server());
        doorward.write("ca.pem", &clients.pem());
        let proxy = TlsPlace::new(&clients.client());
        proxy.write("ca.pem", &own.pem());
        let stranger = own.client();
        proxy.write("stranger.pem", &stranger.certificate);
        proxy.write("stranger.key", &stranger.key);
        Self { doorward, proxy }
    }
}

/// The block of the page in this language, with our files in place of the page's.
fn documented(language: &str) -> String {
    let block = blocks("docs/listeners.md", language).remove(0);
    let certificates = certificates();
    let files = &certificates.proxy;
    let folder = match language {
        "nginx" => "/etc/nginx/doorward",
        _ => "/etc/traefik/doorward",
    };
    [
        ("tls.crt", "certificate.pem"),
        ("tls.key", "key.pem"),
        ("ca.crt", "ca.pem"),
    ]
    .into_iter()
    .fold(
        block.replace("doorward.internal", "localhost"),
        |block, (theirs, ours)| {
            let theirs = format!("{folder}/{theirs}");
            assert!(block.contains(&theirs), "{language} has no {theirs}");
            block.replace(&theirs, files.path(ours).to_str().unwrap())
        },
    )
}

#[test]
fn the_settings_of_the_page_are_accepted() {
    let certificates = certificates();
    let files = &certificates.doorward;
    let path = |name: &str| files.path(name).to_str().unwrap().to_owned();
    let place = tempfile::tempdir().unwrap();
    let token = place.path().join("token");
    std::fs::write(&token, "made-by-openssl-rand-hex-32\n").unwrap();
    let mut tls = String::new();
    for block in blocks("docs/listeners.md", "yaml") {
        // The settings of mutual TLS need those of TLS.
        let block = if block.contains("client_ca") {
            tls + &block
        } else {
            block
        };
        let own = [
            ("tls.crt", "certificate.pem"),
            ("tls.key", "key.pem"),
            ("ca.crt", "ca.pem"),
        ];
        let block = block.replace("/etc/doorward/admin-token", token.to_str().unwrap());
        let file = own
            .into_iter()
            .fold(block.clone(), |block, (theirs, ours)| {
                block.replace(&format!("/etc/doorward/tls/{theirs}"), &path(ours))
            });
        let gate = TestGate::new()
            .trusting(&TestIssuer::new())
            .unset("LISTEN")
            .file(file);
        let configuration = gate
            .configuration()
            .unwrap_or_else(|told| panic!("{block}{told}"));
        assert_eq!(
            configuration.tls.is_some(),
            block.contains("tls_"),
            "{block}"
        );
        tls = block;
    }
    assert!(tls.contains("tls_client_ca_file"), "the last one");
}

fn start_nginx(wiring: &Wiring) -> Component {
    start_nginx_with(wiring, &documented("nginx"))
}

/// With a certificate of another authority than the one that doorward believes.
fn start_strange_nginx(wiring: &Wiring) -> Component {
    let lines = documented("nginx")
        .replace("certificate.pem", "stranger.pem")
        .replace("key.pem", "stranger.key");
    start_nginx_with(wiring, &lines)
}

fn start_nginx_with(wiring: &Wiring, lines: &str) -> Component {
    nginx::start_changed(wiring, &|site| {
        let asking = site.replace("proxy_pass http://doorward", "proxy_pass https://doorward");
        assert_eq!(asking.matches("https://doorward").count(), 2);
        asking.replace("    server_name", &format!("{lines}\n    server_name"))
    })
}

fn start_traefik(wiring: &Wiring) -> Component {
    let asking = format!(
        "https://{}/verify/traefik\n{}",
        wiring.doorward,
        documented("traefik")
    );
    let changes = [
        ("http://127.0.0.1:8080/verify/traefik\n", asking.as_str()),
        ("127.0.0.1:3000", &wiring.application),
    ];
    traefik::start_with_routes(&shipped("deploy/traefik/dynamic.yml", &changes))
}

#[test]
fn nginx_over_mutual_tls() {
    asks(&Proxy {
        start: start_nginx,
        ..nginx::NGINX
    });
}

#[test]
fn nginx_with_a_strange_certificate_lets_nobody_in() {
    let idp = TestIssuer::new();
    let certificates = certificates();
    let gate = certificates
        .doorward
        .used_by(TestGate::new().trusting(&idp));
    let site = Site::with(
        &Proxy {
            start: start_strange_nginx,
            ..nginx::NGINX
        },
        idp,
        gate,
        &[],
    );
    assert_eq!(
        site.refused(site.get("/").bearer(&site.idp.token().sign()))
            .status,
        503
    );
}

#[test]
fn traefik_over_mutual_tls() {
    asks(&Proxy {
        start: start_traefik,
        ..traefik::TRAEFIK
    });
}

fn asks(proxy: &Proxy) {
    let idp = TestIssuer::new();
    let certificates = certificates();
    let gate = certificates
        .doorward
        .used_by(TestGate::new().trusting(&idp));
    let site = Site::with(proxy, idp, gate, &[]);
    let token = site.idp.token().sign();
    for _ in 0..3 {
        assert_eq!(
            site.served(site.get("/").bearer(&token))
                .get("x-auth-subject"),
            "alice"
        );
        assert_eq!(site.refused(site.get("/")).verdict(), "401 token_missing");
        assert_eq!(
            site.refused(site.get("/").bearer("x")).verdict(),
            "401 token_malformed"
        );
    }
}
