//! Layer 10: a demo on one machine: a development issuer, the service, and a guarded site.
//!
//! The service is the real one, configured as an operator would configure it. The site asks it as a
//! proxy would.

mod examples;
mod issuer;
mod page;
mod site;
mod start_page;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;

use crate::app::{Application, Platform, Reload, Shutdown, StartError, SystemdNotifier};
use crate::config::{Configuration, Listen, LogFormat, LogLevel};
use crate::config_reader::Problems;
use crate::outbound::Egress;
use crate::platform::SystemClock;
use crate::telemetry::{LogQueue, install};
use examples::Example;
use issuer::{AUDIENCE, DevelopmentIssuer};

/// The whole demo, ready to serve.
pub struct Demo {
    application: Application,
    issuer: DevelopmentIssuer,
    issuer_server: Server,
    site_server: Server,
    examples: Vec<Example>,
    site: SocketAddr,
    verify: SocketAddr,
    admin: SocketAddr,
}

/// An error at the start of the demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A port is in use.
    #[error("{0}\n`--port 0` takes free ports")]
    Io(#[from] std::io::Error),
    /// There are no three ports in a row from this one on.
    #[error(
        "no three ports in a row from {0} on: the highest port is 65535\n`--port` is at most 65533; `--port 0` takes free ports"
    )]
    NoRoom(u16),
    /// The site has a port of the service or of the issuer.
    #[error(
        "port {site} is for the site and among the three from {first} on (verify, admin, issuer)\n`--site-port` names another port"
    )]
    SitePort {
        /// The port of the site.
        site: u16,
        /// The first of the three ports in a row.
        first: u16,
    },
    /// Keys cannot be created on this machine.
    #[error("cannot make keys")]
    Keys(#[from] aws_lc_rs::error::Unspecified),
    /// The demo's own configuration is invalid, which is a bug in doorward.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The service cannot start.
    #[error("{0}\n`--port 0` takes free ports")]
    Start(#[from] StartError),
}

impl Demo {
    /// Starts the service and the issuer on three ports in a row (verify, admin, issuer), and the
    /// site on `site_port`; on free ports for 0. Must be called inside a tokio runtime.
    ///
    /// Fails with [`DemoError`] if a port is in use, or if there is none for each listener.
    pub fn start(port: u16, site_port: u16) -> Result<Self, DemoError> {
        let [verify_port, admin_port, issuer_port] = ports(port, site_port)?;
        let site_socket = listen(site_port)?;
        let issuer_socket = listen(issuer_port)?;
        let site = site_socket.local_addr()?;
        let issuer = DevelopmentIssuer::new(format!("http://{}", issuer_socket.local_addr()?))?;
        let issuer_server = issuer.serve(issuer_socket)?;

        let log = LogQueue::start(std::io::stderr())?;
        let clock = Arc::new(SystemClock);
        let log_filter = install(LogLevel::Warn, LogFormat::Text, log.clone(), clock.clone());
        let platform = Platform {
            clock,
            egress: Egress::default(),
            log,
            log_format: LogFormat::Text,
            log_filter,
            manager: SystemdNotifier::default(),
        };
        let configuration =
            Configuration::from_environment(environment(verify_port, admin_port, issuer.url()))?;
        let application = Application::build(configuration, &platform)?;
        let (verify, admin) = (
            tcp(application.verify_addresses())?,
            tcp(application.admin_addresses())?,
        );
        let examples = examples::of(&issuer);
        let site_server = site::serve(site_socket, verify, start_page::html(&examples))?;
        Ok(Self {
            application,
            issuer,
            issuer_server,
            site_server,
            examples,
            site,
            verify,
            admin,
        })
    }

    /// Runs until a shutdown is requested.
    pub async fn run(self, shutdown: Shutdown) -> std::io::Result<()> {
        let (issuer, site) = (self.issuer_server.handle(), self.site_server.handle());
        let service = async {
            let ended = self.application.run(shutdown, Reload::never()).await;
            tokio::join!(issuer.stop(false), site.stop(false));
            ended
        };
        let (issuer, site, service) = tokio::join!(self.issuer_server, self.site_server, service);
        service.and(issuer).and(site)
    }
}

/// Returns the ports of verify, admin and issuer, which the site must not have. Otherwise a bind
/// would fail, and the message would blame another program.
fn ports(first: u16, site: u16) -> Result<[u16; 3], DemoError> {
    if first == 0 {
        return Ok([0; 3]);
    }
    let last = first.checked_add(2).ok_or(DemoError::NoRoom(first))?;
    if (first..=last).contains(&site) {
        return Err(DemoError::SitePort { site, first });
    }
    Ok([first, last - 1, last])
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        std::io::Error::new(
            error.kind(),
            format!("cannot listen on 127.0.0.1:{port}: {error}"),
        )
    })
}

/// Returns the environment variables that an operator would set.
fn environment(verify: u16, admin: u16, issuer: &str) -> Vec<(OsString, OsString)> {
    [
        ("DOORWARD_LISTEN", format!("127.0.0.1:{verify}")),
        ("DOORWARD_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
        ("DOORWARD_WORKERS", "1".to_owned()),
        ("DOORWARD_ISSUER", issuer.to_owned()),
        ("DOORWARD_NAME", "demo".to_owned()),
        ("DOORWARD_AUDIENCE", AUDIENCE.to_owned()),
        ("DOORWARD_SHUTDOWN_TIMEOUT", "1s".to_owned()),
        // The first request may arrive before the first keys are fetched.
        ("DOORWARD_JWKS_WAIT", "5s".to_owned()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

fn tcp(addresses: &[Listen]) -> std::io::Result<SocketAddr> {
    match addresses.first() {
        Some(Listen::Tcp(address)) => Ok(*address),
        _ => Err(std::io::ErrorKind::AddrNotAvailable.into()),
    }
}
