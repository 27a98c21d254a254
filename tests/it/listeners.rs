//! Sockets and the end of the service: unix sockets, taken ports, keep-alive, shutdown without a
//! lost request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::socket::Backlog;

use crate::support::{
    Client, Request, Service, TestGate, TestIssuer, doorward, eventually, free_port,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_unix_socket_answers_and_has_the_mode_and_group_it_should() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let own_group = std::fs::metadata(place.path()).unwrap().gid();
    let idp = TestIssuer::new();
    for (mode, expected) in [("0660", 0o660), ("0600", 0o600), ("777", 0o777)] {
        let gate = TestGate::new()
            .trusting(&idp)
            .set("LISTEN", unix(&path))
            .set("UNIX_SOCKET_MODE", mode);
        let _gate = gate.set("UNIX_SOCKET_GROUP", own_group.to_string()).spawn();
        let file = std::fs::metadata(&path).unwrap();
        assert_eq!(
            (file.permissions().mode() & 0o777, file.gid()),
            (expected, own_group)
        );
        assert_eq!(ask_unix(&path, &idp.token().sign()), "HTTP/1.1 200 OK");
        assert_eq!(ask_unix(&path, "x"), "HTTP/1.1 401 Unauthorized");
    }
    let left: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert!(left.iter().all(|name| name == "verify.sock"), "{left:?}");
}

#[test]
fn the_peer_of_a_unix_socket_is_a_trusted_proxy() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("LISTEN", unix(&path))
        .set("PROXY", "traefik");
    let _gate = gate
        .set("ALLOW_PREFLIGHT", "true")
        .set("TRUSTED_PROXIES", "10.0.0.0/8")
        .spawn();
    let mut stream = UnixStream::connect(&path).unwrap();
    let fields = "X-Forwarded-Method: OPTIONS\r\nOrigin: https://x.example\r\nAccess-Control-Request-Method: PUT";
    write!(
        stream,
        "GET /verify HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n"
    )
    .unwrap();
    assert_eq!(status_line(stream), "HTTP/1.1 200 OK");
}

#[test]
fn a_stale_socket_file_is_replaced() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let idp = TestIssuer::new();
    let _gate = TestGate::new()
        .trusting(&idp)
        .set("LISTEN", unix(&path))
        .spawn();
    assert_eq!(ask_unix(&path, &idp.token().sign()), "HTTP/1.1 200 OK");
}

