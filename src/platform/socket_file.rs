//! Binds unix sockets in the file system.
#![expect(clippy::disallowed_methods, reason = "nothing runs yet")]

use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, connect, listen, socket,
};

use super::socket_lock::SocketLock;
use crate::config::UnixSocketSettings;

/// Binds a unix socket. The socket file is created beside its path and moved there when it is
/// complete, so that it never has other permissions than it should have.
///
/// The lock keeps other starting processes out between the check of the path and the move.
pub(super) fn bind(
    path: &Path,
    settings: &UnixSocketSettings,
) -> io::Result<(UnixListener, SocketLock)> {
    let lock = SocketLock::take(path)?;
    refuse_occupied(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let _ = std::fs::remove_file(&beside);
    let listener = listen_at(&beside, settings).and_then(|listener| {
        std::fs::rename(&beside, path)?;
        Ok(listener)
    });
    if listener.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    Ok((listener?, lock))
}

/// Creates a socket file that listens. Listening starts after the permissions are set: a client
/// that finds the file earlier is refused, and not kept waiting for the first response.
fn listen_at(path: &Path, settings: &UnixSocketSettings) -> io::Result<UnixListener> {
    let socket = stream_socket(SockFlag::empty())?;
    nix::sys::socket::bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    if settings.group.is_some() {
        chown(path, None, settings.group)?;
    }
    std::fs::set_permissions(path, Permissions::from_mode(settings.mode))?;
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(socket.into())
}

/// Fails if the path is in use. A socket on which no process listens is left over from a crash;
/// anything else belongs to someone.
fn refuse_occupied(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        ));
    }
    let taken = |how: &str| {
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another process {how} there"),
        ))
    };
    match probe(path) {
        Ok(()) => taken("answers"),
        // The queue of the other process is full. It is busy or stuck, and waiting could last for
        // ever.
        Err(Errno::EAGAIN) => taken("listens and accepts nothing"),
        Err(Errno::ECONNREFUSED | Errno::ENOENT) => Ok(()),
        Err(error) => Err(io::Error::new(
            io::Error::from(error).kind(),
            format!("cannot find out whether another process answers there: {error}"),
        )),
    }
}

/// Connects without waiting, to find out if a process listens.
fn probe(path: &Path) -> nix::Result<()> {
    let socket = stream_socket(SockFlag::SOCK_NONBLOCK)?;
    connect(socket.as_raw_fd(), &UnixAddr::new(path)?)
}

/// Creates a unix stream socket that child processes do not inherit.
fn stream_socket(flags: SockFlag) -> nix::Result<OwnedFd> {
    socket(
        AddressFamily::Unix,
        SockType::Stream,
        flags | SockFlag::SOCK_CLOEXEC,
        None,
    )
}

/// The largest number of connections that wait to be accepted.
pub(super) const BACKLOG: i32 = 1024;
