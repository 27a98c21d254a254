//! Sockets that systemd opened: taken by name, kept over a restart, refused with reasons.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{
    Authority, Client, Component, Request, Service, TlsClient, TlsPlace, doorward, eventually,
    free_port, program,
};

const SETTINGS: &[(&str, &str)] = &[
    ("ISSUER", "me"),
    ("AUDIENCE", "api"),
    ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
    ("ACCESS_LOG", "off"),
    // Nothing is bound there.
    ("LISTEN", "127.0.0.1:1"),
    ("ADMIN_LISTEN", "127.0.0.1:2"),
];

/// What opens these sockets, and becomes this program when somebody connects.
fn activator(
    sockets: &[&str],
    names: &str,
    settings: &[(&str, &str)],
    program_line: &[&str],
) -> Command {
    let mut command = Command::new(program("systemd-socket-activate"));
    for socket in sockets {
        command.args(["-l", socket]);
    }
    if !names.is_empty() {
        command.arg(format!("--fdname={names}"));
    }
    for (name, value) in SETTINGS.iter().chain(settings) {
        command.arg("-E").arg(format!("DOORWARD_{name}={value}"));
    }
    command.args(program_line);
    command
}

/// The same with the program itself.
fn activated(sockets: &[&str], names: &str, settings: &[(&str, &str)]) -> Command {
    activator(
        sockets,
        names,
        settings,
        &[env!("CARGO_BIN_EXE_doorward"), "serve"],
    )
}

fn local(port: u16) -> (String, SocketAddr) {
    (format!("127.0.0.1:{port}"), ([127, 0, 0, 1], port).into())
}

fn ask(address: SocketAddr) -> String {
    Request::new(address, "GET", "/verify").send().verdict()
}

#[test]
fn sockets_take_the_place_of_addresses() {
    let place = tempfile::tempdir().unwrap();
    let socket = place.path().join("verify.sock");
    let ports = [free_port(), free_port(), free_port()];
    let [(first, verify), (second, also), (third, admin)] = ports.map(local);
    let sockets = [first.as_str(), socket.to_str().unwrap(), &second, &third];
    let mut service = Component::listening_on(ports[0], |_| {
        activated(&sockets, "verify:verify:verify:admin", &[])
    });
    assert_eq!(
        (ask(verify).as_str(), ask(also).as_str()),
        ("401 token_missing", "401 token_missing")
    );
    let mut unix = Client::over(UnixStream::connect(&socket).unwrap(), Vec::new());
    assert_eq!(
        unix.send(&Request::new(verify, "GET", "/verify")).verdict(),
        "401 token_missing"
    );
    assert_eq!(Request::new(admin, "GET", "/healthz").send().status, 200);
    // What was set, and does not count, is told.
    for setting in ["listen", "admin_listen"] {
        let line = service.wait_for_line(&format!("\"setting\":\"{setting}\""));
        assert!(
            line.contains("WARN") && line.contains("has no effect: the service manager"),
            "{line}"
        );
    }
    let line = service.wait_for_line(&format!("unix:{}", socket.display()));
    assert!(line.contains("verify listener"), "{line}");
    service.signal("TERM");
    service.wait_for_line("stopped");
    assert!(socket.exists(), "the socket is not ours to remove");
}

#[test]
fn what_nobody_opened_is_bound_as_configured() {
    let (port, admin) = (free_port(), local(free_port()));
    let settings = [("ADMIN_LISTEN", admin.0.as_str())];
    let own = local(port).0;
    let settings = [settings[0], ("LISTEN", own.as_str())];
    let service = Component::listening_on(port, |_| activated(&[&own], "verify", &settings));
    assert_eq!(ask(local(port).1), "401 token_missing");
    assert_eq!(Request::new(admin.1, "GET", "/healthz").send().status, 200);
    assert!(
        !service.log().contains("has no effect"),
        "the sockets are the ones that were set: {}",
        service.log()
    );
}

#[test]
fn tls_is_spoken_on_sockets_that_were_handed_over() {
    let authority = Authority::new();
    let place = TlsPlace::new(&authority.server());
    let own = place.settings();
    let settings: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let ports = [free_port(), free_port()];
    let [(first, verify), (second, _)] = ports.map(local);
    let command = |_: &Path| activated(&[&first, &second], "verify:admin", &settings);
    let _service = Component::listening_on(ports[0], command);
    assert_eq!(
        TlsClient::new(&authority, None)
            .verdict(verify, "x")
            .as_deref(),
        Ok("401 token_malformed")
    );
}