#[test]
fn what_somebody_else_has_is_an_error_that_says_so() {
    let place = tempfile::tempdir().unwrap();
    let (live, file) = (place.path().join("live.sock"), place.path().join("file"));
    let _live = UnixListener::bind(&live).unwrap();
    std::fs::write(&file, "precious").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    for (setting, address, why) in [
        ("LISTEN", unix(&live), "another process answers there"),
        ("LISTEN", unix(&file), "there is a file that is no socket"),
        (
            "LISTEN",
            unix(&place.path().join("missing/x.sock")),
            "No such file or directory",
        ),
        ("LISTEN", port.clone(), "Address already in use"),
        ("ADMIN_LISTEN", port.clone(), "Address already in use"),
        (
            "LISTEN",
            format!("127.0.0.1:0,{port}"),
            "Address already in use",
        ),
    ] {
        let settings: Vec<_> = with_secret()
            .into_iter()
            .filter(|(name, _)| *name != setting)
            .collect();
        let settings: Vec<_> = settings
            .into_iter()
            .chain([(setting, address.as_str())])
            .collect();
        let ended = doorward(&["serve"], &settings, "");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        let told = format!(
            "doorward: {}: cannot listen on {}: ",
            setting.to_lowercase(),
            address.rsplit(',').next().unwrap()
        );
        assert!(
            said.contains(&told) && said.contains(why),
            "{told}{why}: {said}"
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn of_many_starts_at_once_one_has_the_socket() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    for round in 0..5 {
        let starts: Vec<_> = (0..8).map(|_| serving(&path)).collect();
        let (mut serve, mut refused) = (Vec::new(), Vec::new());
        for mut start in starts {
            let is_first = start.line_or_end("verify listener").is_some();
            if is_first {
                serve.push(start);
            } else {
                refused.push(start);
            }
        }
        for start in &mut refused {
            assert_eq!(start.wait(), Some(1), "{}", start.log);
            let told = format!(
                "doorward: listen: cannot listen on {}: another process ",
                unix(&path)
            );
            assert!(start.log.contains(&told), "{}", start.log);
        }
        assert_eq!(serve.len(), 1, "round {round}");
        assert_eq!(ask_unix(&path, &token()), "HTTP/1.1 200 OK");
        // Half of the rounds leave their lock file behind, as a crash does.
        serve[0].signal(if round % 2 == 0 { "KILL" } else { "TERM" });
        serve[0].wait();
        assert_eq!(
            place.path().join("verify.sock.lock").exists(),
            round % 2 == 0
        );
    }
}

#[test]
fn a_socket_is_had_until_the_end_and_not_until_nothing_more_is_accepted() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let keys = [
        ("ISSUER", url.as_str()),
        ("JWKS_WAIT", "1m"),
        ("JWKS_TIMEOUT", "1m"),
        ("SHUTDOWN_TIMEOUT", "60s"),
    ];
    let listen = unix(&path);
    let settings = [
        &keys[..],
        &[
            ("LISTEN", &listen),
            ("ADMIN_LISTEN", "127.0.0.1:0"),
            ("AUDIENCE", "api"),
        ],
    ]
    .concat();
    let mut service = Service::start(&["serve"], &settings);
    service.wait_for_line("admin listener");
    let mut running = UnixStream::connect(&path).unwrap();
    let token = TestIssuer::new().token().claim("iss", url.as_str()).sign();
    write!(
        running,
        "GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let idle = UnixStream::connect(&path).unwrap();
    service.signal("TERM");
    service.wait_for_line("stopping");
    eventually("a closed socket", || {
        UnixStream::connect(&path).is_err().then_some(())
    });
    let ended = doorward(&["serve"], &settings, "");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains("another process listens there, or is about to"),
        "{said}"
    );
    drop((silent, idle));
    assert_eq!(status_line(running), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(service.wait(), Some(0));
    let mut next = serving(&path);
    next.wait_for_line("verify listener");
}

#[test]
fn a_socket_whose_owner_accepts_nothing_is_an_error_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let stuck = UnixListener::bind(&path).unwrap();
    nix::sys::socket::listen(&stuck, Backlog::new(0).unwrap()).unwrap();
    let _fills_the_queue = UnixStream::connect(&path).unwrap();
    let mut start = serving(&path);
    assert_eq!(start.wait(), Some(1), "{}", start.log);
    assert!(
        start
            .log
            .contains("another process listens and accepts nothing there"),
        "{}",
        start.log
    );
}

#[test]
fn a_lock_file_that_is_left_over_means_nothing_and_a_false_one_is_not_touched() {
    let place = tempfile::tempdir().unwrap();
    let (path, lock) = (
        place.path().join("verify.sock"),
        place.path().join("verify.sock.lock"),
    );
    std::fs::write(&lock, "4711").unwrap();
    let mut service = serving(&path);
    service.wait_for_line("verify listener");
    assert_eq!(ask_unix(&path, &token()), "HTTP/1.1 200 OK");
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), "4711");
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
    assert!(!lock.exists());
    let elsewhere = place.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    let mut start = serving(&path);
    assert_eq!(start.wait(), Some(1), "{}", start.log);
    assert!(start.log.contains("verify.sock.lock: "), "{}", start.log);
    assert!(!elsewhere.exists());
}

#[test]
fn a_lock_is_for_its_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let mut service = serving(&path);
    service.wait_for_line("verify listener");
    let lock = std::fs::metadata(place.path().join("verify.sock.lock")).unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
}

/// The program, starting, on this socket.
fn serving(path: &Path) -> Service {
    let listen = unix(path);
    let settings = [&with_secret()[1..], &[("LISTEN", listen.as_str())]].concat();
    Service::start(&["serve"], &settings)
}

#[test]
fn several_listeners_answer() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("verify.sock");
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("LISTEN", format!("127.0.0.1:0, {}", unix(&path)))
        .spawn();
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    assert_eq!(ask_unix(&path, &idp.token().sign()), "HTTP/1.1 200 OK");
}

#[test]
fn a_connection_is_used_again_whatever_was_answered() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let mut client = Client::connect(gate.verify);
    let token = idp.token().sign();
    for _ in 0..20 {
        assert_eq!(
            client.send(&gate.get("/verify").bearer(&token)).verdict(),
            "200"
        );
        assert_eq!(
            client.send(&gate.get("/verify")).verdict(),
            "401 token_missing"
        );
        assert_eq!(client.send(&gate.get("/nowhere")).verdict(), "404");
    }
}

