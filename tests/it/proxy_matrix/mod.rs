//! What clients and applications get to see behind each proxy with the configuration that we ship
//! for it, as the tables of docs/proxies.md.
//!
//! What must hold everywhere is asserted by the proxy suite. Here is written down where proxies
//! differ.

mod denials;
pub mod leaving;
mod smuggling;
mod spellings;
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

/// What is tried, and what one proxy does.
type Seen = (String, String);

/// Fills a column of a table.
type Look = fn(&Stand) -> Vec<Seen>;

/// The tables, with their headings.
const TABLES: [(&str, Look); 5] = [
    ("Answers to the client", |stand| {
        stand.look_at(denials::CASES)
    }),
    ("Spoofed headers and odd paths", |stand| {
        stand.look_at(smuggling::CASES)
    }),
    ("Spoofed headers in other spellings", spellings::look),
    ("Protocol upgrades", leaving::look),
    ("Traffic", |stand| stand.look_at(traffic::CASES)),
];

/// What was seen, by proxy and table; once for all tests.
fn seen() -> &'static [Vec<Vec<Seen>>] {
    static SEEN: OnceLock<Vec<Vec<Vec<Seen>>>> = OnceLock::new();
    SEEN.get_or_init(|| {
        std::thread::scope(|scope| {
            let runs = PROXIES.map(|(_, proxy)| {
                scope.spawn(move || {
                    let stand = Stand::at(proxy);
                    TABLES.map(|(_, look)| look(&stand)).into()
                })
            });
            runs.map(|run| run.join().unwrap()).into()
        })
    })
}

impl Stand {
    fn at(proxy: &'static Proxy) -> Self {
        Self {
            proxy,
            site: Site::behind(
                proxy,
                &[("REQUIRED_SCOPES", "read"), ("ALLOW_PREFLIGHT", "true")],
            ),
        }
    }

    fn look_at(&self, cases: &[Case]) -> Vec<Seen> {
        cases
            .iter()
            .map(|case| (case.name.to_owned(), (case.look)(self)))
            .collect()
    }

    /// A good token.
    fn token(&self) -> String {
        self.site.idp.token().claim("scope", "read").sign()
    }

    /// A site with these claim headers, and a proxy with the lines that the command prints for
    /// them.
    fn mapping(&self, claim_headers: &str) -> Site {
        let idp = TestIssuer::new();
        let gate = TestGate::new()
            .trusting(&idp)
            .set("CLAIM_HEADERS", claim_headers);
        Site::with_printed_lines(self.proxy, idp, gate)
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
    let head: Vec<_> = PROXIES.iter().map(|(name, _)| *name).collect();
    let lines = "| --- ".repeat(head.len() + 1);
    let table = |(at, (title, _)): (usize, &(&str, _))| {
        let row = |(row, (name, _)): (usize, &Seen)| {
            let cells: Vec<_> = seen()
                .iter()
                .map(|tables| tables[at][row].1.as_str())
                .collect();
            format!("| {name} | {} |\n", cells.join(" | "))
        };
        let rows: String = seen()[0][at].iter().enumerate().map(row).collect();
        format!(
            "### {title}\n\n| | {} |\n{lines}|\n{rows}",
            head.join(" | ")
        )
    };
    TABLES
        .iter()
        .enumerate()
        .map(table)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whatever the table says elsewhere, it may not have this word.
#[test]
fn nothing_is_smuggled_past_any_proxy() {
    let columns = PROXIES.iter().zip(seen());
    let cells = columns
        .flat_map(|((proxy, _), tables)| tables.iter().flatten().map(move |seen| (proxy, seen)));
    let passed: Vec<_> = cells
        .filter(|(_, (_, cell))| cell.contains(smuggling::PASSED))
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
}
