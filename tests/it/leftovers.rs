//! A run of the tests leaves nothing behind outside of the build directory.

use std::process::Command;

use crate::support::repository;

/// A test for each program that is started, and for each kind of shared thing: ports, certificates.
/// Spring looks for itself, because it takes long to start.
const SAMPLE: [&str; 12] = [
    "demo::every_line_of_the_page_gets_the_answer_above_it",
    "glewlwyd::its_tokens_meet_the_profile_of_rfc_9068",
    "keycloak::a_token_of_another_realm",
    "listed::browser::the_admin_listener_never_causes_a_dialog",
    "nginx::doorward_behind_a_unix_socket",
    "oidc_provider::the_profile_of_rfc_9068_is_met",
    "prometheus::decisions_arrive_in_prometheus",
    "proxy_pages::the_shortest_caddy_works",
    "proxy_pages::the_shortest_envoy_works",
    "proxy_pages::the_shortest_haproxy_works",
    "tls::proxies::traefik_over_mutual_tls",
    "upstreams::express",
];

/// They run once more, in a process whose directory for temporary files is empty at first.
#[test]
fn tests_leave_no_temporary_files() {
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .args(SAMPLE)
        .env("TMPDIR", place.path())
        .current_dir(repository())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let all_passed = format!("test result: ok. {} passed", SAMPLE.len());
    assert!(told.contains(&all_passed), "{told}");
    let left: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
