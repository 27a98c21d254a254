//! SIGHUP, SIGUSR1 and SIGUSR2: what a terminal that is closed, and habits of other servers, do.

use std::process::Stdio;

use nix::pty::openpty;

use crate::support::{Request, Service};

const SETTINGS: &[(&str, &str)] = &[
    ("LISTEN", "127.0.0.1:0"),
    ("ADMIN_LISTEN", "127.0.0.1:0"),
    ("ISSUER", "me"),
    ("AUDIENCE", "api"),
    ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
    ("LOG_FORMAT", "json"),
];

fn file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "realm: here\n").unwrap();
    file
}

#[test]
fn closing_the_terminal_ends_the_program() {
    let file = file();
    let with_file = ["serve", "--config", file.path().to_str().unwrap()];
    for arguments in [&["serve"][..], &with_file] {
        let terminal = openpty(None, None).unwrap();
        let mut service = Service::start_on(terminal.slave.into(), arguments, SETTINGS);
        service.address("admin");
        service.signal("HUP");
        assert_eq!(service.wait(), Some(0), "{arguments:?}: {}", service.log);
        assert!(service.log.contains("stopped"), "{}", service.log);
    }
}

#[test]
fn without_a_file_there_is_nothing_to_read_anew() {
    let mut service = Service::start_on(Stdio::null(), &["serve"], SETTINGS);
    service.address("admin");
    service.signal("HUP");
    assert_eq!(service.wait(), Some(0), "{}", service.log);
}

#[test]
fn nohup_is_obeyed() {
    let ignoring = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let mut service = Service::start_by(&ignoring, &["serve"], SETTINGS);
    let verify = service.address("verify");
    service.address("admin");
    service.signal("HUP");
    // Signals are taken in turn, so that the next line says that the first one ended nothing.
    service.signal("USR1");
    service.wait_for_line("signal ignored");
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().verdict(),
        "401 token_missing"
    );
}

#[test]
fn habits_of_other_servers_end_nothing() {
    let file = file();
    let arguments = ["serve", "--config", file.path().to_str().unwrap()];
    let mut service = Service::start(&arguments, SETTINGS);
    let verify = service.address("verify");
    service.address("admin");
    for name in ["USR1", "USR2"] {
        service.signal(name);
        let line = service.wait_for_line("signal ignored");
        for part in [
            &format!("\"SIG{name}\""),
            "stderr",
            "SIGHUP reloads",
            "WARN",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    service.signal("HUP");
    service.wait_for_line("configuration active");
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().verdict(),
        "401 token_missing"
    );
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
}