/// Whoever keeps the sockets keeps them open while there is no service, as systemd does between
/// stop and start.
#[test]
fn no_connection_is_refused_while_the_service_is_restarted() {
    let ports = [free_port(), free_port()];
    let [(first, verify), (second, _)] = ports.map(local);
    let place = tempfile::tempdir().unwrap();
    let id_file = place.path().join("id");
    // What `Restart=always` does: the same sockets, and a new process for which they are.
    let once = format!(
        "echo $$ >{}; LISTEN_PID=$$ exec {} serve",
        id_file.display(),
        env!("CARGO_BIN_EXE_doorward")
    );
    let script = format!("while sh -c '{once}'; do :; done");
    let line = ["sh", "-c", script.as_str()];
    let service = Component::listening_on(ports[0], |_| {
        activator(&[&first, &second], "verify:admin", &[], &line)
    });
    assert_eq!(ask(verify), "401 token_missing");
    let process = || std::fs::read_to_string(&id_file).unwrap().trim().to_owned();
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    assert_eq!(patiently(verify), "HTTP/1.1 401 Unauthorized");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..3 {
            let (before, old) = (answered.load(Ordering::SeqCst), process());
            eventually("answers", || {
                (answered.load(Ordering::SeqCst) > before + 20).then_some(())
            });
            assert!(
                Command::new("kill")
                    .args(["-TERM", &old])
                    .status()
                    .unwrap()
                    .success()
            );
            eventually("a new process", || {
                (process() != old && !process().is_empty()).then_some(())
            });
        }
        let before = answered.load(Ordering::SeqCst);
        eventually("answers", || {
            (answered.load(Ordering::SeqCst) > before + 20).then_some(())
        });
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(
        service.log().matches("stopped").count(),
        3,
        "{}",
        service.log()
    );
}

/// The first line of the answer. A connection is never refused; one that the old process closed
/// without an answer, as every server may close a connection that idles, is opened once more, as
/// every proxy does.
fn patiently(verify: SocketAddr) -> String {
    for _ in 0..20 {
        let mut stream = TcpStream::connect(verify).expect("a connection was refused");
        let _ = stream.write_all(b"GET /verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        if !answer.is_empty() {
            let answer = String::from_utf8(answer).unwrap();
            return answer.lines().next().unwrap().to_owned();
        }
    }
    panic!("closed again and again");
}

#[test]
fn what_cannot_be_listened_on_is_told() {
    let place = tempfile::tempdir().unwrap();
    let datagrams = place.path().join("datagrams");
    let port = local(free_port()).0;
    let cases: [(&str, &str, &[&str]); 6] = [
        (&port, "doorward.socket", &[]),
        (&port, "", &[]),
        (&port, "metrics", &[]),
        (&port, "verify", &["--accept"]),
        (&port, "verify", &["--datagram"]),
        (datagrams.to_str().unwrap(), "admin", &["--datagram"]),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(socket, names, more)| {
            let mut service = Component::start(|_| {
                let mut command = Command::new(program("systemd-socket-activate"));
                command
                    .args(*more)
                    .args(activated(&[socket], names, &[]).get_args());
                command
            });
            wake(socket, !more.contains(&"--datagram"));
            service.wait_for_line("doorward: ") + "\n"
        })
        .collect();
    insta::assert_snapshot!(told.concat(), @r#"
    doorward: socket 1 is named "doorward.socket", and there is no such listener (set FileDescriptorName=verify, =admin or =grpc in its socket unit)
    doorward: socket 1 has no name (set FileDescriptorName=verify, =admin or =grpc in its socket unit)
    doorward: socket 1 is named "metrics", and there is no such listener (set FileDescriptorName=verify, =admin or =grpc in its socket unit)
    doorward: socket 1, verify: it does not listen (use ListenStream= and Accept=no in its socket unit)
    doorward: socket 1, verify: it is no TCP or unix stream socket (use ListenStream= and Accept=no in its socket unit)
    doorward: socket 1, admin: it is no TCP or unix stream socket (use ListenStream= and Accept=no in its socket unit)
    "#);
}

/// Has something come to the socket, until there is somebody to wake.
fn wake(socket: &str, is_stream: bool) {
    eventually("an open socket", || {
        match (is_stream, socket.starts_with('/')) {
            (true, _) => TcpStream::connect(socket).ok().map(drop),
            (false, false) => {
                let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                sender.connect(socket).unwrap();
                // The first one may find nobody; that is reported when the second one is sent.
                (sender.send(b"x").is_ok() && sender.send(b"x").is_ok()).then_some(())
            }
            (false, true) => std::os::unix::net::UnixDatagram::unbound()
                .unwrap()
                .send_to(b"x", socket)
                .ok()
                .map(drop),
        }
    });
}

#[test]
fn sockets_for_another_process_are_left_alone() {
    let settings: Vec<_> = SETTINGS
        .iter()
        .copied()
        .filter(|(name, _)| !name.ends_with("LISTEN"))
        .collect();
    let listeners = [("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")];
    let settings = [&settings[..], &listeners].concat();
    // Without an id nobody knows for whom they are.
    for whose in [&[("LISTEN_PID", "1")][..], &[]] {
        let variables = [
            &[("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "nonsense")],
            whose,
        ]
        .concat();
        let mut service = Service::start_with(&["serve"], &settings, &variables);
        assert_eq!(ask(service.address("verify")), "401 token_missing");
    }
    let checked = doorward(&["check"], &settings, "");
    assert!(checked.status.success());
}
