//! Floor 7: the only place that wires things together.

mod assembly;
mod certificates;
mod key_refreshers;
mod offline;
mod platform;
mod reload;
mod shutdown;
mod sockets;
mod spans;
mod start_error;
mod sweeper;
mod systemd;

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
use assembly::{PreparedConfiguration, SharedResources};
use key_refreshers::Fetchers;
use sockets::{Addresses, Sockets};
use sweeper::sweep_cache;

/// The whole service, bound to its sockets and not yet running.
pub struct Application {
    verify: Server,
    admin: Server,
    grpc: Option<GrpcServer>,
    addresses: Addresses,
    service: Arc<VerifyService>,
    shared: SharedResources,
    fixed: RestartOnlySettings,
    trigger: ReloadTrigger,
    lifecycle: Arc<Lifecycle>,
    spans: Option<Arc<Spans>>,
    shutdown_delay: Duration,
    shutdown_timeout: Duration,
    heartbeat: Option<Heartbeat>,
    /// Given up when the service has ended, and not when it accepts no more.
    _locks: Vec<SocketLock>,
}

impl Application {
    /// Binds the sockets and puts everything together. Must be called inside a tokio runtime.
    pub fn build(configuration: Configuration, platform: &Platform) -> Result<Self, StartError> {
        Self::build_on(InheritedSockets::default(), configuration, platform)
    }

    /// The same on sockets that are open already; where there are none for a listener its own are
    /// bound.
    pub fn build_on(
        inherited: InheritedSockets,
        configuration: Configuration,
        platform: &Platform,
    ) -> Result<Self, StartError> {
        let server = configuration.server.clone();
        let sockets = Sockets::bind(inherited, &server)?;
        let addresses = sockets.addresses()?;
        let (fixed, trigger) = (RestartOnlySettings::of(&configuration), server.reload);
        let mut shared = SharedResources::new(&configuration, platform)?;
        let heartbeat = platform.manager.heartbeat();
        let prepared = PreparedConfiguration::new(configuration);
        let snapshot = shared.build(prepared, Fetchers::new(), 1)?;
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
            fixed,
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

    /// Where proxies ask, with the ports that were given out.
    pub fn verify_addresses(&self) -> &[Listen] {
        &self.addresses.verify
    }

    /// Where operators ask, with the ports that were given out.
    pub fn admin_addresses(&self) -> &[Listen] {
        &self.addresses.admin
    }

    /// Where Envoy asks by gRPC, with the ports that were given out.
    pub fn grpc_addresses(&self) -> &[Listen] {
        &self.addresses.grpc
    }

    /// Serves until it is told to stop, and then as long as the settings allow.
    /// Meanwhile a new configuration may be asked for.
    pub async fn run(self, mut shutdown: Shutdown, reload: Reload) -> io::Result<()> {
        let mut following = JoinSet::new();
        let manager = self.shared.platform.manager.clone();
        if let Some(heartbeat) = self.heartbeat {
            following.spawn(manager.clone().notify_watchdog(heartbeat));
        }
        if let Some(certificates) = self.shared.certificates.clone() {
            following.spawn(certificates.follow());
        }
        following.spawn(sweep_cache(
            self.service.clone(),
            self.shared.platform.clock.clone(),
        ));
        following.spawn(reload.follow(self.shared, self.service, self.fixed, self.trigger));
        let servers = Servers {
            verify: self.verify.handle(),
            admin: self.admin.handle(),
            grpc: self.grpc.as_ref().map(GrpcServer::handle),
        };
        let grpc = async {
            match self.grpc {
                Some(server) => server.run().await,
                None => Ok(()),
            }
        };
        let stopping = async {
            // The servers were asked first, and answer only when their workers have begun.
            manager.serving(1);
            shutdown.requested(1).await;
            manager.stopping(self.shutdown_delay + self.shutdown_timeout);
            stop(
                &self.lifecycle,
                self.shutdown_delay,
                &mut shutdown,
                &servers,
            )
            .await;
        };
        let (verify, admin, grpc, ()) =
            tokio::join!(biased; self.verify, self.admin, grpc, stopping);
        if let Some(spans) = self.spans {
            // On a thread that may wait, while this one delivers.
            tokio::task::spawn_blocking(move || spans.finish()).await?;
        }
        verify.and(admin).and(grpc)
    }
}

/// Not ready at once; accepting for the delay; then finishing what runs. A second word ends it at
/// once.
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

/// What tells each server to stop.
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

/// The gRPC listener, if there is to be one. It goes through the decisions of whatever configuration the
/// verify listener has.
fn grpc_server(
    service: &Arc<VerifyService>,
    settings: &ServerSettings,
    sockets: Vec<BoundListener>,
) -> io::Result<Option<GrpcServer>> {
    if sockets.is_empty() {
        return Ok(None);
    }
    let service = service.clone();
    let checks = CheckService::new(Arc::new(move || service.generation().decisions.clone()));
    GrpcServer::new(checks, settings, sockets).map(Some)
}
