//! Real programs beside the service: proxies, Prometheus, an identity provider.
//!
//! Each runs in a directory and a process group of its own. Both are gone when it is dropped, and a
//! failing test shows what the program said.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Long enough for a slow machine; a test that meets it has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long nothing is tried after an attempt in vain.
const PACE: Duration = Duration::from_millis(5);

/// How often a program may find its port taken.
const STARTS: usize = 5;

/// A program that runs until it is dropped.
pub struct Component {
    /// Where it listens, if it was started to.
    pub address: SocketAddr,
    child: Child,
    directory: TempDir,
}

impl Component {
    /// Starts what `prepare` makes of a directory and a free port, and waits until it listens
    /// there.
    pub fn listening(prepare: impl Fn(&Path, u16) -> Command) -> Self {
        for _ in 0..STARTS {
            let (directory, port) = (directory(), free_port());
            let command = prepare(directory.path(), port);
            let mut component = Self::start_in(directory, command, port);
            if component.wait_until_it_listens() {
                return component;
            }
        }
        panic!("{STARTS} ports in a row were taken");
    }

    /// The same on a port that was its own before.
    pub fn listening_on(port: u16, prepare: impl Fn(&Path) -> Command) -> Self {
        let directory = directory();
        let command = prepare(directory.path());
        let mut component = Self::start_in(directory, command, port);
        assert!(
            component.wait_until_it_listens(),
            "port {port} was taken meanwhile"
        );
        component
    }

    /// Starts what `prepare` makes of a directory, and waits for nothing.
    pub fn start(prepare: impl Fn(&Path) -> Command) -> Self {
        let directory = directory();
        let command = prepare(directory.path());
        Self::start_in(directory, command, 0)
    }

    /// Sends a signal such as `STOP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Everything it has said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.directory.path().join("log")).unwrap())
            .into_owned()
    }

    /// The first line of its log that has this in it.
    pub fn wait_for_line(&mut self, part: &str) -> String {
        eventually(&format!("a line with {part:?}"), || {
            let ended = self.child.try_wait().unwrap();
            let found = self
                .log()
                .lines()
                .find(|line| line.contains(part))
                .map(str::to_owned);
            assert!(
                ended.is_none() || found.is_some(),
                "it ended without a line with {part:?}"
            );
            found
        })
    }

    fn start_in(directory: TempDir, mut command: Command, port: u16) -> Self {
        let log = File::create(directory.path().join("log")).unwrap();
        let child = command
            .env("TMPDIR", directory.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            child,
            directory,
        }
    }

    /// Whether it does; it does not if another program took the port meanwhile.
    fn wait_until_it_listens(&mut self) -> bool {
        let (id, port) = (self.child.id(), self.address.port());
        eventually("a listening program", || {
            let ended = self.child.try_wait().unwrap();
            if let Some(status) = ended {
                let taken = self
                    .log()
                    .to_ascii_lowercase()
                    .contains("address already in use");
                assert!(taken, "the program ended at once: {status}");
                return Some(false);
            }
            listens(id, port).then_some(true)
        })
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        // The group: nginx has workers.
        let mut kill = Command::new("kill");
        let _ = kill
            .args(["-KILL", "--", &format!("-{}", self.child.id())])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- {} said:\n{}---",
                self.directory.path().display(),
                self.log()
            );
        }
    }
}

/// A program that `make setup` has installed.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = repository().join(".tools/venv/bin");
    let directories = std::iter::once(own)
        .chain(std::env::split_paths(&path))
        .chain(["/usr/sbin", "/sbin"].map(Into::into));
    let found = directories
        .map(|directory| directory.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed\nhint: run `make setup`"))
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository with these places exchanged. Each must be there, or the test would test
/// something else.
pub fn shipped(file: &str, changes: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(repository().join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{file} has no {from:?}");
        text.replace(from, to)
    })
}

/// Tries until there is something; gives up by panicking.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        // Between two attempts, so that what is waited for gets the processor.
        std::thread::park_timeout(PACE);
    }
}

/// A free port, and one that no other test gets while this process lives: what
/// listens there may stop and come back. It lies below those that the system gives to outgoing
/// connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static RESERVED: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());
    loop {
        // Different runs on one machine begin at different places.
        let number = std::process::id()
            .wrapping_mul(7919)
            .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        // None that begins with the digits of a port which the shipped files have (3000 and
        // others), and which a test replaces there.
        let port = u16::try_from(21_000 + number % 9_000).unwrap();
        // An abstract name (unix(7)) has one owner, is no file, and is free again when its process
        // ends, however it ends.
        let name = UnixAddress::from_abstract_name(format!("doorward-port-{port}")).unwrap();
        let Ok(reservation) = UnixDatagram::bind_addr(&name) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            RESERVED.lock().unwrap().push(reservation);
            return port;
        }
    }
}

/// A directory that the workers of a server may enter, whatever user they run as.
fn directory() -> TempDir {
    let directory = tempfile::Builder::new()
        .prefix("doorward-")
        .tempdir()
        .unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Whether this process itself listens on this port: an open port alone might be that of another
/// program.
fn listens(process: u32, port: u16) -> bool {
    let Some(socket) = sockets(port, "0A").pop() else {
        return false;
    };
    let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    let link = PathBuf::from(format!("socket:[{socket}]"));
    files
        .flatten()
        .any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == link))
}

/// Whether a connection to this port of this machine is open at the end that was asked.
pub fn is_connected(port: u16) -> bool {
    !sockets(port, "01").is_empty()
}

/// How many connections to this port a process of this machine holds open or has still to accept.
pub fn open_connections(port: u16) -> usize {
    // Established, or left by the client only: in all other states nobody holds the socket.
    ["01", "08"]
        .iter()
        .map(|state| sockets(port, state).len())
        .sum()
}

/// The inodes of the sockets of this port in this state (proc(5)).
fn sockets(port: u16, state: &str) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines());
    let found = lines.filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        (columns.get(1)?.ends_with(&suffix) && *columns.get(3)? == state)
            .then(|| columns[9].to_owned())
    });
    found.collect()
}
