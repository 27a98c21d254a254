//! Caddy with the configuration that we ship, in front of an application.

use std::process::Command;

use crate::support::{Component, Proxy, Wiring, program, proxy_suite, shipped};

pub const CADDY: Proxy =
    Proxy { dialect: "caddy", start, when_down: 502, two_authorizations: "401 token_ambiguous", passes_on_503: true };

proxy_suite!(CADDY);

fn start(wiring: &Wiring) -> Component {
    Component::listening(|directory, port| {
        let site = shipped(
            "deploy/caddy/Caddyfile",
            &[
                // No certificate from outside, and no port that other tests share.
                ("persist_config off", "persist_config off\n\tadmin off\n\tdefault_bind 127.0.0.1"),
                ("app.example.com {", &format!("http://:{port} {{")),
                ("127.0.0.1:8080", &wiring.doorward),
                ("127.0.0.1:3000", &wiring.application),
            ],
        );
        let file = directory.join("Caddyfile");
        std::fs::write(&file, site).unwrap();
        let mut command = Command::new(program("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        command.env("XDG_DATA_HOME", directory).env("XDG_CONFIG_HOME", directory);
        command
    })
}
