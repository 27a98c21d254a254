//! The examples of `docs/upstreams.md`, run as they are there: client → nginx → application.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::nginx;
use crate::support::{
    Component, Request, TestGate, TestIssuer, TokenBuilder, Wiring, program, repository, shipped,
};

const SNIPPET: &str = "deploy/nginx/snippets/doorward-headers.conf";

/// Serves a Flask application by the server of Python's own library, to which `X_Auth_Name` is
/// `X-Auth-Name`.
const WSGI: &str = "import sys, wsgiref.simple_server as server; from upstream import app; \
                    server.make_server('127.0.0.1', int(sys.argv[1]), app).serve_forever()";

#[test]
fn flask() {
    reads_what_the_token_says(&Upstream::behind_nginx("python", start_flask));
}

#[test]
fn express() {
    reads_what_the_token_says(&Upstream::behind_nginx("js", |directory, port, code| {
        std::fs::write(directory.join("upstream.mjs"), code).unwrap();
        let packages = repository().join(".tools/node/node_modules");
        std::os::unix::fs::symlink(packages, directory.join("node_modules")).unwrap();
        let mut command = Command::new(program("node"));
        command.arg("upstream.mjs").env("PORT", port.to_string());
        command
    }));
}

#[test]
fn spring() {
    let upstream = Upstream::behind_nginx("java", |directory, port, code| {
        std::fs::write(directory.join("Upstream.java"), code).unwrap();
        let packages = repository().join(".tools/java/*").display().to_string();
        let mut javac = Command::new(program("javac"));
        javac
            .arg("-J-XX:-UsePerfData") // a file in /tmp, wherever else temporary files are
            .args(["-parameters", "-cp", &packages, "-d", ".", "Upstream.java"])
            .current_dir(directory);
        assert!(javac.status().unwrap().success(), "it does not compile");
        let mut command = Command::new(program("java"));
        command.args([
            "-XX:-UsePerfData",
            "-Djava.io.tmpdir=.",
            "-cp",
            &format!(".:{packages}"),
            "example.Upstream",
            "--server.address=127.0.0.1",
        ]);
        command.arg(format!("--server.port={port}"));
        command
    });
    reads_what_the_token_says(&upstream);
    // Tomcat's folders have its port in their names. They are in the application's own folder.
    let port = upstream.application.address.port();
    let shared = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let names = shared.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names
        .filter(|name| name.contains(&format!(".{port}.")))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// Only the server decides this; so the page says that the proxy must see to it.
#[test]
fn python_takes_an_underscore_for_a_hyphen_and_nginx_keeps_it_out() {
    let upstream = Upstream::behind_nginx("python", start_flask);
    let named = |request: Request| me(request.header("X_Auth_Name", "mallory"))["name"].clone();
    assert_eq!(named(upstream.around("/me")), json!("mallory"));
    assert_eq!(
        named(upstream.get("/me").bearer(&upstream.idp.token().sign())),
        Value::Null
    );
}

fn start_flask(directory: &Path, port: u16, code: &str) -> Command {
    std::fs::write(directory.join("upstream.py"), code).unwrap();
    let mut command = Command::new(program("python"));
    command.args(["-c", WSGI, &port.to_string()]);
    command
}

fn reads_what_the_token_says(upstream: &Upstream) {
    let name = "Zoë Müller + Söhne, 日本 100%";
    let roles = json!(["clerk", "a,b", "50%", "Prüfer", " x "]);
    let token = || {
        upstream
            .idp
            .token()
            .claim("scope", "orders:read orders:write")
    };
    let full = token()
        .claim("name", name)
        .claim("roles", roles.clone())
        .claim("tenant", json!({"id": 7}));
    let identity = me(upstream.get("/me").bearer(&full.sign()));
    assert_eq!(
        (&identity["subject"], &identity["name"]),
        (&json!("alice"), &json!(name))
    );
    assert_eq!(
        (&identity["scopes"], &identity["roles"]),
        (&json!(["orders:read", "orders:write"]), &roles)
    );
    assert_eq!(
        (
            &identity["claims"]["tenant"]["id"],
            &identity["claims"]["name"]
        ),
        (&json!(7), &json!(name))
    );

    // No claim: none at all, and not the client's own.
    let plain = upstream.idp.token();
    let own = [
        ("X-Auth-Name", "mallory"),
        ("X-Auth-Roles", "clerk"),
        ("X-Auth-Scopes", "all"),
        ("X_Auth_Roles", "clerk"),
    ];
    let with_own = |request: Request| {
        own.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        })
    };
    let identity = me(with_own(upstream.get("/me").bearer(&plain.sign())));
    let read = ["name", "scopes", "roles"].map(|name| &identity[name]);
    assert_eq!(read, [&Value::Null, &json!([]), &json!([])]);
    let status = |token: &TokenBuilder| {
        with_own(upstream.get("/orders").bearer(&token.sign()))
            .send()
            .status
    };
    assert_eq!((status(&full), status(&plain)), (200, 403));
    assert_eq!(
        upstream
            .get("/me")
            .header("X-Auth-Subject", "mallory")
            .send()
            .verdict(),
        "401 token_missing"
    );

    // As a proxy sends it that passes empty headers on.
    let empty =
        ["Subject", "Name", "Scopes", "Roles", "Claims"].map(|name| format!("X-Auth-{name}"));
    let request = empty.iter().fold(upstream.around("/me"), |request, name| {
        request.header(name, "")
    });
    assert_eq!(
        me(request),
        json!({"subject": null, "name": null, "scopes": [], "roles": [], "claims": null})
    );

    // Not the path of a reference to a host.
    assert_ne!(upstream.around("//x/me").send().status, 200);

    // A client that gets past the proxy can choose who it is.
    let around = |target: &str| with_own(upstream.around(target));
    assert_eq!(
        me(around("/me").header("X-Auth-Subject", "mallory"))["subject"],
        "mallory"
    );
    assert_eq!(around("/orders").send().status, 200);
}

