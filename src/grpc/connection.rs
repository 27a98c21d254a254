//! A connection from Envoy, as bounded as HTTP/2 lets us.

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

/// The length of what a client begins with (RFC 9113 section 3.4). Once it is there, pings find out
/// who is gone.
const PREFACE_BYTES: usize = 24;

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    /// Somebody at this address.
    Address(IpAddr),
    /// Somebody who may write to the socket file.
    SocketFile,
}

impl Peer {
    pub(super) fn is_trusted(self, trusted: &TrustedProxies) -> bool {
        match self {
            Self::Address(address) => trusted.contains(address),
            Self::SocketFile => true,
        }
    }
}

/// What bytes come and go through.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A connection, which takes one of the places that there are, and ends if the client is slow to
/// begin.
pub(super) struct Connection {
    socket: Box<dyn Socket>,
    peer: Peer,
    beginning: Option<Beginning>,
    _place: OwnedSemaphorePermit,
}

/// What is missing of the client's beginning, and how long we wait for it.
struct Beginning {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(
        socket: Box<dyn Socket>,
        peer: Peer,
        patience: Duration,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let beginning = Beginning {
            missing: PREFACE_BYTES,
            deadline: Box::pin(sleep(patience)),
        };
        Self {
            socket,
            peer,
            beginning: Some(beginning),
            _place: place,
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
        let Some(beginning) = &mut self.beginning else {
            return read;
        };
        beginning.missing = beginning
            .missing
            .saturating_sub(buffer.filled().len() - before);
        if beginning.missing == 0 {
            self.beginning = None;
        } else if beginning.deadline.as_mut().poll(context).is_ready() {
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
