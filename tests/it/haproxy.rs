//! `HAProxy` with the configuration and the script that we ship, in front of an application.

use std::process::Command;

use crate::support::{Component, Proxy, Site, Wiring, program, proxy_suite};

pub const HAPROXY: Proxy = Proxy {
    dialect: "haproxy",
    start,
    when_down: 503,
    two_authorizations: "401 token_ambiguous",
    passes_on_503: true,
};

proxy_suite!(HAPROXY);

fn start(wiring: &Wiring) -> Component {
    start_with(wiring, &[])
}

/// With the shipped configuration but for these places.
pub fn start_changed(wiring: &Wiring, changes: &[(&str, &str)]) -> Component {
    let changes = [&[("127.0.0.1:3000", wiring.application.as_str())], changes].concat();
    start_as(
        wiring,
        &wiring.shipped("deploy/haproxy/haproxy.cfg", &changes),
        &[],
    )
}

/// With another script than the shipped one.
fn start_with(wiring: &Wiring, changes: &[(&str, &str)]) -> Component {
    start_as(
        wiring,
        &wiring.shipped(
            "deploy/haproxy/haproxy.cfg",
            &[("127.0.0.1:3000", &wiring.application)],
        ),
        changes,
    )
}

/// With this configuration, and the shipped script but for these places.
pub fn start_as(wiring: &Wiring, configuration: &str, changes: &[(&str, &str)]) -> Component {
    Component::listening(|directory, port| {
        let file = |name: &str| directory.join(name);
        let script = [&[("127.0.0.1:8080", wiring.doorward.as_str())], changes].concat();
        std::fs::write(
            file("doorward.lua"),
            wiring.shipped("deploy/haproxy/doorward.lua", &script),
        )
        .unwrap();
        let configuration = configuration
            .replace(
                "/etc/haproxy/doorward.lua",
                file("doorward.lua").to_str().unwrap(),
            )
            .replace("bind :80\n", &format!("bind 127.0.0.1:{port}\n"));
        std::fs::write(file("haproxy.cfg"), configuration).unwrap();
        let mut command = Command::new(program("haproxy"));
        command.arg("-db").arg("-f").arg(file("haproxy.cfg"));
        command
    })
}

/// `HAProxy` itself goes on with a request when a script fails, or forgets to say anything.
#[test]
fn a_script_that_fails_lets_nobody_in() {
    const READ: &str = "local client = txn.http:req_get_headers()";
    let fails: fn(&Wiring) -> Component =
        |wiring| start_with(wiring, &[(READ, "local client = nil .. 1")]);
    let forgets: fn(&Wiring) -> Component =
        |wiring| start_with(wiring, &[(READ, "if true then return end")]);
    for start in [fails, forgets] {
        let site = Site::behind(&Proxy { start, ..HAPROXY }, &[]);
        assert_eq!(
            site.refused(site.get("/").bearer(&site.idp.token().sign()))
                .status,
            503
        );
    }
}

/// A request line may name a host too, while doorward uses the `Host` field: the application
/// gets the path alone, and only where the two are one host.
#[test]
fn a_target_with_a_host_is_served_as_its_path() {
    let site = Site::behind(&HAPROXY, &[]);
    let ask =
        |target: &str, host: &str| site.get(target).host(host).bearer(&site.idp.token().sign());
    for (target, host, served) in [
        ("http://app.example/x?y=1", "app.example", "/x?y=1"),
        ("http://APP.example/x", "app.example", "/x"),
        ("http://app.example:80/x", "app.example", "/x"),
        ("http://app.example/x", "app.example:80", "/x"),
        ("http://app.example//x", "app.example", "//x"),
        ("http://app.example", "app.example", "/"),
        ("http://[::1]:8080/x", "[::1]:8080", "/x"),
    ] {
        let seen = site.served(ask(target, host));
        assert_eq!(
            (seen.target.as_str(), seen.get("Host")),
            (served, host),
            "{target}"
        );
        let path = served.split('?').next().unwrap();
        assert_eq!(
            site.gate().log_lines().pop().unwrap()["path"].as_str(),
            Some(path)
        );
    }
    for (target, host) in [
        ("http://elsewhere.example/x", "app.example"),
        ("http://x@app.example/x", "app.example"),
        ("http:///x", "app.example"),
        ("http://app.example?/x", "app.example"),
        ("app.example/x", "app.example"),
        ("*", "app.example"),
    ] {
        assert_eq!(site.refused(ask(target, host)).verdict(), "400", "{target}");
    }
    assert_eq!(
        site.refused(
            site.request("CONNECT", "doorward:80")
                .bearer(&site.idp.token().sign())
        )
        .verdict(),
        "405"
    );
}
