//! Floor 7: the only place that wires things together.

mod assembly;
mod certificates;
mod key_refreshers;
mod offline;
mod reload;
mod shutdown;
mod spans;
mod start_error;
mod surroundings;
mod sweeper;
mod systemd;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::task::JoinSet;

pub use assembly::MAX_UNREACHED;
pub use offline::{gate_of_keys, offline_gate, rehearsal};
pub use reload::Reload;
pub use shutdown::Shutdown;
pub use start_error::StartError;
pub use surroundings::Surroundings;
pub use systemd::{ServiceManager, UnknownManager};

use crate::config::{Configuration, FixedSettings, Listen, ReloadTrigger, ServerSettings};
use crate::grpc::{CheckService, GrpcHandle, GrpcServer};
use crate::http::{AdminService, Lifecycle, Pulse, VerifyService, admin_server, verify_server};
use crate::platform::{Background, BoundListener, HandedSockets, SocketLock, bind};
use crate::telemetry::{Metrics, Spans};
use assembly::{Draft, Workshop};
use certificates::Certificates;
use key_refreshers::{Fetchers, Keepers};
use spans::spans;
use sweeper::sweep_cache;

/// The whole service, bound to its sockets and not yet running.
pub struct Application {
    verify: Server,
    admin: Server,
    grpc: Option<GrpcServer>,
    verify_addresses: Vec<Listen>,
    admin_addresses: Vec<Listen>,
    grpc_addresses: Vec<Listen>,
    service: Arc<VerifyService>,
    workshop: Workshop,
    fixed: FixedSettings,
    trigger: ReloadTrigger,
    lifecycle: Arc<Lifecycle>,
    spans: Option<Arc<Spans>>,
    shutdown_delay: Duration,
    shutdown_timeout: Duration,
    pulse: Option<Pulse>,
    /// Given up when the service has ended, and not when it accepts no more.
    _locks: Vec<SocketLock>,
}

impl Application {
    /// Binds the sockets and puts everything together. Must be called inside a tokio runtime.
    pub fn build(
        configuration: Configuration,
        surroundings: &Surroundings,
    ) -> Result<Self, StartError> {
        Self::build_on(HandedSockets::default(), configuration, surroundings)
    }

    /// The same on sockets that are open already; where there are none for a listener its own are
    /// bound.
    pub fn build_on(
        handed: HandedSockets,
        configuration: Configuration,
        surroundings: &Surroundings,
    ) -> Result<Self, StartError> {
        let server = configuration.server.clone();
        let mut locks = Vec::new();
        let mut sockets = |handed: Vec<BoundListener>, addresses: &[Listen]| {
            if handed.is_empty() {
                bind(addresses, &server.unix_socket, &mut locks)
            } else {
                Ok(handed)
            }
        };
        let verify_sockets = sockets(handed.verify, &server.listen)?;
        let admin_sockets = sockets(handed.admin, &server.admin_listen)?;
        let grpc_sockets = sockets(handed.grpc, &server.grpc_listen)?;
        let (verify_addresses, admin_addresses) =
            (addresses(&verify_sockets)?, addresses(&admin_sockets)?);
        let grpc_addresses = addresses(&grpc_sockets)?;

        let (fixed, trigger) = (FixedSettings::of(&configuration), server.reload);
        let metrics = Arc::new(Metrics::new(
            configuration.logging.metrics_route_label,
            &surroundings.log,
        )?);
        let lifecycle = Arc::new(Lifecycle::default());
        let spans = configuration
            .traces
            .as_ref()
            .map(|traces| spans(traces, surroundings))
            .transpose()?;
        let certificates = configuration
            .tls
            .clone()
            .map(|tls| Certificates::new(tls, surroundings.clock.clone(), metrics.clone()));
        let tls = certificates
            .as_ref()
            .map(|certificates| certificates.current.clone());
        let pulse = surroundings.manager.pulse();
        let mut workshop = Workshop {
            surroundings: surroundings.clone(),
            metrics: metrics.clone(),
            lifecycle: lifecycle.clone(),
            spans: spans.clone(),
            keepers: Keepers::default(),
            certificates,
            background: Background::default(),
        };
        let service = Arc::new(VerifyService::new(
            workshop.build(Draft::new(configuration), Fetchers::new(), 1)?,
            metrics,
        ));
        let admin = AdminService {
            verify: service.clone(),
            lifecycle: lifecycle.clone(),
            tls: tls.clone(),
        };
        Ok(Self {
            grpc: grpc_server(&service, &server, grpc_sockets)?,
            verify: verify_server(
                service.clone(),
                &server,
                tls.as_ref(),
                pulse.clone(),
                verify_sockets,
            )?,
            admin: admin_server(admin, admin_sockets)?,
            verify_addresses,
            admin_addresses,
            grpc_addresses,
            service,
            workshop,
            fixed,
            trigger,
            lifecycle,
            spans,
            shutdown_delay: server.shutdown_delay,
            shutdown_timeout: server.shutdown_timeout,
            pulse,
            _locks: locks,
        })
    }

    /// Where proxies ask, with the ports that were given out.
    pub fn verify_addresses(&self) -> &[Listen] {
        &self.verify_addresses
    }

    /// Where operators ask, with the ports that were given out.
    pub fn admin_addresses(&self) -> &[Listen] {
        &self.admin_addresses
    }

    /// Where Envoy asks by gRPC, with the ports that were given out.
    pub fn grpc_addresses(&self) -> &[Listen] {
        &self.grpc_addresses
    }

    /// Serves until it is told to stop, and then as long as the settings allow.
    /// Meanwhile a new configuration may be asked for.
    pub async fn run(self, mut shutdown: Shutdown, reload: Reload) -> io::Result<()> {
        let mut following = JoinSet::new();
        let manager = self.workshop.surroundings.manager.clone();
        if let Some(pulse) = self.pulse {
            following.spawn(manager.clone().reassure(pulse));
        }
        if let Some(certificates) = self.workshop.certificates.clone() {
            following.spawn(certificates.follow());
        }
        following.spawn(sweep_cache(
            self.service.clone(),
            self.workshop.surroundings.clock.clone(),
        ));
        following.spawn(reload.follow(self.workshop, self.service, self.fixed, self.trigger));
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
            shutdown.told(1).await;
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
    lifecycle.leave();
    servers.leave().await;
    let finish = async {
        tokio::time::sleep(delay).await;
        lifecycle.close();
        servers.stop(true).await;
    };
    let mut again = shutdown.clone();
    tokio::select! {
        () = finish => {}
        () = again.told(2) => servers.stop(false).await,
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
    async fn leave(&self) {
        if let Some(grpc) = &self.grpc {
            grpc.leave().await;
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

/// The gRPC listener, if there is to be one. It goes through the door of whatever configuration the
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
    let checks = CheckService::new(Arc::new(move || service.generation().door.clone()));
    GrpcServer::new(checks, settings, sockets).map(Some)
}

fn addresses(sockets: &[BoundListener]) -> io::Result<Vec<Listen>> {
    sockets.iter().map(BoundListener::address).collect()
}
