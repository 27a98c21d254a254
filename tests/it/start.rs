//! Signals that come before the service has begun.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Request, Service, eventually};

const SETTINGS: &[(&str, &str)] = &[
    ("LISTEN", "127.0.0.1:0"),
    ("ADMIN_LISTEN", "127.0.0.1:0"),
    ("ACCESS_LOG", "off"),
];

/// A configuration that takes a while to read.
fn long_file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let routes: Vec<String> = (0..2000)
        .map(|n| format!("  - {{name: r{n}, match: {{path: /{n}}}}}\n"))
        .collect();
    let secret = "hmac_secret: 0123456789abcdef0123456789abcdef";
    let text = format!(
        "proxy: nginx\nissuer: me\naudience: [api]\n{secret}\nroutes:\n{}",
        routes.concat()
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

/// What a process does with signals: bit by bit, from the first (proc(5)).
#[derive(Default)]
struct Masks {
    held: u64,
    heard: u64,
}

impl Masks {
    fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let mask = |name: &str| {
            let hexadecimal = status.lines().find_map(|line| line.strip_prefix(name));
            hexadecimal
                .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
                .unwrap_or_default()
        };
        Self {
            held: mask("SigBlk:"),
            heard: mask("SigCgt:"),
        }
    }

    fn has(mask: u64, signal: Signal) -> bool {
        mask & (1 << (signal as u32 - 1)) != 0
    }
}

/// The program, started and seen as soon as it can be; and whether it still holds its signals back.
fn just_started(file: &tempfile::NamedTempFile) -> (Service, bool) {
    let service = Service::start(
        &["serve", "--config", file.path().to_str().unwrap()],
        SETTINGS,
    );
    let mut seen = Masks::default();
    while !Masks::has(seen.held | seen.heard, Signal::SIGHUP) {
        // Between exec(2) and `main` a signal ends any program: that time is not looked at.
        seen = Masks::of(service.id());
    }
    let is_held = [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]
        .iter()
        .all(|signal| Masks::has(seen.held, *signal));
    (service, is_held)
}

fn send(service: &Service, signal: Signal) {
    kill(Pid::from_raw(service.id().try_into().unwrap()), signal).unwrap();
}

#[test]
fn a_sighup_at_the_very_start_is_remembered() {
    let file = long_file();
    let was_held = eventually("a program that was seen before it heard signals", || {
        let (mut service, is_held) = just_started(&file);
        send(&service, Signal::SIGHUP);
        let admin = service.address("admin");
        service.wait_for_line("configuration active");
        assert_eq!(Request::new(admin, "GET", "/readyz").send().status, 200);
        send(&service, Signal::SIGTERM);
        assert_eq!(service.wait(), Some(0));
        is_held.then_some(true)
    });
    assert!(was_held);
}

#[test]
fn many_sighups_do_not_end_the_start() {
    let file = long_file();
    let (mut service, _) = just_started(&file);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let process = Pid::from_raw(service.id().try_into().unwrap());
    let flood = std::thread::spawn(move || {
        while stopped.try_recv().is_err() {
            kill(process, Signal::SIGHUP).unwrap();
            std::thread::park_timeout(Duration::from_micros(50));
        }
    });
    let verify = service.address("verify");
    service.wait_for_line("configuration active");
    stop.send(()).unwrap();
    flood.join().unwrap();
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().status,
        403,
        "no dialect names a route"
    );
    send(&service, Signal::SIGTERM);
    assert_eq!(service.wait(), Some(0));
}

#[test]
fn a_signal_to_end_at_the_very_start_is_obeyed() {
    let file = long_file();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (mut service, _) = just_started(&file);
        send(&service, signal);
        assert_eq!(service.wait(), Some(0), "{signal}: {}", service.log);
        assert!(
            !service.log.contains("listener"),
            "it did not begin: {}",
            service.log
        );
    }
}

#[test]
fn other_commands_end_by_signals_as_any_program_does() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    // It waits for a token that does not come.
    let mut child = command
        .args(["token", "inspect"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    eventually("a program that waits and holds nothing back", || {
        let sleeps = std::fs::read_to_string(format!("/proc/{id}/status"))
            .unwrap()
            .contains("State:\tS");
        (sleeps && Masks::of(id).held == 0).then_some(())
    });
    kill(Pid::from_raw(id.try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGTERM as i32));
}
