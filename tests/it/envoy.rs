//! Envoy with the configuration that we ship for its HTTP service of `ext_authz`, in front of an
//! application.

use std::path::Path;
use std::process::Command;

use crate::support::{Component, Proxy, Wiring, program, proxy_suite};

pub const ENVOY: Proxy = Proxy {
    dialect: "envoy",
    start,
    when_down: 503,
    two_authorizations: "401 token_malformed",
    passes_on_503: false,
};

proxy_suite!(ENVOY);

fn start(wiring: &Wiring) -> Component {
    start_with(wiring, &[])
}

/// A client's `X-Request-Id` stays, by which a test finds the decision about its request.
pub fn start_keeping_request_ids(wiring: &Wiring) -> Component {
    let addition = "use_remote_address: true\n                preserve_external_request_id: true";
    start_with(wiring, &[("use_remote_address: true", addition)])
}

fn start_with(wiring: &Wiring, changes: &[(&str, &str)]) -> Component {
    Component::listening(|directory, port| {
        let own = [
            (
                "0.0.0.0, port_value: 80}".to_owned(),
                format!("127.0.0.1, port_value: {port}}}"),
            ),
            (address("127.0.0.1:8080"), address(&wiring.doorward)),
            (address("127.0.0.1:3000"), address(&wiring.application)),
        ];
        let own = own.iter().map(|(from, to)| (from.as_str(), to.as_str()));
        let text = wiring.shipped(
            "deploy/envoy/envoy.yaml",
            &own.chain(changes.iter().copied()).collect::<Vec<_>>(),
        );
        command(directory, &text)
    })
}

/// Envoy with this configuration.
pub fn command(directory: &Path, configuration: &str) -> Command {
    let file = directory.join("envoy.yaml");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program("envoy"));
    command
        .args([
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "-l",
            "warning",
            "-c",
        ])
        .arg(file);
    command
}

/// An endpoint of a cluster.
pub fn endpoint(text: &str) -> String {
    format!(
        "{{endpoint: {{address: {{socket_address: {}}}}}}}",
        address(text)
    )
}

/// As Envoy writes it.
pub fn address(text: &str) -> String {
    let (host, port) = text.rsplit_once(':').unwrap();
    format!("{{address: {host}, port_value: {port}}}")
}
