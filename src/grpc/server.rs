//! The gRPC listener. It is bound before it runs, has limits while it runs, and ends in the stages
//! of the whole service.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::CheckService;
use super::connection::{Connection, Peer, Socket};
use super::services::{Authorization, Services};
use crate::config::ServerSettings;
use crate::platform::BoundListener;

/// The maximum number of concurrent requests on one connection. Envoy opens another one for more.
const MAX_STREAMS: u32 = 64;
/// The maximum size of a header block. HTTP/2 itself answers a larger one with 431. Below this
/// limit, the response can name what is too large.
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;
/// The maximum number of streams that a client resets before they are processed (CVE-2023-44487),
/// and of those that the server resets because of what the client sent (RUSTSEC-2024-0003,
/// CVE-2025-8671). Then the connection ends. Left out, the second has no limit.
const MAX_RESET_STREAMS: usize = 20;
const MAX_FAULTY_STREAMS: usize = 1024;
/// The flow-control windows: how many bytes one request, and all requests of a connection, may send
/// before they are read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The maximum duration of a request, including one whose body never ends.
const MAX_DURATION: Duration = Duration::from_mins(2);
/// The time without data after which the peer is pinged, and the time that it has to reply.
const PING_AFTER: Duration = Duration::from_mins(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// The pause after a failed accept: a process without free file descriptors gains nothing by trying
/// at once.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(500);

/// The gRPC listener, bound to its sockets and not yet running.
pub struct GrpcServer {
    threads: Threads,
    listeners: Vec<Listener>,
    service: CheckService,
    settings: ServerSettings,
    health: HealthReporter,
    stage: watch::Sender<Stage>,
}

/// Shuts the gRPC listener down.
#[derive(Clone)]
pub struct GrpcHandle {
    health: HealthReporter,
    stage: watch::Sender<Stage>,
}

/// The stage of the listener's lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// Nothing new is accepted, and running requests may finish.
    Finishing,
    Over,
}

/// A listening socket.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The threads of the listener. Dropping it ends them, and may happen inside any runtime.
struct Threads(Option<Runtime>);

impl GrpcServer {
    /// Creates a listener on these sockets. It has threads of its own, because verifying a
    /// signature keeps a thread busy.
    ///
    /// Fails if the threads cannot be started or a socket cannot be used.
    pub fn new(
        service: CheckService,
        settings: &ServerSettings,
        sockets: Vec<BoundListener>,
    ) -> io::Result<Self> {
        let threads = Threads::new(settings.workers)?;
        let listeners = threads.enter(|| {
            sockets
                .into_iter()
                .map(Listener::new)
                .collect::<io::Result<_>>()
        })?;
        let (health, stage) = (HealthReporter::new(), watch::Sender::new(Stage::Serving));
        Ok(Self {
            threads,
            listeners,
            service,
            settings: settings.clone(),
            health,
            stage,
        })
    }

    /// Returns a handle that shuts it down.
    pub fn handle(&self) -> GrpcHandle {
        GrpcHandle {
            health: self.health.clone(),
            stage: self.stage.clone(),
        }
    }

    /// Serves until it is stopped, and then for as long as the settings allow.
    pub async fn run(self) -> io::Result<()> {
        let Self {
            threads,
            listeners,
            service,
            settings,
            health,
            stage,
        } = self;
        health.set_serving::<Authorization>().await;
        let ended = ended(stage.subscribe(), settings.shutdown_timeout);
        let serving = threads.spawn(serve(
            listeners,
            service,
            settings,
            health,
            stage.subscribe(),
        ));
        tokio::select! {
            served = serving => served,
            () = ended => Ok(()),
        }
    }
}

impl GrpcHandle {
    /// Reports in health checks that the service is about to end. The listener still accepts
    /// connections.
    pub async fn drain(&self) {
        self.health.set_not_serving::<Authorization>().await;
        self.health
            .set_service_status("", ServingStatus::NotServing)
            .await;
    }

