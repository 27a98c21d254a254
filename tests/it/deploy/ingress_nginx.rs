//! What the controller of ingress-nginx makes of our `ConfigMap`s, as far as it concerns leaving
//! HTTP/1.1: the lines of its template around them, run by nginx itself. The controller is not run.

use std::collections::BTreeSet;

use super::{documents, find};
use crate::nginx::{NGINX, command, surround};
use crate::proxy_matrix::leaving::Leaver;
use crate::support::{Component, Left, Proxy, Wiring};

/// Of `nginx.tmpl`: any `Upgrade` is sent on, and our headers are set beside it.
const TEMPLATE: &str = r#"
map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
}
server {
    listen LISTEN;
    SERVER_SNIPPET
    location / {
        auth_request /_external-auth;
        auth_request_set $authHeader0 $upstream_http_x_auth_subject;
        proxy_set_header X-Auth-Subject $authHeader0;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        CUSTOM_HEADERS
        proxy_http_version 1.1;
        proxy_pass http://APPLICATION;
    }
    location = /_external-auth {
        internal;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Original-Method $request_method;
        proxy_pass http://DOORWARD/verify/nginx;
    }
}
"#;

fn start(wiring: &Wiring, with_snippet: bool, more_headers: &str) -> Component {
    let controller = documents("deploy/kubernetes/proxies/ingress-nginx/controller.yaml");
    let snippet =
        find(&controller, "ConfigMap", "ingress-nginx-controller")["data"]["server-snippet"]
            .as_str()
            .unwrap();
    let blank = find(&controller, "ConfigMap", "blank-headers")["data"]
        .as_object()
        .unwrap();
    let headers = blank
        .iter()
        .map(|(name, value)| format!("proxy_set_header {name} \"{}\";\n", value.as_str().unwrap()));
    let headers: String = headers.chain([more_headers.to_owned()]).collect();
    Component::listening(|directory, port| {
        let site = TEMPLATE
            .replace("LISTEN", &format!("127.0.0.1:{port}"))
            .replace("SERVER_SNIPPET", if with_snippet { snippet } else { "" })
            .replace("CUSTOM_HEADERS", &headers)
            .replace("APPLICATION", &wiring.application)
            .replace("DOORWARD", &wiring.doorward);
        surround(directory);
        std::fs::write(directory.join("doorward.conf"), site).unwrap();
        command(directory)
    })
}

fn ways_out(start: fn(&Wiring) -> Component) -> BTreeSet<Left> {
    Leaver::behind(&Proxy { start, ..NGINX }).with_all_upgrades()
}

#[test]
fn its_server_snippet_keeps_clients_from_leaving_for_h2c() {
    assert_eq!(
        ways_out(|wiring| start(wiring, true, "")),
        BTreeSet::from([Left::No, Left::ForWebSocket])
    );
}

/// Which is why the manifest warns, and why `proxy-set-headers` is no way to mend it.
#[test]
fn without_it_they_leave_and_a_header_of_ours_does_not_help() {
    assert!(ways_out(|wiring| start(wiring, false, "")).contains(&Left::ForH2c));
    assert!(
        ways_out(|wiring| start(wiring, false, "proxy_set_header Upgrade \"\";"))
            .contains(&Left::ForH2c)
    );
}
