//! Connections from Envoy, limited in number and in the time that the client's preface may take.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

use crate::config::TrustedProxies;

/// The length of the client's connection preface (RFC 9113 section 3.4). After the preface, pings
/// detect peers that are gone.
const PREFACE_BYTES: usize = 24;

/// The peer of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    /// A peer at this address.
    Address(IpAddr),
    /// A peer that may write to the socket file.
    SocketFile,
}

impl Peer {
    /// Returns the address; nothing for a socket file.
    pub(super) const fn address(self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::SocketFile => None,
        }
    }

    pub(super) fn is_trusted(self, trusted: &TrustedProxies) -> bool {
        match self {
            Self::Address(address) => trusted.contains(address),
            Self::SocketFile => true,
        }
    }
}

/// A byte stream, from TCP or from a unix socket.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A connection. It holds one of the connection slots, and fails if the client's preface takes too
/// long.
pub(super) struct Connection {
    socket: Box<dyn Socket>,
    peer: Peer,
    preface: Option<PendingPreface>,
    _slot: OwnedSemaphorePermit,
}

/// The missing part of the client's preface, and the deadline for it.
struct PendingPreface {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(
        socket: Box<dyn Socket>,
        peer: Peer,
        preface_timeout: Duration,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        let preface = PendingPreface {
            missing: PREFACE_BYTES,
            deadline: Box::pin(sleep(preface_timeout)),
        };
        Self {
            socket,
            peer,
            preface: Some(preface),
            _slot: slot,
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        let Some(preface) = &mut self.preface else {
            return read;
        };
        preface.missing = preface
            .missing
            .saturating_sub(buffer.filled().len() - before);
        if preface.missing == 0 {
            self.preface = None;
        } else if preface.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
