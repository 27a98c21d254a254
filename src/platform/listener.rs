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
/// are added to `locks`, which must live as long as the service runs.
pub fn bind(
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
            io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
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
