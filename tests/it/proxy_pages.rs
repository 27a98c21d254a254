//! The pages about proxies: the first block of each is a configuration that works, all others are
//! taken from what we ship.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::caddy::CADDY;
use crate::envoy::{ENVOY, endpoint};
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::{NGINX, command, surround};
use crate::proxy_matrix::leaving::Leaver;
use crate::support::{
    Client, Component, Echo, Left, Proxy, Site, TestGate, TestIssuer, Wiring, blocks, eventually,
    repository,
};
use crate::traefik::{self, TRAEFIK};
use crate::{caddy, envoy, haproxy};

#[test]
fn the_shortest_nginx_works() {
    works(&NGINX, start_shortest_nginx);
}

fn start_shortest_nginx(wiring: &Wiring) -> Component {
    Component::listening(|directory, port| {
        surround(directory);
        let site = shortest("nginx", "nginx", wiring)
            .replace("listen 80;", &format!("listen 127.0.0.1:{port};"));
        std::fs::write(directory.join("doorward.conf"), site).unwrap();
        command(directory)
    })
}

/// As over HTTP/3, which has no Host field either.
#[test]
fn the_shortest_nginx_needs_no_host_field() {
    let idp = TestIssuer::new();
    let routes = "routes: [{name: app, match: {host: app.example}}]\n";
    let gate = TestGate::new().trusting(&idp).set("PROXY", "nginx");
    let gate = gate.file(routes).spawn();
    let application = Echo::start();
    let wiring = Wiring::new(gate.verify.to_string(), application.address);
    let nginx = start_shortest_nginx(&wiring);
    let ask = |host: &str| {
        let token = idp.token().sign();
        let head = format!("GET http://{host}/x HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n");
        Client::connect(nginx.address).send_bytes(head.as_bytes(), false)
    };
    assert_eq!(
        Site::echoed(&ask("app.example")).get("X-Auth-Subject"),
        "alice"
    );
    assert_eq!(ask("elsewhere.example").status, 403);
}

#[test]
fn the_shortest_traefik_works() {
    works(&TRAEFIK, |wiring| {
        traefik::start_with_routes(&shortest("traefik", "yaml", wiring))
    });
}

#[test]
fn the_shortest_caddy_works() {
    works(&CADDY, |wiring| {
        caddy::start_site(&shortest("caddy", "caddyfile", wiring))
    });
}

#[test]
fn the_shortest_envoy_works() {
    works(&ENVOY, |wiring| {
        Component::listening(|directory, port| {
            let filters = shortest("envoy", "yaml", wiring).replace('\n', "\n          ");
            envoy::command(directory, &around_filters(&filters, port, wiring))
        })
    });
}

/// What a whole configuration has around the filters.
fn around_filters(filters: &str, port: u16, wiring: &Wiring) -> String {
    let cluster = |name: &str, address: &str| {
        let endpoint = endpoint(address);
        format!(
            "  - {{name: {name}, load_assignment: {{cluster_name: {name}, endpoints: [{{lb_endpoints: [{endpoint}]}}]}}}}\n"
        )
    };
    let clusters =
        cluster("doorward", &wiring.doorward) + &cluster("application", &wiring.application);
    format!(
        r#"static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: application}}}}]}}]}}
          {filters}
  clusters:
{clusters}"#
    )
}

#[test]
fn the_shortest_envoy_by_grpc_works() {
    works(&ENVOY_GRPC, |wiring| {
        Component::listening(|directory, port| {
            let page = shortest("envoy-grpc", "yaml", wiring);
            let (filters, cluster) = page.split_once("clusters:\n").unwrap();
            let cluster = cluster.replace(
                &envoy::address("127.0.0.1:9000"),
                &envoy::address(&wiring.doorward),
            );
            let whole = around_filters(&filters.replace('\n', "\n          "), port, wiring);
            let application = whole.lines().next_back().unwrap();
            let (before, _) = whole.split_once("  clusters:\n").unwrap();
            envoy::command(
                directory,
                &format!("{before}  clusters:\n{application}\n{cluster}"),
            )
        })
    });
}

#[test]
fn the_shortest_haproxy_works() {
    works(&HAPROXY, |wiring| {
        haproxy::start_as(wiring, &shortest("haproxy", "haproxy", wiring), &[])
    });
}

#[test]
fn the_commands_to_try_nginx_work() {
    works_by_its_commands("nginx");
}

#[test]
fn the_commands_to_try_traefik_work() {
    works_by_its_commands("traefik");
}

#[test]
fn the_commands_to_try_caddy_work() {
    works_by_its_commands("caddy");
}

