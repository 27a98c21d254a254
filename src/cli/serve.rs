//! `doorward serve`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::Arc;
use std::thread;

use tokio::sync::{oneshot, watch};

use super::egress_checks::{refuse_broken_proxies, start_failure};
use super::exit::Failure;
use super::inherited_sockets;
use super::runtime::runtime;
use super::signals::{HangUp, HeldSignals, Signals};
use crate::app::{Application, Platform, Reload, Shutdown, SystemdNotifier};
use crate::config::{Configuration, LogFormat, Logging, Source};
use crate::config_reader::{Files, Problems};
use crate::domain::Clock;
use crate::outbound::Egress;
use crate::platform::{InheritedSockets, SystemClock};
use crate::telemetry::{LogFilter, LogQueue, install};

pub(super) fn run(
    held: &HeldSignals,
    source: &Source,
    environment: &[(OsString, OsString)],
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let has_manager = environment.iter().any(|(name, _)| name == "NOTIFY_SOCKET");
    let on_hang_up = HangUp::of(source.has_file(), has_manager);
    let mut signals = runtime
        .block_on(async { held.listen(on_hang_up) })
        .map_err(Failure::failed)?;
    // Taken before there are other threads. Errors of the configuration are still reported first.
    let sockets = inherited_sockets::take(environment);
    let Some((configuration, files)) = runtime.block_on(read(source, &mut signals))? else {
        return Ok(());
    };
    let (configuration, sockets) = (configuration?, sockets?);
    refuse_broken_proxies(&configuration, environment)?;
    let (reload_sender, reload) = Reload::channel(source.clone(), files);
    let manager = SystemdNotifier::of_environment(environment, std::process::id())
        .map_err(Failure::failed)?;
    let clock = Arc::new(SystemClock);
    let (log, log_format, log_filter) = start_log(&configuration.logging, clock.clone())?;
    let platform = Platform {
        clock,
        egress: Egress::of_environment(environment),
        log: log.clone(),
        log_format,
        log_filter,
        manager,
    };
    let served = runtime.block_on(serve(
        sockets,
        configuration,
        platform,
        signals,
        reload_sender,
        reload,
    ));
    // This does not wait for threads that a file or a name server blocks.
    runtime.shutdown_background();
    log.flush();
    served
}

/// Reads the configuration. Returns `None` if a signal ends the service before that. A thread of
/// its own reads, so that signals are handled while a file does not respond.
async fn read(
    source: &Source,
    signals: &mut Signals,
) -> Result<Option<(Result<Configuration, Problems>, Files)>, Failure> {
    let (sender, receiver) = oneshot::channel();
    let source = source.clone();
    let reading = move || drop(sender.send(source.read_from(Files::default())));
    thread::Builder::new()
        .name("configuration".to_owned())
        .spawn(reading)
        .map_err(Failure::failed)?;
    tokio::select! {
        read = receiver => read.map(Some).map_err(Failure::failed),
        () = signals.end() => Ok(None),
    }
}

async fn serve(
    sockets: InheritedSockets,
    configuration: Configuration,
    platform: Platform,
    signals: Signals,
    reload_sender: watch::Sender<u32>,
    reload: Reload,
) -> Result<(), Failure> {
    let application =
        Application::build_on(sockets, configuration, &platform).map_err(start_failure)?;
    let (shutdown_sender, shutdown) = Shutdown::channel();
    signals.forward(shutdown_sender, Some(reload_sender));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "doorward");
    for address in application.verify_addresses() {
        tracing::info!(%address, "verify listener");
    }
    for address in application.admin_addresses() {
        tracing::info!(%address, "admin listener");
    }
    for address in application.grpc_addresses() {
        tracing::info!(%address, "grpc listener");
    }
    application
        .run(shutdown, reload)
        .await
        .map_err(Failure::failed)
}

pub(super) fn start_log(
    logging: &Logging,
    clock: Arc<dyn Clock>,
) -> Result<(LogQueue, LogFormat, LogFilter), Failure> {
    let default = if std::io::stderr().is_terminal() {
        LogFormat::Text
    } else {
        LogFormat::Json
    };
    let format = logging.format.unwrap_or(default);
    let log = LogQueue::start(std::io::stderr()).map_err(Failure::failed)?;
    let filter = install(logging.level, format, log.clone(), clock);
    Ok((log, format, filter))
}
