//! Floor 3: sockets, bound before anything runs, so that their addresses are known and a taken one
//! is an error at once.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::socket::{Backlog, listen};

use super::socket_file::BACKLOG;
use super::socket_lock::SocketLock;
use crate::config::{Listen, UnixSocketSettings};

/// A socket that listens.
#[derive(Debug)]
pub enum BoundListener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, at this path.
    Unix(UnixListener, PathBuf),
}

/// Binds all of them, or none. The locks of their files are to be kept as long as the service runs.
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
    /// Where it listens, with the port that it got.
    pub fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(_, path) => Ok(Listen::Unix(path.clone())),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<BoundListener> {
    let listener = TcpListener::bind(address)?;
    // The standard library asks for 128, which a burst of reconnecting proxies overflows.
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
