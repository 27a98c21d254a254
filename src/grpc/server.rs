//! The gRPC listener: bound before it runs, bounded while it does, and ended in the steps of the
//! whole service.

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

/// Questions that are answered at once on one connection; Envoy opens another one for more.
const MAX_STREAMS: u32 = 64;
/// A larger header block is 431, by HTTP/2 itself; up to here the answer says what is too large.
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;
/// Streams that a client resets before we have looked at them (CVE-2023-44487), and those that we
/// reset because of what it sent (RUSTSEC-2024-0003, CVE-2025-8671); then the connection ends. Left
/// out, the second would be without bound.
const MAX_RESET_STREAMS: usize = 20;
const MAX_FAULTY_STREAMS: usize = 1024;
/// What a question and all of a connection's may send ahead of being read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Nobody waits longer for an answer; a question that never ends is not waited for either.
const MAX_DURATION: Duration = Duration::from_mins(2);
/// After so much silence the peer is asked whether it is there, and has so long to say so.
const PING_AFTER: Duration = Duration::from_mins(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long nothing is accepted after that has failed: a process without a free file is not helped
/// by trying.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The gRPC listener, bound to its sockets and not yet running.
pub struct GrpcServer {
    threads: Threads,
    listeners: Vec<Listener>,
    service: CheckService,
    settings: ServerSettings,
    health: HealthReporter,
    stage: watch::Sender<Stage>,
}

/// Tells the gRPC listener to end.
#[derive(Clone)]
pub struct GrpcHandle {
    health: HealthReporter,
    stage: watch::Sender<Stage>,
}

/// Where the listener is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// It accepts nothing new, and what runs may finish.
    Finishing,
    Over,
}

/// A socket that connections come from.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The threads of the listener; they end when this is dropped, wherever that happens.
struct Threads(Option<Runtime>);

impl GrpcServer {
    /// Serves on these sockets, in threads of its own: to check a signature takes a thread's whole
    /// attention.
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

    /// What tells it to end.
    pub fn handle(&self) -> GrpcHandle {
        GrpcHandle {
            health: self.health.clone(),
            stage: self.stage.clone(),
        }
    }

    /// Serves until it is told to end, and then as long as the settings allow.
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
    /// Says that the service is about to end; it still accepts.
    pub async fn drain(&self) {
        self.health.set_not_serving::<Authorization>().await;
        self.health
            .set_service_status("", ServingStatus::NotServing)
            .await;
    }

    /// Ends it: when what runs has finished, or at once.
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
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let (accepted, connections) = mpsc::channel(1);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            settings.client_header_timeout,
            places.clone(),
            accepted.clone(),
        ));
    }
    let stopped = async {
        reached(stage, Stage::Finishing).await;
        // With the tasks go the sockets: who comes now is refused and not left waiting.
        accepting.shutdown().await;
    };
    server()
        .serve_with_incoming_shutdown(
            Services::new(service, health, settings.client_header_timeout),
            ReceiverStream::new(connections),
            stopped,
        )
        .await
        .map_err(io::Error::other)
}

/// HTTP/2 within bounds.
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

/// Accepts connections as long as there are places and somebody takes them.
async fn accept(
    listener: Listener,
    patience: Duration,
    places: Arc<Semaphore>,
    accepted: mpsc::Sender<io::Result<Connection>>,
) {
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((socket, peer)) => {
                if accepted
                    .send(Ok(Connection::new(socket, peer, patience, place)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

/// Resolves when everything has to be over.
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

/// Resolves when the listener is so far; never, if nobody can tell it any more.
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
                // Answers are small, and each is waited for.
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
            // A runtime that waited for its threads here would block the one that this runs in.
            runtime.shutdown_background();
        }
    }
}
