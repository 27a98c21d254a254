//! Takes over sockets that were open before the service started (systemd.socket(5),
//! `sd_listen_fds(3)`).

use std::io;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use listenfd::ListenFd;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::AcceptConn;

use super::listener::BoundListener;

/// Sockets that were open before the service started, used in place of the addresses in the
/// configuration. Their owner, such as systemd, keeps them open while the service restarts, so that
/// no connection is refused.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// The sockets of the verify listener.
    pub verify: Vec<BoundListener>,
    /// The sockets of the admin listener.
    pub admin: Vec<BoundListener>,
    /// The sockets of the gRPC listener.
    pub grpc: Vec<BoundListener>,
}

/// The error for an inherited socket that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnfitSocket {
    /// The socket has no name that assigns it to a listener.
    #[error(
        "socket {0} has no name (set FileDescriptorName=verify, =admin or =grpc in its socket unit)"
    )]
    Nameless(usize),
    /// The socket has the name of no listener.
    #[error(
        "socket {number} is named {name:?}, and there is no such listener \
         (set FileDescriptorName=verify, =admin or =grpc in its socket unit)"
    )]
    UnknownName {
        /// The position of the socket, counted from 1.
        number: usize,
        /// The name of the socket.
        name: String,
    },
    /// The socket cannot accept connections.
    #[error(
        "socket {number}, {name}: {error} (use ListenStream= and Accept=no in its socket unit)"
    )]
    Kind {
        /// The position of the socket, counted from 1.
        number: usize,
        /// The name of the socket.
        name: String,
        /// The cause.
        error: io::Error,
    },
}

impl InheritedSockets {
    /// Takes all sockets, each for the listener with its name. Fails if one of them cannot be used.
    pub fn take(mut sockets: ListenFd, names: &[&str]) -> Result<Self, UnfitSocket> {
        let mut inherited = Self::default();
        for index in 0..sockets.len() {
            let number = index + 1;
            let name = names
                .get(index)
                .filter(|name| !name.is_empty())
                .ok_or(UnfitSocket::Nameless(number))?;
            let listener = match *name {
                "verify" => &mut inherited.verify,
                "admin" => &mut inherited.admin,
                "grpc" => &mut inherited.grpc,
                name => {
                    return Err(UnfitSocket::UnknownName {
                        number,
                        name: name.to_owned(),
                    });
                }
            };
            let socket = take(&mut sockets, index);
            listener.push(socket.map_err(|error| UnfitSocket::Kind {
                number,
                name: (*name).to_owned(),
                error,
            })?);
        }
        Ok(inherited)
    }
}

/// Takes one socket, which must listen on TCP or on a unix socket.
fn take(sockets: &mut ListenFd, index: usize) -> io::Result<BoundListener> {
    if let Ok(Some(listener)) = sockets.take_tcp_listener(index) {
        require_listening(&listener)?;
        return Ok(BoundListener::Tcp(listener));
    }
    if let Ok(Some(listener)) = sockets.take_unix_listener(index) {
        require_listening(&listener)?;
        let path = display_path(&listener)?;
        return Ok(BoundListener::Unix(listener, path));
    }
    Err(io::Error::other("it is no TCP or unix stream socket"))
}

/// Fails unless the socket listens. With `Accept=yes` a service gets a single connection as its
/// socket, and would wait for ever for another one on it.
fn require_listening(socket: &impl AsFd) -> io::Result<()> {
    if getsockopt(socket, AcceptConn)? {
        Ok(())
    } else {
        Err(io::Error::other("it does not listen"))
    }
}

/// Returns the path of a socket. An abstract name (unix(7)) is written with an `@`, as systemd
/// does.
fn display_path(listener: &UnixListener) -> io::Result<PathBuf> {
    let address = listener.local_addr()?;
    let named = address
        .as_abstract_name()
        .map(|name| format!("@{}", String::from_utf8_lossy(name)).into());
    Ok(named
        .or(address.as_pathname().map(Into::into))
        .unwrap_or_default())
}
