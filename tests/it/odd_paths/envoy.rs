//! Envoy with `ext_authz`, its paths normalised as its makers advise.
//!
//! It asks with the path of the client's request behind a prefix. A second listener, inside, asks the one question that the
//! service knows, with the client's path in `X-Forwarded-Uri`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::support::{Component, Wiring, program};

pub fn start(wiring: &Wiring) -> Component {
    Component::listening(|directory, port| {
        let file = directory.join("envoy.yaml");
        std::fs::write(&file, configuration(directory, port, wiring)).unwrap();
        let mut command = Command::new(program("envoy"));
        command.args(["--concurrency", "1", "--disable-hot-restart", "-l", "warning", "-c"]).arg(file);
        command
    })
}

fn configuration(directory: &Path, port: u16, wiring: &Wiring) -> String {
    let socket = directory.join("ask");
    let tcp = |address: &str| {
        let address: SocketAddr = address.parse().unwrap();
        format!("{{socket_address: {{address: {}, port_value: {}}}}}", address.ip(), address.port())
    };
    let pipe = format!("{{pipe: {{path: {}}}}}", socket.display());
    let (filters, ask) = (format!("{NORMALISED}{GUARD}"), ASK.to_owned());
    let listeners = listener("site", &tcp(&format!("127.0.0.1:{port}")), &filters, "application")
        + &listener("ask", &pipe, &ask, "doorward");
    let clusters = cluster("application", &tcp(&wiring.application))
        + &cluster("doorward", &tcp(&wiring.doorward))
        + &cluster("ask", &pipe);
    format!("static_resources:\n  listeners:\n{listeners}  clusters:\n{clusters}")
}

fn cluster(name: &str, address: &str) -> String {
    format!(
        "  - name: {name}
    type: STATIC
    connect_timeout: 1s
    load_assignment: {{cluster_name: {name}, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {address}}}}}]}}]}}
"
    )
}

fn listener(name: &str, address: &str, filters: &str, to: &str) -> String {
    format!(
        r#"  - name: {name}
    address: {address}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: {name}
          generate_request_id: false
          route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: {to}}}}}]}}]}}
{filters}          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
"#
    )
}

const NORMALISED: &str = "          normalize_path: true
          merge_slashes: true
          path_with_escaped_slashes_action: REJECT_REQUEST
";

const GUARD: &str = r#"          http_filters:
          - name: envoy.filters.http.ext_authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              transport_api_version: V3
              status_on_error: {code: ServiceUnavailable}
              allowed_headers: {patterns: [{exact: x-request-id}]}
              http_service:
                server_uri: {uri: "http://ask", cluster: ask, timeout: 2s}
                path_prefix: /ask
                authorization_request:
                  headers_to_add:
                  - {key: x-forwarded-method, value: "%REQ(:METHOD)%"}
                  - {key: x-forwarded-host, value: "%REQ(:AUTHORITY)%"}
                  - {key: x-forwarded-uri, value: "%REQ(:PATH)%"}
                authorization_response:
                  allowed_upstream_headers: {patterns: [{prefix: x-auth-}]}
"#;

const ASK: &str = r#"          http_filters:
          - name: envoy.filters.http.lua
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code:
                inline_string: function envoy_on_request(ask) ask:headers():replace(":path", "/verify/haproxy") end
"#;