#[test]
fn the_commands_to_try_envoy_work() {
    works_by_its_commands("envoy");
}

#[test]
fn the_commands_to_try_envoy_by_grpc_work() {
    works_by_its_commands("envoy-grpc");
}

#[test]
fn the_commands_to_try_haproxy_work() {
    works_by_its_commands("haproxy");
}

/// The three commands of the page get the promised answer, and with a token the application's.
fn works_by_its_commands(page: &str) {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp);
    let gate = gate.set("GRPC_LISTEN", "127.0.0.1:0").spawn();
    let application = Echo::start();
    let block = blocks(&format!("docs/{page}.md"), "sh");
    let block = block.iter().find(|block| block.contains("curl")).unwrap();
    let commands: Vec<_> = block.lines().collect();
    let [prepare, run, ask] = commands[..] else {
        panic!("not three commands: {block}");
    };
    let (ask, promise) = ask.split_once("    # 401, ").unwrap();
    let at = |port: u16| move |command: &str| command.replace(":8000", &format!(":{port}"));
    let proxy = Component::listening(|directory, port| {
        copy_deploy(directory, &gate, application.address);
        let prepare = at(port)(prepare).replace("port_value: 8000", &format!("port_value: {port}"));
        let run = run.strip_suffix(" &").unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-euc", &format!("{prepare}\nexec {run}")])
            .env("PATH", path_with_tools())
            .env("HOME", directory)
            .current_dir(directory);
        shell
    });
    let said = |more: &str| {
        let command = at(proxy.address.port())(ask) + more;
        let output = Command::new("sh").args(["-euc", &command]).output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    };
    // Traefik listens before it has read its routes.
    eventually(promise, || {
        let answer = said("");
        (answer.contains(" 401 ") && answer.contains(promise)).then_some(())
    });
    let token = idp.token().sign();
    let answer = said(&format!(" -H 'Authorization: Bearer {token}'"));
    assert!(
        answer.contains(" 200 ") && answer.contains("alice"),
        "{answer}"
    );
    assert_eq!(application.requests(), 1);
}

/// What we ship, with the addresses of this test.
fn copy_deploy(directory: &Path, gate: &TestGate, application: SocketAddr) {
    let addresses = [
        ("127.0.0.1:8080", gate.verify),
        ("127.0.0.1:9000", gate.grpc),
        ("127.0.0.1:3000", application),
    ];
    let from = repository().join("deploy");
    let to = directory.join("deploy");
    for folder in [
        "caddy",
        "envoy",
        "haproxy",
        "nginx",
        "nginx/snippets",
        "traefik",
    ] {
        std::fs::create_dir_all(to.join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let text = addresses.iter().fold(text, |text, (shipped, own)| {
                let own = own.to_string();
                text.replace(&envoy::address(shipped), &envoy::address(&own))
                    .replace(shipped, &own)
            });
            // Its admin listener has a fixed port, which tests would share.
            let text = text.replace("persist_config off", "persist_config off\n\tadmin off");
            std::fs::write(to.join(folder).join(entry.file_name()), text).unwrap();
        }
    }
}

fn path_with_tools() -> String {
    let tools = repository().join(".tools/venv/bin");
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}:/usr/sbin:/sbin", tools.display())
}

/// Whatever else the pages show is in what we ship, line for line.
#[test]
fn what_the_pages_quote_is_what_we_ship() {
    let pages = [
        ("nginx", "nginx", ["nginx/doorward.conf"].as_slice()),
        (
            "traefik",
            "yaml",
            &["traefik/dynamic.yml", "traefik/traefik.yml"],
        ),
        ("caddy", "caddyfile", &["caddy/Caddyfile"]),
        ("envoy", "yaml", &["envoy/envoy.yaml"]),
        ("envoy-grpc", "yaml", &["envoy/envoy-grpc.yaml"]),
        ("haproxy", "haproxy", &["haproxy/haproxy.cfg"]),
        ("haproxy", "lua", &["haproxy/doorward.lua"]),
    ];
    for (page, language, files) in pages {
        let shipped: String = files
            .iter()
            .map(|file| read(&format!("deploy/{file}")))
            .collect();
        let quotes = blocks(&format!("docs/{page}.md"), language);
        for line in quotes
            .iter()
            .skip(usize::from(language != "lua"))
            .flat_map(|block| block.lines())
        {
            let is_there = shipped
                .lines()
                .any(|other| is_quoted(line.trim(), other.trim_start()));
            assert!(is_there, "{page}: {line:?} is not in {files:?}");
        }
    }
}

