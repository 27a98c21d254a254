//! `doorward demo` keeps what its page promises: every line on it is run as it is.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Command};

use crate::support::{Answer, Request, Service, doorward, program};

#[test]
fn every_line_of_the_page_gets_the_answer_above_it() {
    program("curl");
    let mut demo = Service::start(&["demo", "--port", "0"], &[]);
    let lines = read_page(demo.stdout());
    for line in &lines {
        let answer = line.run();
        let promised = line.promise.split(':').next().unwrap();
        assert_eq!(answer.verdict(), promised, "{}\n{answer:?}", line.command);
    }
    for promised in [
        "200",
        "401 token_missing",
        "401 token_expired",
        "401 signature_invalid",
        "401 audience_mismatch",
    ] {
        assert!(
            lines
                .iter()
                .any(|line| line.promise.starts_with(&format!("{promised}:"))),
            "no line for {promised}"
        );
    }
    let spoofing: Vec<_> = lines
        .iter()
        .filter(|line| line.command.contains("mallory"))
        .collect();
    assert_eq!(spoofing.len(), 1);
    let answer = spoofing[0].run();
    assert_eq!(answer.json()["identity"]["x-auth-subject"], "alice");
    assert!(!answer.body.contains("mallory"));

    let explained = lines
        .iter()
        .find(|line| line.command.contains("/explain"))
        .unwrap();
    assert_eq!(explained.run().json()["reason"], "token_expired");

    demo.signal("INT");
    assert_eq!(demo.wait(), Some(0), "{}", demo.log);
}

/// What a browser does with the start page: it loads the script, and asks as each button says.
#[test]
fn the_page_in_the_browser_asks_with_each_token() {
    let mut demo = Service::start(&["demo", "--port", "0"], &[]);
    let mut lines = demo.stdout().lines().map(Result::unwrap);
    let site = lines.find_map(|line| {
        let url = line.strip_prefix("browser http://")?.split('/').next()?;
        Some(url.to_owned())
    });
    let site: std::net::SocketAddr = site.unwrap().parse().unwrap();
    let get = |path: &str| Request::new(site, "GET", path);
    let page = get("/").send();
    assert_eq!(
        (page.status, page.get("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert_eq!(
        page.get("content-security-policy"),
        Some("default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'")
    );
    let script = get("/demo.js").send();
    assert!(script.status == 200 && script.body.contains("dataset.token"));
    let attribute = |button: &str, name: &str| {
        let (_, rest) = button.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let buttons: Vec<_> = page.body.split("<li><button").skip(1).collect();
    assert_eq!(buttons.len(), 7);
    for button in buttons {
        let (tag, promise) = button.split_once(">ask</button> ").unwrap();
        let mut request = get("/hello");
        if let Some(token) = attribute(tag, "data-token") {
            request = request.bearer(&token);
        }
        if let Some(subject) = attribute(tag, "data-subject") {
            request = request.header("X-Auth-Subject", &subject);
        }
        assert_eq!(request.send().verdict(), promise.split(':').next().unwrap());
    }
    for path in ["/other", "/demo.js/", "//"] {
        assert_eq!(get(path).send().verdict(), "401 token_missing", "{path}");
    }
}

#[test]
fn two_demos_on_free_ports_do_not_meet() {
    let mut demos = [0, 1].map(|_| Service::start(&["demo", "--port", "0"], &[]));
    let pages = demos.each_mut().map(|demo| read_page(demo.stdout()));
    for page in &pages {
        assert_eq!(page[0].run().verdict(), "200");
    }
    for demo in &mut demos {
        demo.signal("TERM");
        assert_eq!(demo.wait(), Some(0), "{}", demo.log);
    }
}

/// The message must not blame another program for ports that cannot be had.
#[test]
fn a_port_without_room_behind_it_is_refused() {
    let said = |arguments: &[&str]| {
        let output = doorward(&[&["demo"], arguments].concat(), &[], "");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let no_room = "\
doorward: no three ports in a row from 65534 on: the highest port is 65535
`--port` is at most 65533; `--port 0` takes free ports
";
    assert_eq!(said(&["--port", "65534"]), no_room);
    assert_eq!(
        said(&["--port", "65535"]),
        no_room.replace("65534", "65535")
    );
    assert_eq!(
        said(&["--port", "7998"]),
        "\
doorward: port 8000 is for the site and among the three from 7998 on (verify, admin, issuer)
`--site-port` names another port
"
    );
}

/// A line of the page.
struct Line {
    /// The comment above it.
    promise: String,
    command: String,
}

impl Line {
    /// Runs it as a reader of the page would.
    fn run(&self) -> Answer {
        let shell = Command::new("timeout")
            .args(["20", "sh", "-c", &self.command])
            .env("no_proxy", "*")
            .output()
            .unwrap();
        assert!(shell.status.success(), "{}\n{shell:?}", self.command);
        Answer::parse(&shell.stdout)
    }
}

/// Reads up to the last line that the page has.
fn read_page(stdout: BufReader<ChildStdout>) -> Vec<Line> {
    const LAST: &str = "/token ";
    let mut lines = Vec::new();
    let mut promise = String::new();
    for line in stdout.lines().map(Result::unwrap) {
        if let Some(comment) = line.strip_prefix("# ") {
            comment.clone_into(&mut promise);
        } else if line.starts_with("curl ") {
            lines.push(Line {
                promise: std::mem::take(&mut promise),
                command: line,
            });
            if lines.last().unwrap().command.contains(LAST) {
                return lines;
            }
        }
    }
    panic!("the page ended without a line for {LAST:?}");
}
