//! `deploy/grafana`: what the dashboard asks has an answer, from a real Prometheus that scraped the
//! running service.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::listed::Files;
use crate::prometheus;
use crate::support::{IntrospectionEndpoint, TestGate, TestIssuer, eventually, shipped};

const DASHBOARD: &str = "deploy/grafana/doorward.json";

/// An issuer whose keys cannot be fetched.
const GONE: &str = "http://127.0.0.1:1";

fn dashboard() -> Value {
    serde_json::from_str(&shipped(DASHBOARD, &[])).unwrap()
}

/// The queries of all panels, each with the title of its panel.
fn queries() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let panels = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|panel| panel["type"] != "row");
    let of_panel = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().unwrap().clone();
        targets
            .into_iter()
            .map(move |target| (title.clone(), target["expr"].as_str().unwrap().to_owned()))
    };
    panels.flat_map(of_panel).collect()
}

/// None of them may come back empty: the traffic has every verdict and every use of the cache.
#[test]
fn every_query_finds_something() {
    let idp = TestIssuer::new().serve();
    let endpoint = IntrospectionEndpoint::start();
    let keys = Files::new();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("API_KEYS_FILE", keys.write("keys.yaml", "[]"))
        .file(configuration(&idp, &endpoint))
        .spawn();
    let prometheus = prometheus::start(&gate);
    assert!(gate.reload());
    let mut open = queries();
    assert!(open.len() > 20, "the dashboard was not read");
    eventually("every query to find something", || {
        ask_about_everything(&gate, &idp);
        open.retain(|(title, query)| {
            let query = query
                .replace("$instance", ".+")
                .replace("$__rate_interval", "10s");
            assert!(!query.contains('$'), "{title}: {query}");
            let found = prometheus::values(&prometheus, &query)
                .unwrap_or_else(|| panic!("{title}: refused: {query}"));
            // Without TLS there is no certificate that ends.
            found.iter().all(|value| value == "NaN") && !query.contains("doorward_tls_")
        });
        open.is_empty().then_some(())
    });
}

fn configuration(idp: &TestIssuer, endpoint: &IntrospectionEndpoint) -> String {
    let (url, asked) = (idp.url(), &endpoint.url);
    format!(
        "issuers:\n\
         - {{name: main, issuer: '{url}', jwks_url: '{url}/jwks', audience: [api],\n\
            \x20  introspection: opaque, introspection_url: '{asked}/introspect', introspection_auth: none}}\n\
         - {{name: gone, issuer: '{GONE}', jwks_url: '{GONE}/jwks', audience: [api], jwks_wait: 1ms}}\n\
         routes: [{{name: all, match: {{}}}}]\n"
    )
}

/// Every verdict and every use of the cache, and time enough for another fetch.
fn ask_about_everything(gate: &TestGate, idp: &TestIssuer) {
    idp.clock.advance(Duration::from_mins(1));
    let token = idp.token().sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    assert_eq!(gate.verdict("e30.!.a"), "401 token_malformed");
    assert_eq!(gate.verdict("opaque"), "401 token_inactive");
    assert_eq!(
        gate.verdict(&idp.token().expires_in(-60).sign()),
        "401 token_expired"
    );
    assert_eq!(
        gate.verdict(&idp.token().claim("iss", GONE).sign()),
        "503 keys_unavailable"
    );
}

/// Every metric that is documented is on the dashboard.
#[test]
fn every_metric_is_shown() {
    let all: String = queries()
        .into_iter()
        .map(|(_, query)| query + " ")
        .collect();
    let page = shipped("docs/metrics.md", &[]);
    let documented: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let missing: Vec<_> = documented
        .into_iter()
        .filter(|metric| !all.contains(metric))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// It works with any Prometheus, and its panels neither overlap nor share an id.
#[test]
fn the_dashboard_is_well_formed() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
        let places = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
        assert!(
            places.into_iter().all(|place| taken.insert(place)),
            "{} lies on another panel",
            panel["title"]
        );
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
        }
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["datasource", "instance"]);
}
