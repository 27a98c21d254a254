//! Caddy with the configuration that we ship, in front of an application.

use std::process::Command;

use crate::support::{Component, Proxy, Wiring, program, proxy_suite};

pub const CADDY: Proxy = Proxy {
    dialect: "caddy",
    start,
    when_down: 502,
    two_authorizations: "401 token_ambiguous",
    passes_on_503: true,
};

proxy_suite!(CADDY);

fn start(wiring: &Wiring) -> Component {
    start_shipped("caddy", wiring, &[])
}

/// This version of Caddy with the shipped configuration, but for these places.
pub fn start_shipped(version: &str, wiring: &Wiring, changes: &[(&str, &str)]) -> Component {
    let addresses = [
        ("127.0.0.1:8080", wiring.doorward.as_str()),
        ("127.0.0.1:3000", &wiring.application),
    ];
    run(
        version,
        &wiring.shipped("deploy/caddy/Caddyfile", &[&addresses, changes].concat()),
    )
}

/// This site and nothing else.
pub fn start_site(site: &str) -> Component {
    run("caddy", &format!("{{\n\tpersist_config off\n}}\n{site}"))
}

fn run(version: &str, configuration: &str) -> Component {
    Component::listening(|directory, port| {
        // No certificate from outside, and no port that other tests share.
        let text = configuration
            .replace(
                "persist_config off",
                "persist_config off\n\tadmin off\n\tdefault_bind 127.0.0.1",
            )
            .replace("app.example.com {", &format!("http://:{port} {{"));
        let file = directory.join("Caddyfile");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program(version));
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file);
        command
            .env("XDG_DATA_HOME", directory)
            .env("XDG_CONFIG_HOME", directory);
        command
    })
}
