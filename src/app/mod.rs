//! Layer 10: builds the service from its configuration and runs it. Only this module wires the
//! others together.

mod assembly;
mod certificates;
mod credential_lists;
mod failure_limiters;
mod introspectors;
mod key_refreshers;
mod offline;
mod parts;
mod platform;
mod prepared_configuration;
mod reload;
mod shared_clients;
mod shutdown;
mod sockets;
mod spans;
mod start_error;
mod sweeper;
mod systemd;
mod user_directory;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::task::JoinSet;

pub use assembly::MAX_UNREACHED;
pub use offline::{gate_of_keys, offline_gate, simulator};
pub use platform::Platform;
pub use reload::Reload;
pub use shutdown::Shutdown;
pub use start_error::StartError;
pub use systemd::{SystemdNotifier, UnknownManager};

use crate::config::{Configuration, Listen, ReloadTrigger, RestartOnlySettings, ServerSettings};
use crate::grpc::{CheckService, GrpcHandle, GrpcServer};
use crate::http::{AdminService, Heartbeat, Lifecycle, VerifyService, admin_server, verify_server};
use crate::platform::{BoundListener, InheritedSockets, SocketLock};
use crate::telemetry::Spans;
use assembly::{NewClients, SharedResources};
use parts::Parts;
use prepared_configuration::PreparedConfiguration;
use sockets::{Addresses, Sockets};
use sweeper::sweep_cache;
use user_directory::{CheckedDirectory, ReadyDirectory};

/// The whole service, bound to its sockets and not yet running.
pub struct Application {
    verify: Server,
    admin: Server,
    grpc: Option<GrpcServer>,
    addresses: Addresses,
    service: Arc<VerifyService>,
    shared: SharedResources,
    restart_only: RestartOnlySettings,
    trigger: ReloadTrigger,
    lifecycle: Arc<Lifecycle>,
    spans: Option<Arc<Spans>>,
    shutdown_delay: Duration,
    shutdown_timeout: Duration,
    heartbeat: Option<Heartbeat>,
    /// The locks of the socket files. They are held until the service has ended, which is later
    /// than the moment when it stops accepting connections.
    _locks: Vec<SocketLock>,
}

impl Application {
    /// Binds the sockets and builds the service. Must be called inside a tokio runtime.
    ///
    /// Fails with [`StartError`] if a socket cannot be bound or an HTTP client cannot be built.
    pub fn build(configuration: Configuration, platform: &Platform) -> Result<Self, StartError> {
        Self::build_on(InheritedSockets::default(), configuration, platform)
    }

    /// Builds the service like [`build`](Self::build), but on sockets that are open already. A
    /// listener that inherits no socket binds its configured addresses.
    pub fn build_on(
        inherited: InheritedSockets,
        configuration: Configuration,
        platform: &Platform,
    ) -> Result<Self, StartError> {
        let server = configuration.server.clone();
        let sockets = Sockets::bind(inherited, &server)?;
        let addresses = sockets.addresses()?;
        let (restart_only, trigger) = (RestartOnlySettings::of(&configuration), server.reload);
        let mut shared = SharedResources::new(&configuration, platform)?;
        let heartbeat = platform.manager.heartbeat();
        let prepared = PreparedConfiguration::new(configuration);
        let directory = shared.prepare_directory(&prepared.configuration)?;
        // Nothing runs yet that this could hold up.
        let directory =
            directory.map_or_else(|| Ok(ReadyDirectory::default()), CheckedDirectory::wait)?;
        let clients = NewClients {
            directory,
            ..NewClients::default()
        };
        let snapshot = shared.build(prepared, clients, 1)?;
        let service = Arc::new(VerifyService::new(snapshot, shared.metrics.clone()));
        let admin = AdminService {
            verify: service.clone(),
            lifecycle: shared.lifecycle.clone(),
            tls: shared.tls(),
        };
        Ok(Self {
            grpc: grpc_server(&service, &server, sockets.grpc)?,
            verify: verify_server(
                service.clone(),
                &server,
                shared.tls().as_ref(),
                heartbeat.clone(),
                sockets.verify,
            )?,
            admin: admin_server(admin, sockets.admin)?,
            addresses,
            service,
            restart_only,
            trigger,
            lifecycle: shared.lifecycle.clone(),
            spans: shared.spans.clone(),
            shared,
            shutdown_delay: server.shutdown_delay,
            shutdown_timeout: server.shutdown_timeout,
            heartbeat,
            _locks: sockets.locks,
        })
    }

