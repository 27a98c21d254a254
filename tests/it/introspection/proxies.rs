//! An opaque token through each proxy.

use serde_json::json;

use super::server;
use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Proxy, Script, Site, TestIssuer};
use crate::traefik::TRAEFIK;

const PROXIES: [(&str, &Proxy); 6] = [
    ("nginx", &NGINX),
    ("Traefik", &TRAEFIK),
    ("Caddy", &CADDY),
    ("Envoy", &ENVOY),
    ("Envoy, gRPC", &ENVOY_GRPC),
    ("HAProxy", &HAPROXY),
];

#[test]
fn an_opaque_token_is_judged_behind_every_proxy() {
    for (name, proxy) in PROXIES {
        let server = server();
        server.knows("good", &json!({"sub": "opaque-alice"}));
        let site = Site::with(
            proxy,
            TestIssuer::new(),
            server.gate().by_machine_time(),
            &[],
        );
        let seen = site.served(site.get("/").bearer("good"));
        let subject = seen
            .fields
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case("x-auth-subject"));
        assert_eq!(
            subject.map(|(_, value)| value.as_str()),
            Some("opaque-alice"),
            "{name}"
        );
        let refused = site.refused(site.get("/").bearer("unknown"));
        assert_eq!(refused.status, 401, "{name}: {refused:?}");
        server.script(Script::Hang);
        // On a busy machine one attempt may be too slow for the proxy; a proxy that is too
        // impatient lets none be answered.
        let is_answered = (0..3).any(|attempt| is_answered_in_time(&site, proxy, attempt));
        assert!(
            is_answered,
            "{name} does not wait for as long as the service"
        );
        server.script(Script::ByToken);
        let site_serves = site.served(site.get("/").bearer("good"));
        assert!(!site_serves.fields.is_empty(), "{name}");
    }
}

/// Returns `true` if the service answered this request itself, after it has waited for as long as it
/// does without a setting, and before the proxy gave up. Each attempt has a path of its own.
fn is_answered_in_time(site: &Site, proxy: &Proxy, attempt: usize) -> bool {
    let path = format!("/late-{attempt}");
    let refused = site.refused(site.get(&path).bearer(&format!("late-{attempt}")));
    // A decision is logged before its answer leaves. If the proxy gives up, its client has an answer
    // before there is a decision.
    let lines = site.gate().log_lines();
    let Some(line) = lines.iter().find(|line| line["path"] == path) else {
        return false;
    };
    assert_eq!(line["reason"], "dependency_unavailable", "{line}");
    let expected = if proxy.passes_on_503 {
        "503 dependency_unavailable"
    } else {
        "503"
    };
    assert_eq!(refused.verdict(), expected, "{refused:?}");
    if proxy.passes_on_503 {
        assert_eq!(refused.json()["code"], "dependency_unavailable");
    }
    true
}
