//! Caddy, which asks in the words of Traefik.

use std::process::Command;

use crate::support::{Component, Wiring, program};

pub fn start(wiring: &Wiring) -> Component {
    Component::listening(|directory, port| {
        let file = directory.join("Caddyfile");
        std::fs::write(&file, configuration(port, wiring)).unwrap();
        let mut command = Command::new(program("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        command.env("XDG_DATA_HOME", directory).env("XDG_CONFIG_HOME", directory);
        command
    })
}

fn configuration(port: u16, Wiring { doorward, application }: &Wiring) -> String {
    format!(
        "{{
    admin off
    auto_https off
    persist_config off
    default_bind 127.0.0.1
}}
http://:{port} {{
    route {{
        request_header -X-Auth-*
        forward_auth {doorward} {{
            uri /verify/caddy?
            copy_headers X-Auth-Subject
        }}
        reverse_proxy {application}
    }}
}}
"
    )
}