    /// Returns the addresses of the verify listener, with the ports that the system assigned.
    pub fn verify_addresses(&self) -> &[Listen] {
        &self.addresses.verify
    }

    /// Returns the addresses of the admin listener, with the ports that the system assigned.
    pub fn admin_addresses(&self) -> &[Listen] {
        &self.addresses.admin
    }

    /// Returns the addresses of the gRPC listener, with the ports that the system assigned.
    pub fn grpc_addresses(&self) -> &[Listen] {
        &self.addresses.grpc
    }

    /// Serves until a shutdown is requested, and then for as long as the settings allow. Meanwhile
    /// reloads the configuration when that is requested.
    ///
    /// Fails if a listener fails or a task panics; the service then stops as if it were asked to.
    pub async fn run(self, mut shutdown: Shutdown, reload: Reload) -> io::Result<()> {
        let (mut tasks, parts) = (JoinSet::new(), Parts::default());
        let manager = self.shared.platform.manager.clone();
        if let Some(heartbeat) = self.heartbeat {
            tasks.spawn(manager.clone().notify_watchdog(heartbeat));
        }
        if let Some(certificates) = self.shared.certificates.clone() {
            tasks.spawn(certificates.follow());
        }
        tasks.spawn(sweep_cache(
            self.service.clone(),
            self.shared.platform.clock.clone(),
        ));
        tasks.spawn(reload.follow(self.shared, self.service, self.restart_only, self.trigger));
        let servers = Servers {
            verify: self.verify.handle(),
            admin: self.admin.handle(),
            grpc: self.grpc.as_ref().map(GrpcServer::handle),
        };
        let grpc = async {
            match self.grpc {
                Some(server) => parts.listener("grpc", server.run()).await,
                None => Ok(()),
            }
        };
        let stopping = async {
            // `join!` polls the servers first, and a server's first poll returns only once its
            // workers have started.
            manager.serving(1);
            let wanted = tokio::select! {
                () = shutdown.requested(1) => Ok(()),
                error = parts.failure(&mut tasks) => Err(error),
            };
            manager.stopping(self.shutdown_delay + self.shutdown_timeout);
            stop(
                &self.lifecycle,
                self.shutdown_delay,
                &mut shutdown,
                &servers,
            )
            .await;
            wanted
        };
        let (verify, admin, grpc, wanted) = tokio::join!(
            biased;
            parts.listener("verify", self.verify),
            parts.listener("admin", self.admin),
            grpc,
            stopping
        );
        if let Some(spans) = self.spans {
            // On a thread that may block, while this one sends the spans.
            tokio::task::spawn_blocking(move || spans.finish()).await?;
        }
        verify.and(admin).and(grpc).and(wanted)
    }
}

/// Stops the service in steps: it reports at once that it is not ready, accepts connections for the
/// delay, and then finishes the running requests. A second shutdown request ends it at once.
async fn stop(lifecycle: &Lifecycle, delay: Duration, shutdown: &mut Shutdown, servers: &Servers) {
    tracing::info!(delay = %humantime::format_duration(delay), "stopping");
    lifecycle.drain();
    servers.drain().await;
    let finish = async {
        tokio::time::sleep(delay).await;
        lifecycle.close();
        servers.stop(true).await;
    };
    let mut again = shutdown.clone();
    tokio::select! {
        () = finish => {}
        () = again.requested(2) => servers.stop(false).await,
    }
    tracing::info!("stopped");
}

/// The handles that stop each server.
struct Servers {
    verify: ServerHandle,
    admin: ServerHandle,
    grpc: Option<GrpcHandle>,
}

impl Servers {
    async fn drain(&self) {
        if let Some(grpc) = &self.grpc {
            grpc.drain().await;
        }
    }

    async fn stop(&self, graceful: bool) {
        if let Some(grpc) = &self.grpc {
            grpc.stop(graceful);
        }
        self.verify.stop(graceful).await;
        self.admin.stop(graceful).await;
    }
}

/// Creates the gRPC listener, if there are sockets for it. It decides by the configuration that is
/// active for the verify listener.
fn grpc_server(
    service: &Arc<VerifyService>,
    settings: &ServerSettings,
    sockets: Vec<BoundListener>,
) -> io::Result<Option<GrpcServer>> {
    if sockets.is_empty() {
        return Ok(None);
    }
    let service = service.clone();
    let checks = CheckService::new(Arc::new(move || service.snapshot().decisions.clone()));
    GrpcServer::new(checks, settings, sockets).map(Some)
}
