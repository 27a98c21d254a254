//! Notifications to the service manager.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::support::{Request, Service, doorward};

const SETTINGS: &[(&str, &str)] = &[
    ("LISTEN", "127.0.0.1:0"),
    ("ADMIN_LISTEN", "127.0.0.1:0"),
    ("ISSUER", "me"),
    ("AUDIENCE", "api"),
    ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
    ("ACCESS_LOG", "off"),
];

/// A manager that listens, and how it is addressed.
struct Manager {
    socket: UnixDatagram,
    address: String,
    _place: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("notify");
        Self::listening(
            UnixDatagram::bind(&path).unwrap(),
            path.to_str().unwrap().to_owned(),
            place,
        )
    }

    /// At an address that is no file (unix(7)).
    fn abstract_one() -> Self {
        let place = tempfile::tempdir().unwrap();
        let name = format!("doorward{}", place.path().display());
        let socket =
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Self::listening(socket, format!("@{name}"), place)
    }

    fn listening(socket: UnixDatagram, address: String, place: tempfile::TempDir) -> Self {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            socket,
            address,
            _place: place,
        }
    }

    fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Service {
        let own = [("NOTIFY_SOCKET", self.address.as_str())];
        Service::start_with(arguments, SETTINGS, &[&own[..], variables].concat())
    }

    /// The next notification.
    fn told(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self
            .socket
            .recv(&mut buffer)
            .expect("the manager was told nothing");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }
}

fn monotonic_micros() -> u128 {
    Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap()).as_micros()
}

#[test]
fn it_is_told_when_the_service_serves_reads_anew_and_stops() {
    for manager in [Manager::new(), Manager::abstract_one()] {
        let mut service = manager.start(&["serve"], &[]);
        assert_eq!(manager.told(), "READY=1\nSTATUS=serving by configuration 1");
        let verify = service.address("verify");
        assert_eq!(
            Request::new(verify, "GET", "/verify").send().verdict(),
            "401 token_missing"
        );

        let before = monotonic_micros();
        service.signal("HUP");
        let told = manager.told();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            (lines[0], lines[2]),
            ("RELOADING=1", "STATUS=reading a new configuration")
        );
        let at: u128 = lines[1]
            .strip_prefix("MONOTONIC_USEC=")
            .unwrap()
            .parse()
            .unwrap();
        assert!((before..=monotonic_micros()).contains(&at), "{before} {at}");
        assert_eq!(manager.told(), "READY=1\nSTATUS=serving by configuration 2");

        service.signal("TERM");
        assert_eq!(
            manager.told(),
            "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=15000000"
        );
        assert_eq!(service.wait(), Some(0));
    }
}

#[test]
fn a_configuration_that_is_refused_leaves_the_service_ready() {
    let manager = Manager::new();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("doorward.yaml");
    std::fs::write(&file, "realm: here\n").unwrap();
    let service = manager.start(&["serve", "--config", file.to_str().unwrap()], &[]);
    assert!(manager.told().starts_with("READY=1\n"));
    std::fs::write(&file, "realm: [\n").unwrap();
    service.signal("HUP");
    assert!(manager.told().starts_with("RELOADING=1\n"));
    let told = manager.told();
    assert_eq!(
        told,
        "READY=1\nSTATUS=serving by configuration 1; a new one was refused, see the log"
    );
}

/// A file that the new configuration names for the first time may still be written, so the next
/// poll reads both again. Until then nothing was refused.
#[test]
fn a_configuration_whose_files_may_still_change_is_not_refused() {
    let manager = Manager::new();
    let place = tempfile::tempdir().unwrap();
    let (file, token) = (
        place.path().join("doorward.yaml"),
        place.path().join("token"),
    );
    std::fs::write(&token, "0123456789abcdef").unwrap();
    std::fs::write(&file, "reload: on_change\n").unwrap();
    let _service = manager.start(&["serve", "--config", file.to_str().unwrap()], &[]);
    assert!(manager.told().starts_with("READY=1\n"));
    let named = format!("reload: on_change\nadmin_token_file: {}\n", token.display());
    std::fs::write(&file, named).unwrap();
    assert!(manager.told().starts_with("RELOADING=1\n"));
    assert_eq!(
        manager.told(),
        "READY=1\nSTATUS=serving by configuration 1; the files of a new one still change"
    );
    assert!(manager.told().starts_with("RELOADING=1\n"));
    assert_eq!(manager.told(), "READY=1\nSTATUS=serving by configuration 2");
}

#[test]
fn a_watchdog_hears_that_all_is_well() {
    let manager = Manager::new();
    let service = manager.start(&["serve"], &[("WATCHDOG_USEC", "100000")]);
    let told: Vec<String> = (0..6).map(|_| manager.told()).collect();
    let words = |word: &str| told.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!((words("READY=1"), words("WATCHDOG=1")), (1, 5), "{told:?}");
    let own = service.id().to_string();
    drop(service);

    let other = Manager::new();
    let mut service = other.start(
        &["serve"],
        &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", &own)],
    );
    assert!(other.told().starts_with("READY=1\n"));
    service.address("verify");
    service.signal("TERM");
    assert!(
        other.told().starts_with("STOPPING=1\n"),
        "the watchdog is somebody else's"
    );
}

#[test]
fn variables_that_make_no_sense_stop_the_start() {
    let told = [
        ("NOTIFY_SOCKET", "vsock:2:1"),
        ("WATCHDOG_USEC", "soon"),
        ("WATCHDOG_USEC", "0"),
    ]
    .map(|variable| {
        let mut service = Service::start_with(&["serve"], SETTINGS, &[variable]);
        assert_eq!(service.wait(), Some(1));
        std::mem::take(&mut service.log)
    });
    insta::assert_snapshot!(told.concat(), @r#"
    doorward: NOTIFY_SOCKET: "vsock:2:1" cannot be written to (a path, or @ and an abstract name): unsupported
    doorward: WATCHDOG_USEC: "soon" is no number of microseconds (set WatchdogSec= in the unit)
    doorward: WATCHDOG_USEC: "0" is no number of microseconds (set WatchdogSec= in the unit)
    "#);
    assert!(doorward(&["check"], SETTINGS, "").status.success());
}
