//! Odd paths through real proxies: what was not let in must not be reached, whatever a server makes
//! of the path.
//!
//! All proxies are in front of one service and one application. The requests go out byte by byte
//! and carry no token, so whatever reaches the application went through an open route.

mod judgement;
mod paths;
mod readings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::caddy::CADDY;
use crate::envoy::start_keeping_request_ids;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Client, Component, Echo, Echoed, TestGate, TestIssuer, Wiring};
use crate::traefik::TRAEFIK;

type Start = fn(&Wiring) -> Component;

/// In the order of the columns.
const PROXIES: [(&str, Start); 5] = [
    ("nginx", NGINX.start),
    ("Traefik", TRAEFIK.start),
    ("Caddy", CADDY.start),
    ("Envoy", start_keeping_request_ids),
    ("HAProxy", HAPROXY.start),
];

/// At one host everything is open but one directory, at the other one directory and nothing else.
const ROUTES: &str = "
routes:
  - {name: admin, match: {host: guarded.example, path: '/admin/**'}}
  - {name: others, match: {host: guarded.example}, access: anonymous}
  - {name: public, match: {host: open.example, path: '/public/**'}, access: anonymous}
  - {name: rest, match: {host: open.example}}
";
const HOSTS: [&str; 2] = ["guarded.example", "open.example"];

/// How many paths are made up beside the table, and from what. A run with other numbers is a run
/// with other paths.
const RANDOM_PATHS: usize = 700;
const SEED: u64 = 20_261_124;

/// What became of a request.
#[derive(Debug, Clone)]
enum Fate {
    /// The proxy refused, with this status or by hanging up, and did not ask doorward.
    RefusedByProxy(Option<u16>),
    /// The service refused the path.
    RefusedAsOdd,
    /// The service took this route, and the route wanted a token.
    Denied { route: String },
    /// It reached the application like this.
    Served {
        route: String,
        host: String,
        target: String,
    },
}

struct Trial {
    proxy: &'static str,
    host: &'static str,
    target: Vec<u8>,
    fate: Fate,
}

#[test]
fn open_routes_lead_nowhere_else() {
    let mut served = 0;
    for Trial {
        proxy,
        target,
        fate,
        ..
    } in trials()
    {
        let Fate::Served {
            route,
            host,
            target: seen,
        } = fate
        else {
            continue;
        };
        assert_eq!(
            route == "public",
            host == "open.example",
            "{proxy}: the host served is not the host judged"
        );
        let what = format!(
            "{proxy} made {seen:?} at {host} of {:?}",
            String::from_utf8_lossy(target)
        );
        for reading in readings::of(seen) {
            assert!(is_open(host, &reading), "{what}, which may be {reading:?}");
        }
        served += 1;
    }
    assert!(
        served > 500,
        "{served} requests were served: this says nothing"
    );
}

#[test]
fn proxies_agree_on_the_route_or_refuse() {
    let mut routes = BTreeMap::<(&str, &[u8]), BTreeMap<&str, Vec<&str>>>::new();
    for Trial {
        proxy,
        host,
        target,
        fate,
    } in trials()
    {
        if let Fate::Denied { route } | Fate::Served { route, .. } = fate {
            routes
                .entry((host, target))
                .or_default()
                .entry(route)
                .or_default()
                .push(proxy);
        }
    }
    let differ = routes
        .iter()
        .filter(|((_, target), routes)| routes.len() > 1 && !is_read_in_two_ways(target));
    let differ: Vec<_> = differ
        .map(|((host, target), routes)| format!("{host} {} {routes:?}", target.escape_ascii()))
        .collect();
    assert_eq!(differ, Vec::<String>::new());
}

/// Of `//..` Traefik merges the slashes first, and Envoy goes up first. Each asks for what it then
/// serves.
fn is_read_in_two_ways(target: &[u8]) -> bool {
    let text = String::from_utf8_lossy(target)
        .to_lowercase()
        .replace("%2e", ".");
    text.contains("//") && text.contains("..")
}

/// Not the same as `/`, for those who resolve the target as a reference: the page about upstreams
/// warns of it.
#[test]
fn two_slashes_in_front_reach_the_application_behind_some() {
    let mut passed_on = BTreeSet::new();
    for Trial { proxy, fate, .. } in trials() {
        let Fate::Served { host, target, .. } = fate else {
            continue;
        };
        if readings::behind_a_host(target).is_some_and(|path| !is_open(host, &path)) {
            passed_on.insert(*proxy);
        }
    }
    assert_eq!(passed_on, BTreeSet::from(["Caddy", "HAProxy", "nginx"]));
}

/// What became of the table at the host where one directory is guarded, in Markdown.
pub fn table() -> String {
    let names = PROXIES.map(|(name, _)| name);
    let head = format!(
        "| target | {} |\n{}|\n",
        names.join(" | "),
        "| --- ".repeat(names.len() + 1)
    );
    let rows = paths::TABLE.iter().map(|target| {
        let here = trials()
            .iter()
            .filter(|trial| trial.host == HOSTS[0] && trial.target == *target);
        let cells: Vec<_> = here.map(|trial| trial.fate.told(target)).collect();
        format!("| {} | {} |\n", code(target), cells.join(" | "))
    });
    std::iter::once(head).chain(rows).collect()
}

