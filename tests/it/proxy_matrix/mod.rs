//! What clients and applications get to see behind each proxy with the configuration that we ship for it, as the tables of
//! docs/proxies.md.
//!
//! What must hold everywhere is asserted by the proxy suite. Here is written down where proxies differ.

mod denials;
mod smuggling;
mod traffic;

use std::sync::OnceLock;

use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Proxy, Site, TestGate, TestIssuer};
use crate::traefik::TRAEFIK;

/// In the order of the columns.
const PROXIES: [(&str, &Proxy); 6] = [
    ("nginx", &NGINX),
    ("Traefik", &TRAEFIK),
    ("Caddy", &CADDY),
    ("Envoy", &ENVOY),
    ("Envoy, gRPC", &ENVOY_GRPC),
    ("HAProxy", &HAPROXY),
];

/// A row of a table: what is tried, and what is seen.
struct Case {
    name: &'static str,
    look: fn(&Stand) -> String,
}

/// What is tried at one proxy.
struct Stand {
    proxy: &'static Proxy,
    site: Site,
}

/// What was seen, by table, row and column; once for all tests.
fn seen() -> &'static [Vec<Vec<String>>] {
    static SEEN: OnceLock<Vec<Vec<Vec<String>>>> = OnceLock::new();
    SEEN.get_or_init(|| {
        let columns: Vec<Vec<Vec<String>>> = std::thread::scope(|scope| {
            let runs = PROXIES.map(|(_, proxy)| scope.spawn(move || Stand::at(proxy).look_at_everything()));
            runs.map(|run| run.join().unwrap()).into()
        });
        let row = |table: usize, row: usize| columns.iter().map(|column| column[table][row].clone()).collect();
        TABLES.iter().enumerate().map(|(at, cases)| (0..cases.len()).map(|case| row(at, case)).collect()).collect()
    })
}

const TABLES: [&[Case]; 3] = [denials::CASES, smuggling::CASES, traffic::CASES];

impl Stand {
    fn at(proxy: &'static Proxy) -> Self {
        Self { proxy, site: Site::behind(proxy, &[("REQUIRED_SCOPES", "read"), ("ALLOW_PREFLIGHT", "true")]) }
    }

    fn look_at_everything(&self) -> Vec<Vec<String>> {
        TABLES.iter().map(|cases| cases.iter().map(|case| (case.look)(self)).collect()).collect()
    }

    /// A good token.
    fn token(&self) -> String {
        self.site.idp.token().claim("scope", "read").sign()
    }

    /// A site without the keys of its issuer.
    fn without_keys(&self) -> Site {
        let idp = TestIssuer::new().serve();
        idp.answer_instead(500, "");
        let gate = TestGate::new().discovering(&idp);
        Site::with(self.proxy, idp, gate, &[("JWKS_WAIT", "10ms")])
    }
}

/// The tables in Markdown, with headings.
pub fn tables() -> String {
    let titles = ["What the client is told", "What a client brings along", "Traffic"];
    let head: Vec<_> = PROXIES.iter().map(|(name, _)| *name).collect();
    let table = |(title, (cases, rows)): (&str, (&&[Case], &Vec<Vec<String>>))| {
        let rows = cases.iter().zip(rows).map(|(case, cells)| format!("| {} | {} |\n", case.name, cells.join(" | ")));
        let lines = "| --- ".repeat(head.len() + 1);
        format!("### {title}\n\n| | {} |\n{lines}|\n{}", head.join(" | "), rows.collect::<String>())
    };
    titles.into_iter().zip(TABLES.iter().zip(seen())).map(table).collect::<Vec<_>>().join("\n")
}

/// Whatever the table says elsewhere, this word may not stand in it.
#[test]
fn nothing_is_smuggled_past_any_proxy() {
    for (cases, rows) in TABLES.iter().zip(seen()) {
        for (case, cells) in cases.iter().zip(rows) {
            let passed = cells.iter().any(|cell| cell.contains(smuggling::PASSED));
            assert!(!passed, "{}: {cells:?}", case.name);
        }
    }
}
