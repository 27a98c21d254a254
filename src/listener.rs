//! Floor 3: sockets, bound before anything runs, so that their addresses are known and a taken one is an error at once.

mod handed_sockets;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{Backlog, listen};

pub use handed_sockets::{HandedSockets, UnfitSocket};

use crate::config::{Listen, UnixSocketSettings};

/// A socket that listens.
#[derive(Debug)]
pub enum BoundListener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, at this path.
    Unix(UnixListener, PathBuf),
}

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds all of them, or none.
pub fn bind(addresses: &[Listen], unix: &UnixSocketSettings) -> io::Result<Vec<BoundListener>> {
    let bound = addresses.iter().map(|address| {
        let socket = match address {
            Listen::Tcp(address) => bind_tcp(*address),
            Listen::Unix(path) => bind_unix(path, unix),
        };
        socket.map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
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

/// Makes the socket beside its place and moves it there: it is never there with other permissions than it should have.
fn bind_unix(path: &Path, settings: &UnixSocketSettings) -> io::Result<BoundListener> {
    refuse_occupied(path)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    let prepared = prepare_socket_file(&beside, settings).and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = prepared {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    listen(&listener, Backlog::new(BACKLOG)?)?;
    Ok(BoundListener::Unix(listener, path.to_owned()))
}

fn prepare_socket_file(path: &Path, settings: &UnixSocketSettings) -> io::Result<()> {
    if settings.group.is_some() {
        chown(path, None, settings.group)?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(settings.mode))
}

/// A socket that nobody answers on is left over from a crash; anything else is somebody's.
fn refuse_occupied(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process answers there")),
    }
}