/// An application of the page behind nginx and the service.
struct Upstream {
    idp: TestIssuer,
    application: Component,
    nginx: Component,
    _gate: TestGate,
}

impl Upstream {
    fn behind_nginx(language: &str, command: impl Fn(&Path, u16, &str) -> Command) -> Self {
        let code = block(language);
        let application = Component::listening(|directory, port| {
            let mut command = command(directory, port, &code);
            command.current_dir(directory);
            command
        });
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp).file(block("yaml")).spawn();
        let wiring = Wiring::new(gate.verify.to_string(), application.address);
        let nginx = nginx::start_with(&wiring, &headers());
        Self {
            idp,
            application,
            nginx,
            _gate: gate,
        }
    }

    fn get(&self, target: &str) -> Request {
        Request::new(self.nginx.address, "GET", target)
    }

    /// Past the proxy.
    fn around(&self, target: &str) -> Request {
        Request::new(self.application.address, "GET", target)
    }
}

/// The shipped snippet, changed as the page says.
fn headers() -> String {
    let pairs = block("nginx");
    let named = pairs
        .lines()
        .filter_map(|line| line.strip_prefix("proxy_set_header ")?.split(' ').next());
    let listed = shipped(SNIPPET, &[]);
    let blanks = named.map(|name| {
        listed
            .lines()
            .find(|line| line.starts_with(&format!("proxy_set_header {name} ")))
    });
    let blanks: Vec<_> = blanks
        .map(|line| (line.expect("a name of the list"), ""))
        .collect();
    shipped(SNIPPET, &blanks) + &pairs
}

/// What the application thinks who asks.
fn me(request: Request) -> Value {
    let answer = request.send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The only block of the page in this language.
fn block(language: &str) -> String {
    let page = shipped("docs/upstreams.md", &[]);
    let (_, behind) = page
        .split_once(&format!("```{language}\n"))
        .unwrap_or_else(|| panic!("no {language}"));
    let (block, rest) = behind.split_once("```").unwrap();
    assert!(
        !rest.contains(&format!("```{language}\n")),
        "{language} stands twice"
    );
    block.to_owned()
}