/// A password may wait for two seconds until it is hashed. A proxy that gives up before would answer
/// in place of doorward.
#[test]
fn the_shipped_files_wait_longer_than_doorward() {
    for (file, line) in [
        ("deploy/nginx/doorward.conf", "proxy_read_timeout 3s;"),
        ("deploy/caddy/Caddyfile", "response_header_timeout 3s "),
        ("deploy/haproxy/doorward.lua", "local timeout = 3000\n"),
        ("deploy/envoy/envoy.yaml", "cluster: doorward, timeout: 3s}"),
        ("deploy/envoy/envoy.yaml", "max_interval: 3s}"),
        ("deploy/envoy/envoy-grpc.yaml", "  timeout: 3s "),
        ("deploy/envoy/envoy-grpc.yaml", "max_interval: 3s}"),
        (
            "deploy/kubernetes/proxies/envoy-gateway/securitypolicy.yaml",
            "    timeout: 3s ",
        ),
        (
            "deploy/kubernetes/proxies/istio/mesh.yaml",
            "          timeout: 3s ",
        ),
    ] {
        assert!(read(file).contains(line), "{file}: {line}");
    }
    let page = read("docs/proxies.md");
    assert!(page.contains("| nginx, Caddy, Envoy | three seconds, as configured |"));
    assert!(page.contains("| a thread that hashes a password, and the hash | 2 s |"));
}

/// Whether this begins the shipped line, which may be one to uncomment.
fn is_quoted(line: &str, shipped: &str) -> bool {
    let uncommented = shipped.strip_prefix('#').map(str::trim_start);
    shipped.starts_with(line) || uncommented.is_some_and(|shipped| shipped.starts_with(line))
}

/// Debian 12 has 2.6, and many a server 2.10: with the shipped file neither lets another spelling
/// or an omitted header pass.
#[test]
fn an_older_caddy_is_safe_with_the_scrub_and_not_without() {
    let spoofed = [
        "X_Auth_Subject",
        "X-Auth-Roles",
        "X_Auth_Roles",
        "X-Auth_Email",
    ];
    let seen = |proxy: &Proxy| {
        let site = Site::behind(proxy, &[]);
        let request = spoofed.iter().fold(site.get("/"), |request, name| {
            request.header(name, "mallory")
        });
        let seen = site.served(request.bearer(&site.idp.token().sign()));
        assert_eq!(seen.get("X-Auth-Subject"), "alice");
        seen.fields
            .iter()
            .filter(|(_, value)| value == "mallory")
            .count()
    };
    assert_eq!(
        seen(&Proxy {
            start: |wiring| caddy::start_shipped("caddy-2.10", wiring, &[]),
            ..CADDY
        }),
        0
    );
    let without: fn(&Wiring) -> Component =
        |wiring| caddy::start_shipped("caddy-2.10", wiring, &SCRUB.map(|line| (line, "")));
    assert_eq!(
        seen(&Proxy {
            start: without,
            ..CADDY
        }),
        spoofed.len()
    );
}

const SCRUB: [&str; 2] = ["request_header -X-Auth-*", "request_header -*_*"];

/// The doors are closed and open as they should be, no client names itself or leaves HTTP/1.1 past
/// doorward, and nothing passes while doorward is down.
fn works(proxy: &Proxy, start: fn(&Wiring) -> Component) {
    let ways_out = Leaver::behind(&Proxy { start, ..*proxy }).with_all_upgrades();
    assert!(!ways_out.contains(&Left::ForH2c), "{ways_out:?}");
    let mut site = Site::behind(&Proxy { start, ..*proxy }, &[]);
    let token = site.idp.token().sign();
    for name in ["X-Auth-Subject", "x-auth-subject"] {
        let seen = site.served(site.get("/x?y=1").header(name, "mallory").bearer(&token));
        assert_eq!(
            (seen.get("X-Auth-Subject"), seen.target.as_str()),
            ("alice", "/x?y=1")
        );
    }
    assert_eq!(
        site.served(site.request("POST", "/").bearer(&token).body("text"))
            .body,
        "text"
    );
    assert_eq!(
        site.refused(site.get("/").header("X-Auth-Subject", "mallory"))
            .status,
        401
    );
    assert_eq!(
        site.refused(
            site.get("/")
                .bearer(&site.idp.token().expires_in(-60).sign())
        )
        .status,
        401
    );
    site.stop_doorward();
    assert!(site.refused(site.get("/").bearer(&token)).status >= 500);
}

/// The first block of a page, connected.
fn shortest(page: &str, language: &str, wiring: &Wiring) -> String {
    let block = blocks(&format!("docs/{page}.md"), language).remove(0);
    block
        .replace("127.0.0.1:8080", &wiring.doorward)
        .replace("127.0.0.1:3000", &wiring.application)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}
