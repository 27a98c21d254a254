//! Sockets that were open before the service was started (systemd.socket(5), `sd_listen_fds(3)`).

use std::io;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use listenfd::ListenFd;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::AcceptConn;

use super::listener::BoundListener;

/// Sockets that were open before the service was started, in the place of addresses in the
/// configuration. Whoever holds them keeps them while the service is restarted, and no connection
/// is refused.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// For the verify listener.
    pub verify: Vec<BoundListener>,
    /// For the admin listener.
    pub admin: Vec<BoundListener>,
    /// For the gRPC listener.
    pub grpc: Vec<BoundListener>,
}

/// Why a socket is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UnfitSocket {
    /// It is not said what it is for.
    #[error(
        "socket {0} has no name (set FileDescriptorName=verify, =admin or =grpc in its socket unit)"
    )]
    Nameless(usize),
    /// There is no listener of this name.
    #[error(
        "socket {number} is named {name:?}, and there is no such listener \
         (set FileDescriptorName=verify, =admin or =grpc in its socket unit)"
    )]
    UnknownName {
        /// Which one, counted from 1.
        number: usize,
        /// Its name.
        name: String,
    },
    /// Nobody can connect to it.
    #[error(
        "socket {number}, {name}: {error} (use ListenStream= and Accept=no in its socket unit)"
    )]
    Kind {
        /// Which one, counted from 1.
        number: usize,
        /// Its name.
        name: String,
        /// Why not.
        error: io::Error,
    },
}

impl InheritedSockets {
    /// Takes them out of these, each for the listener that its name says.
    pub fn take(mut sockets: ListenFd, names: &[&str]) -> Result<Self, UnfitSocket> {
        let mut handed = Self::default();
        for index in 0..sockets.len() {
            let number = index + 1;
            let name = names
                .get(index)
                .filter(|name| !name.is_empty())
                .ok_or(UnfitSocket::Nameless(number))?;
            let listener = match *name {
                "verify" => &mut handed.verify,
                "admin" => &mut handed.admin,
                "grpc" => &mut handed.grpc,
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
        Ok(handed)
    }
}

fn take(sockets: &mut ListenFd, index: usize) -> io::Result<BoundListener> {
    if let Ok(Some(listener)) = sockets.take_tcp_listener(index) {
        listening(&listener)?;
        return Ok(BoundListener::Tcp(listener));
    }
    if let Ok(Some(listener)) = sockets.take_unix_listener(index) {
        listening(&listener)?;
        let path = shown_path(&listener)?;
        return Ok(BoundListener::Unix(listener, path));
    }
    Err(io::Error::other("it is no TCP or unix stream socket"))
}

/// With `Accept=yes` a service gets one connection, and would wait for more on it for ever.
fn listening(socket: &impl AsFd) -> io::Result<()> {
    if getsockopt(socket, AcceptConn)? {
        Ok(())
    } else {
        Err(io::Error::other("it does not listen"))
    }
}

/// Where it is; an abstract name (unix(7)) is written with an `@`, as systemd does.
fn shown_path(listener: &UnixListener) -> io::Result<PathBuf> {
    let address = listener.local_addr()?;
    let named = address
        .as_abstract_name()
        .map(|name| format!("@{}", String::from_utf8_lossy(name)).into());
    Ok(named
        .or(address.as_pathname().map(Into::into))
        .unwrap_or_default())
}