    /// Stops the listener: after the running requests if `graceful`, or at once.
    pub fn stop(&self, graceful: bool) {
        let next = if graceful {
            Stage::Finishing
        } else {
            Stage::Over
        };
        self.stage.send_modify(|stage| *stage = next.max(*stage));
    }
}

async fn serve(
    listeners: Vec<Listener>,
    service: CheckService,
    settings: ServerSettings,
    health: HealthReporter,
    stage: watch::Receiver<Stage>,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    let (accepted, connections) = mpsc::channel(1);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            settings.client_header_timeout,
            slots.clone(),
            accepted.clone(),
        ));
    }
    let mut failure = None;
    let stopped = async {
        tokio::select! {
            () = reached(stage, Stage::Finishing) => {}
            // While the server takes connections, only a panic ends a task that accepts them.
            Some(Err(error)) = accepting.join_next() => failure = Some(error),
        }
        // This drops the sockets as well: a new connection is refused instead of waiting.
        accepting.shutdown().await;
    };
    let served = server()
        .serve_with_incoming_shutdown(
            Services::new(service, health, settings.client_header_timeout),
            ReceiverStream::new(connections),
            stopped,
        )
        .await;
    match failure {
        Some(error) => Err(io::Error::other(error)),
        None => served.map_err(io::Error::other),
    }
}

/// Returns an HTTP/2 server with limits.
fn server() -> Server {
    Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .http2_max_header_list_size(MAX_HEADER_LIST_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESET_STREAMS))
        .http2_max_local_error_reset_streams(Some(MAX_FAULTY_STREAMS))
        .http2_keepalive_interval(Some(PING_AFTER))
        .http2_keepalive_timeout(Some(PING_TIMEOUT))
        .timeout(MAX_DURATION)
}

/// Accepts connections while there are free slots, until the receiver is dropped.
async fn accept(
    listener: Listener,
    preface_timeout: Duration,
    slots: Arc<Semaphore>,
    accepted: mpsc::Sender<io::Result<Connection>>,
) {
    while let Ok(slot) = slots.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((socket, peer)) => {
                if accepted
                    .send(Ok(Connection::new(socket, peer, preface_timeout, slot)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// Resolves when the listener has to end: once [`Stage::Over`] is reached, or this timeout after
/// [`Stage::Finishing`].
async fn ended(stage: watch::Receiver<Stage>, shutdown_timeout: Duration) {
    let overdue = async {
        reached(stage.clone(), Stage::Finishing).await;
        tokio::time::sleep(shutdown_timeout).await;
    };
    tokio::select! {
        () = overdue => {}
        () = reached(stage.clone(), Stage::Over) => {}
    }
}

/// Resolves when the listener has reached this stage. Never resolves if the sender is dropped
/// before that.
async fn reached(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    if stage.wait_for(|stage| *stage >= wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Listener {
    fn new(bound: BoundListener) -> io::Result<Self> {
        match bound {
            BoundListener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Self::Tcp)
            }
            BoundListener::Unix(listener, _) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Self::Unix)
            }
        }
    }

    async fn accept(&self) -> io::Result<(Box<dyn Socket>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Responses are small, and Envoy waits for each of them.
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Peer::Address(address.ip())))
            }
            Self::Unix(listener) => Ok((Box::new(listener.accept().await?.0), Peer::SocketFile)),
        }
    }
}

impl Threads {
    fn new(number: Option<usize>) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        if let Some(number) = number {
            builder.worker_threads(number);
        }
        builder
            .thread_name("grpc")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.0.as_ref().map(Runtime::enter);
        work()
    }

    async fn spawn(
        &self,
        work: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> io::Result<()> {
        let Some(runtime) = &self.0 else {
            return Ok(());
        };
        runtime.spawn(work).await.map_err(io::Error::other)?
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // A runtime that waited for its threads here would block the runtime that drops it.
            runtime.shutdown_background();
        }
    }
}
