//! Binds the listening sockets. This happens before anything else runs, so that the addresses are
//! known and an address that is in use is an error at once.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::socket::{Backlog, listen};

use super::socket_file::BACKLOG;
use super::socket_lock::SocketLock;
use crate::config::{Listen, UnixSocketSettings};

/// A listening socket.
#[derive(Debug)]
pub enum BoundListener {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A unix socket and its path.
    Unix(UnixListener, PathBuf),
}

/// Binds all addresses, or fails at the first one that cannot be bound. The locks of unix sockets
/// are added to `locks`, which must live as long as the service runs. An error names the setting that
/// has the address.
pub fn bind(
    setting: &str,
    addresses: &[Listen],
    unix: &UnixSocketSettings,
    locks: &mut Vec<SocketLock>,
) -> io::Result<Vec<BoundListener>> {
    let bound = addresses.iter().map(|address| {
        let socket = match address {
            Listen::Tcp(address) => bind_tcp(*address),
            Listen::Unix(path) => bind_unix(path, unix, locks),
        };
        socket.map_err(|error| {
            let told = format!("{setting}: cannot listen on {address}: {error}");
            io::Error::new(error.kind(), told + hint(address, error.kind()))
        })
    });
    bound.collect()
}

impl BoundListener {
    /// Returns the address of the socket, with the port that the system chose for port 0.
    pub fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(_, path) => Ok(Listen::Unix(path.clone())),
        }
    }
}

/// Returns what helps against an error of a TCP socket, on a line of its own.
const fn hint(address: &Listen, kind: io::ErrorKind) -> &'static str {
    match (address, kind) {
        (Listen::Unix(_), _) => "",
        (_, io::ErrorKind::AddrInUse) => {
            "\nhint: another program has this port, perhaps another doorward; `ss -ltnp` shows which"
        }
        (_, io::ErrorKind::AddrNotAvailable) => "\nhint: this machine has no such address",
        (_, io::ErrorKind::PermissionDenied) => {
            "\nhint: ports below 1024 need the capability CAP_NET_BIND_SERVICE; take a higher one"
        }
        _ => "",
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<BoundListener> {
    let listener = TcpListener::bind(address)?;
    // The standard library uses a backlog of 128, which a burst of reconnecting proxies overflows.
    listen(&listener, Backlog::new(BACKLOG)?)?;
    Ok(BoundListener::Tcp(listener))
}

fn bind_unix(
    path: &Path,
    settings: &UnixSocketSettings,
    locks: &mut Vec<SocketLock>,
) -> io::Result<BoundListener> {
    let (listener, lock) = super::socket_file::bind(path, settings)?;
    locks.push(lock);
    Ok(BoundListener::Unix(listener, path.to_owned()))
}