#[test]
fn without_keep_alive_a_connection_ends_with_its_answer() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("KEEP_ALIVE", "0s")
        .spawn();
    let mut client = Client::connect(gate.verify);
    let answer = client.send(&gate.get("/verify").bearer(&idp.token().sign()));
    assert_eq!(
        (answer.verdict().as_str(), answer.get("connection")),
        ("200", Some("close"))
    );
    assert!(client.is_closed());
}

#[test]
fn an_idle_connection_ends_after_keep_alive() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("KEEP_ALIVE", "1s")
        .spawn();
    let mut client = Client::connect(gate.verify);
    assert_eq!(
        client.send(&gate.get("/verify")).verdict(),
        "401 token_missing"
    );
    assert!(client.is_closed());
}

#[test]
fn connections_beyond_the_limit_wait_for_their_turn() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("WORKERS", "1")
        .set("MAX_CONNECTIONS", "2")
        .spawn();
    let ask = gate.get("/verify");
    let mut served: Vec<Client> = (0..2).map(|_| Client::connect(gate.verify)).collect();
    for client in &mut served {
        assert_eq!(client.send(&ask).verdict(), "401 token_missing");
    }
    let mut waiting = Client::connect(gate.verify);
    waiting.write(&ask.bytes());
    for _ in 0..50 {
        assert_eq!(served[0].send(&ask).verdict(), "401 token_missing");
    }
    assert!(waiting.is_silent(), "a third connection was served");
    served.pop();
    assert_eq!(
        waiting.read_answer(false).unwrap().verdict(),
        "401 token_missing"
    );
}

#[test]
fn hanging_up_has_the_configuration_read_anew() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "realm: here\n").unwrap();
    let (mut service, verify, _) = started(&[("CONFIG", file.path().to_str().unwrap())]);
    service.signal("HUP");
    service.wait_for_line("configuration active");
    assert_eq!(
        Request::new(verify, "GET", "/verify")
            .bearer(&token())
            .send()
            .verdict(),
        "200"
    );
}

#[test]
fn hanging_up_while_it_starts_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("doorward.yaml");
    let route = |number: u32| format!("  - {{name: r{number}, match: {{path: /{number}/**}}}}\n");
    std::fs::write(
        &file,
        format!("routes:\n{}", (0..2_000).map(route).collect::<String>()),
    )
    .unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("ADMIN_LISTEN", admin.as_str()),
        ("HMAC_SECRET", SECRET),
        ("AUDIENCE", "api"),
    ];
    let settings = [
        &settings[..],
        &[("LISTEN", "127.0.0.1:0"), ("PROXY", "traefik")],
    ]
    .concat();
    let mut service = Service::start(&["serve", "--config", file.to_str().unwrap()], &settings);
    // Bit 0 is signal 1.
    eventually("a handler for SIGHUP", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:\t"))
            .unwrap();
        (u64::from_str_radix(caught, 16).unwrap() & 1 == 1).then_some(())
    });
    service.signal("HUP");
    assert!(
        TcpStream::connect(&admin).is_err(),
        "it has started before it can be told anything"
    );
    service.wait_for_line("configuration active");
}

#[test]
fn while_it_leaves_the_service_is_not_ready_and_still_answers() {
    let (mut service, verify, admin) = started(&[("SHUTDOWN_DELAY", "1h")]);
    let token = token();
    assert_eq!(Request::new(admin, "GET", "/readyz").send().status, 200);
    let mut open = Client::connect(verify);
    assert_eq!(
        open.send(&Request::new(verify, "GET", "/verify").bearer(&token))
            .verdict(),
        "200"
    );
    service.signal("TERM");
    service.wait_for_line("stopping");
    wait_until_not_ready(admin);
    let ready = Request::new(admin, "GET", "/readyz").send();
    assert_eq!(
        (ready.status, ready.json()["status"].as_str()),
        (503, Some("stopping"))
    );
    assert_eq!(Request::new(admin, "GET", "/healthz").send().status, 200);
    assert_eq!(
        Request::new(verify, "GET", "/verify")
            .bearer(&token)
            .send()
            .verdict(),
        "200"
    );
    assert_eq!(
        open.send(&Request::new(verify, "GET", "/verify")).verdict(),
        "401 token_missing"
    );
    let told = Instant::now();
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0), "{}", service.log);
    assert!(
        told.elapsed() < Duration::from_secs(15),
        "the second signal ends at once"
    );
}