/// Bytes as inline code in a cell of a table.
fn code(bytes: &[u8]) -> String {
    let text = bytes
        .escape_ascii()
        .to_string()
        .replace("\\\\", "\\")
        .replace("\\\"", "\"")
        .replace('|', "\\|");
    match text.as_str() {
        "" => "(empty)".into(),
        text if text.contains('`') => format!("`` {text} ``"),
        text => format!("`{text}`"),
    }
}

impl Fate {
    /// In a word or two.
    fn told(&self, asked: &[u8]) -> String {
        match self {
            Self::RefusedByProxy(Some(status)) => status.to_string(),
            Self::RefusedByProxy(None) => "hung up".into(),
            Self::RefusedAsOdd => "odd".into(),
            Self::Denied { route } => route.clone(),
            Self::Served { route, target, .. } if target.as_bytes() == asked => route.clone(),
            Self::Served { route, target, .. } => format!("{route}: {}", code(target.as_bytes())),
        }
    }
}

/// Whether the routes give this away without a token. Of what a server makes of a path only the
/// outcome must be in the open directory: who stops before that (`/publi%63/x` to the letter) finds
/// nothing.
fn is_open(host: &str, path: &str) -> bool {
    match host {
        "guarded.example" => !readings::is_in(path, "/admin"),
        "open.example" => !readings::is_settled(path) || readings::is_in(path, "/public"),
        _ => panic!("no route is for {host}"),
    }
}

/// What was tried, once for all tests of this file.
fn trials() -> &'static [Trial] {
    static TRIALS: OnceLock<Vec<Trial>> = OnceLock::new();
    TRIALS.get_or_init(run)
}

fn run() -> Vec<Trial> {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(ROUTES)
        .spawn();
    let application = Echo::start();
    let wiring = Wiring::new(gate.verify.to_string(), application.address);
    let mut rng = fastrand::Rng::with_seed(SEED);
    let random = std::iter::repeat_with(|| paths::random(&mut rng)).take(RANDOM_PATHS);
    let targets: BTreeSet<_> = paths::TABLE
        .iter()
        .map(|path| path.to_vec())
        .chain(random)
        .collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let runs = PROXIES.map(|(name, start)| {
            let (wiring, targets) = (&wiring, &targets);
            scope.spawn(move || {
                let proxy = start(wiring);
                let asked = targets
                    .iter()
                    .flat_map(|target| HOSTS.map(|host| (host, target)));
                let answers = asked.enumerate().map(|(number, (host, target))| {
                    let id = format!("{name}-{number}");
                    let answer = ask(proxy.address, host, target, &id);
                    (name, host, target.clone(), id, answer)
                });
                answers.collect::<Vec<_>>()
            })
        });
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    });
    let decisions: HashMap<_, _> = gate
        .log_lines()
        .into_iter()
        .map(|line| {
            (
                line["request_id"].as_str().unwrap_or_default().to_owned(),
                line,
            )
        })
        .collect();
    let trial = |(proxy, host, target, id, answer): (_, _, _, String, Answered)| Trial {
        proxy,
        host,
        target,
        fate: fate(decisions.get(&id), answer),
    };
    answers.into_iter().map(trial).collect()
}

/// The status, and what came through.
type Answered = Option<(u16, Option<Echoed>)>;

fn ask(proxy: SocketAddr, host: &str, target: &[u8], id: &str) -> Answered {
    let head =
        format!(" HTTP/1.1\r\nHost: {host}\r\nX-Request-Id: {id}\r\nConnection: close\r\n\r\n");
    let mut client = Client::connect(proxy);
    client.write_what_is_taken(&[b"GET ", target, head.as_bytes()].concat());
    let answer = client.read_answer(false)?;
    let came_through = answer.get("x-application").is_some();
    Some((
        answer.status,
        came_through.then(|| serde_json::from_str(&answer.body).unwrap()),
    ))
}

fn fate(decision: Option<&serde_json::Value>, answer: Answered) -> Fate {
    let status = answer.as_ref().map(|(status, _)| *status);
    let echoed = answer.and_then(|(_, echoed)| echoed);
    let Some(decision) = decision else {
        assert!(echoed.is_none(), "nobody was asked: {echoed:?}");
        return Fate::RefusedByProxy(status);
    };
    let text = |name: &str| decision[name].as_str().unwrap_or_default().to_owned();
    match echoed {
        Some(seen) => {
            assert_eq!(text("verdict"), "allow", "{decision} {seen:?}");
            Fate::Served {
                route: text("route"),
                host: seen.get("host").to_owned(),
                target: seen.target,
            }
        }
        None if text("reason") == "forwarded_headers_ambiguous" => Fate::RefusedAsOdd,
        None => {
            assert_eq!(
                (text("reason"), status),
                ("token_missing".into(), Some(401)),
                "{decision}"
            );
            Fate::Denied {
                route: text("route"),
            }
        }
    }
}
