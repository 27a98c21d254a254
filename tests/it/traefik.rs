//! Traefik with the configuration that we ship, in front of an application.

use std::process::Command;

use crate::support::{
    Answer, Component, Proxy, Request, Site, Wiring, eventually, program, proxy_suite, shipped,
};

pub const TRAEFIK: Proxy = Proxy {
    dialect: "traefik",
    start,
    when_down: 500,
    two_authorizations: "401 token_ambiguous",
    passes_on_503: true,
};

proxy_suite!(TRAEFIK);

fn start(wiring: &Wiring) -> Component {
    start_with(wiring, "")
}

/// The entry point believes its clients, as behind another proxy.
fn start_behind_another_proxy(wiring: &Wiring) -> Component {
    start_with(
        wiring,
        "\n    forwardedHeaders: {trustedIPs: [127.0.0.1/32]}",
    )
}

fn start_with(wiring: &Wiring, entry_point: &str) -> Component {
    let addresses = [
        ("127.0.0.1:8080", wiring.doorward.as_str()),
        ("127.0.0.1:3000", &wiring.application),
    ];
    run(
        &wiring.shipped("deploy/traefik/dynamic.yml", &addresses),
        entry_point,
    )
}

/// With other routes than the shipped ones.
pub fn start_with_routes(routes: &str) -> Component {
    run(routes, "")
}

fn run(routes: &str, entry_point: &str) -> Component {
    let traefik = Component::listening(|directory, port| {
        let dynamic = directory.join("dynamic.yml");
        let server = shipped(
            "deploy/traefik/traefik.yml",
            &[
                ("\":80\"", &format!("\"127.0.0.1:{port}\"{entry_point}")),
                ("/etc/traefik/dynamic.yml", dynamic.to_str().unwrap()),
            ],
        );
        std::fs::write(&dynamic, routes).unwrap();
        std::fs::write(directory.join("traefik.yml"), server).unwrap();
        let mut command = Command::new(program("traefik"));
        command
            .arg("--configFile")
            .arg(directory.join("traefik.yml"));
        command
    });
    // It listens before it has read its routes.
    eventually("Traefik's routes", || {
        (Request::new(traefik.address, "GET", "/").send().status != 404).then_some(())
    });
    traefik
}

/// The list of names has no end here: what begins like ours is not the client's to set.
#[test]
fn names_that_nobody_has_thought_of_are_removed_too() {
    let site = Site::behind(&TRAEFIK, &[]);
    let request = site
        .get("/")
        .header("X-Auth-Whatever", "mallory")
        .header("X_Auth_Whatever", "mallory");
    let seen = site.served(request.bearer(&site.idp.token().sign()));
    assert!(
        !seen.fields.iter().any(|(_, value)| value == "mallory"),
        "{seen:?}"
    );
}

/// The middleware that the page shows, before doorward.
#[test]
fn denials_have_cors_headers_too() {
    let with_cors = |wiring: &Wiring| {
        let lines = "#cors:\n    #  headers:\n    #    accessControlAllowOriginList: [https://shop.example.com]\n    #    \
                     accessControlAllowMethods: [GET, POST, PUT, DELETE]\n    #    accessControlAllowHeaders: [Authorization, \
                     Content-Type]\n    #    accessControlExposeHeaders: [WWW-Authenticate]\n    #    addVaryHeader: true\n";
        let uncommented = lines.replace('#', "");
        let routes = [
            ("127.0.0.1:8080", wiring.doorward.as_str()),
            ("127.0.0.1:3000", &wiring.application),
            (
                "middlewares: [request-line, doorward]",
                "middlewares: [request-line, cors, doorward]",
            ),
            (lines, &uncommented),
        ];
        start_with_routes(&shipped("deploy/traefik/dynamic.yml", &routes))
    };
    let site = Site::behind(
        &Proxy {
            start: with_cors,
            ..TRAEFIK
        },
        &[],
    );
    let from = |origin: &str| site.get("/").header("Origin", origin);
    let token = site.idp.token().sign();
    let cors = |answer: &Answer| {
        [
            "access-control-allow-origin",
            "access-control-expose-headers",
            "vary",
        ]
        .map(|name| answer.get(name).unwrap_or_default().to_owned())
    };
    let ours = ["https://shop.example.com", "WWW-Authenticate", "Origin"];
    assert_eq!(
        cors(&from("https://shop.example.com").bearer(&token).send()),
        ours
    );
    let denied = site.refused(from("https://shop.example.com"));
    assert_eq!(
        (denied.verdict().as_str(), cors(&denied)),
        ("401 token_missing", ours.map(str::to_owned))
    );
    assert_eq!(
        denied.get("www-authenticate"),
        Some("Bearer realm=\"doorward\"")
    );
    assert_eq!(
        cors(&site.refused(from("https://elsewhere.example")))[0],
        ""
    );
    let asked = site.gate().log_lines().len();
    let preflight = site
        .request("OPTIONS", "/")
        .header("Origin", "https://shop.example.com");
    let preflight = site.refused(preflight.header("Access-Control-Request-Method", "PUT"));
    assert_eq!(
        (preflight.status, cors(&preflight)[0].as_str()),
        (200, "https://shop.example.com")
    );
    assert_eq!(
        preflight.get("access-control-allow-methods"),
        Some("GET,POST,PUT,DELETE")
    );
    assert_eq!(
        site.gate().log_lines().len(),
        asked,
        "doorward was not asked"
    );
}

/// A header that the client declares a matter of one hop never reaches doorward: closed.
#[test]
fn a_hidden_authorization_is_none() {
    let site = Site::behind(&TRAEFIK, &[]);
    let request = site
        .get("/")
        .bearer(&site.idp.token().sign())
        .header("Connection", "Authorization");
    assert_eq!(site.refused(request).verdict(), "401 token_missing");
}

/// Even then a client does not choose which request is checked.
#[test]
fn trusted_forwarded_headers_describe_no_other_request() {
    let proxy = Proxy {
        start: start_behind_another_proxy,
        ..TRAEFIK
    };
    let site = Site::behind(&proxy, &[("ALLOW_PREFLIGHT", "true")]);
    let request = site.get("/admin").header("Origin", "https://shop.example");
    let request = request
        .header("Access-Control-Request-Method", "PUT")
        .header("X-Forwarded-Method", "OPTIONS");
    assert_eq!(
        site.refused(request.header("X-Forwarded-Uri", "/public"))
            .verdict(),
        "401 token_missing"
    );
    assert_eq!(site.gate().log_lines().pop().unwrap()["path"], "/admin");
}
