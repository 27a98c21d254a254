//! A run of the tests leaves nothing behind outside of the build directory.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{eventually, repository};

/// A test for each program that is started, and for each kind of shared thing: ports, certificates.
/// Spring looks for itself, because it takes long to start.
const SAMPLE: [&str; 18] = [
    "activation::sockets_take_the_place_of_addresses",
    "demo::every_line_of_the_page_gets_the_answer_above_it",
    "directory::mariadb::users_pass_while_they_are_there_and_active",
    "directory::pooler::a_pooler_that_refuses_settings_of_a_session",
    "directory::postgres::users_pass_while_they_are_there_and_active",
    "directory::sqlite::users_pass_while_they_are_there_and_active",
    "envoy_grpc::every_status_of_a_denial_reaches_the_client",
    "glewlwyd::its_tokens_meet_the_profile_of_rfc_9068",
    "keycloak::a_token_of_another_realm",
    "nginx::doorward_behind_a_unix_socket",
    "oauth2_proxy::a_log_in_at_keycloak_opens_the_page",
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
    // Databases run as another user than root, and write temporary files too.
    let open = std::fs::Permissions::from_mode(0o1777);
    std::fs::set_permissions(place.path(), open).unwrap();
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
    // A database that tests share ends a moment after them, and then its directory goes.
    eventually("an empty directory for temporary files", || {
        let mut left = std::fs::read_dir(place.path()).unwrap();
        left.next().is_none().then_some(())
    });
}