#[test]
fn running_requests_finish_and_are_the_last_on_their_connections() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    // One worker: who asks later is answered later. The wait for keys ends with the issuer, long
    // before its own end.
    let keys = [
        ("ISSUER", url.as_str()),
        ("AUDIENCE", "api"),
        ("JWKS_WAIT", "1m"),
        ("JWKS_TIMEOUT", "1m"),
    ];
    let (mut service, verify, _) =
        started_with(&[&keys[..], &[("WORKERS", "1"), ("SHUTDOWN_TIMEOUT", "60s")]].concat());
    let mut waiting = Client::connect(verify);
    let token = TestIssuer::new().token().claim("iss", url.as_str()).sign();
    waiting.write(
        &Request::new(verify, "GET", "/verify")
            .bearer(&token)
            .bytes(),
    );
    let mut idle = Client::connect(verify);
    assert_eq!(
        idle.send(&Request::new(verify, "GET", "/verify")).verdict(),
        "401 token_missing"
    );
    service.signal("TERM");
    wait_until_refused(verify);
    drop(silent);
    let last = waiting
        .read_answer(false)
        .expect("the running request finishes");
    assert_eq!(
        (last.verdict().as_str(), last.get("connection")),
        ("503 keys_unavailable", Some("close"))
    );
    assert!(waiting.is_closed() && idle.is_closed());
    assert_eq!(service.wait(), Some(0));
}

#[test]
fn no_request_fails_while_the_service_leaves() {
    let (mut service, verify, admin) = started(&[("SHUTDOWN_DELAY", "3s")]);
    let token = token();
    let (left, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| hammer(verify, &token, &left, &answered));
        }
        // The proxy's health check sees it and sends no more, as the load does below.
        wait_for(&answered, 50);
        service.signal("TERM");
        wait_until_not_ready(admin);
        let before = answered.load(Ordering::SeqCst);
        wait_for(&answered, before + 50);
        left.store(true, Ordering::SeqCst);
    });
    assert_eq!(service.wait(), Some(0), "{}", service.log);
    assert!(service.log.contains("stopped"), "{}", service.log);
}

/// Asks on one connection until told to end; a closed connection is opened anew, a lost or wrong
/// answer is a failure.
fn hammer(verify: SocketAddr, token: &str, left: &AtomicBool, answered: &AtomicUsize) {
    let request = Request::new(verify, "GET", "/verify").bearer(token);
    let mut client = Client::connect(verify);
    while !left.load(Ordering::SeqCst) {
        let answer = client.send(&request);
        assert_eq!(answer.verdict(), "200");
        answered.fetch_add(1, Ordering::SeqCst);
        if answer.get("connection") == Some("close") {
            client = Client::connect(verify);
        }
    }
}

fn wait_for(count: &AtomicUsize, least: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while count.load(Ordering::SeqCst) < least {
        assert!(Instant::now() < deadline, "no progress");
        std::thread::yield_now();
    }
}

fn wait_until_not_ready(admin: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Request::new(admin, "GET", "/readyz").send().status != 503 {
        assert!(Instant::now() < deadline, "it stays ready");
    }
}

fn wait_until_refused(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "it still accepts connections");
    }
}

/// The program, running, with its verify and its admin address.
fn started(settings: &[(&str, &str)]) -> (Service, SocketAddr, SocketAddr) {
    started_with(&[&with_secret()[2..], settings].concat())
}

fn started_with(settings: &[(&str, &str)]) -> (Service, SocketAddr, SocketAddr) {
    let settings = [&with_secret()[..2], settings].concat();
    let mut service = Service::start(&["serve"], &settings);
    let (verify, admin) = (service.address("verify"), service.address("admin"));
    (service, verify, admin)
}

fn with_secret() -> Vec<(&'static str, &'static str)> {
    let listeners = [("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")];
    let issuer = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
        ("ACCESS_LOG", "off"),
    ];
    [&listeners[..], &issuer].concat()
}

fn token() -> String {
    issue(&["--issuer", "me", "--audience", "api"])
}

fn issue(arguments: &[&str]) -> String {
    let arguments = [&["token", "issue", "--hmac-secret-file", "-"], arguments].concat();
    String::from_utf8(doorward(&arguments, &[], SECRET).stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn ask_unix(path: &Path, token: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    write!(
        stream,
        "GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    status_line(stream)
}

fn status_line(stream: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
