//! `doorward serve`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::exit::Failure;
use super::handed_sockets;
use super::ways_out::{not_started, refuse_broken_proxies};
use crate::app::{Application, Reload, ServiceManager, Shutdown, Surroundings};
use crate::clock::SystemClock;
use crate::config::{Configuration, Files, LogFormat, Logging, Source};
use crate::listener::HandedSockets;
use crate::outbound::Egress;
use crate::telemetry::{LogQueue, install};

pub(super) fn run(source: &Source, environment: &[(OsString, OsString)]) -> Result<(), Failure> {
    let runtime = runtime()?;
    // Before the configuration is read, which takes its time: until there is a handler, SIGHUP ends the program.
    let hang_up = runtime.block_on(async { hang_up() })?;
    let (configuration, files) = source.read_from(Files::default());
    let configuration = configuration?;
    refuse_broken_proxies(&configuration, environment)?;
    let (ask_for_reload, reload) = Reload::channel(source.clone(), files);
    let sockets = handed_sockets::take(environment)?;
    let manager = ServiceManager::of_environment(environment, std::process::id()).map_err(Failure::failed)?;
    let (log, log_format) = start_log(configuration.logging)?;
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        egress: Egress::of_environment(environment),
        log: log.clone(),
        log_format,
        manager,
    };
    let served = runtime.block_on(serve(sockets, configuration, surroundings, hang_up, ask_for_reload, reload));
    log.flush();
    served
}

async fn serve(
    sockets: HandedSockets,
    configuration: Configuration,
    surroundings: Surroundings,
    hang_up: Signal,
    ask_for_reload: watch::Sender<u32>,
    reload: Reload,
) -> Result<(), Failure> {
    let application = Application::build_on(sockets, configuration, &surroundings).map_err(not_started)?;
    let (tell, shutdown) = Shutdown::channel();
    tell_on_signals(tell, hang_up, Some(ask_for_reload)).map_err(Failure::failed)?;
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
    application.run(shutdown, reload).await.map_err(Failure::failed)
}

/// What hears each SIGHUP from now on, those that come before anybody listens too. Must be called inside a tokio runtime.
pub(super) fn hang_up() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(Failure::failed)
}

/// Every SIGTERM and every SIGINT tells once. SIGHUP asks for the configuration to be read anew; where there is none it must
/// not end the service, as it does a program that knows nothing of it.
pub(super) fn tell_on_signals(
    tell: watch::Sender<u32>,
    mut hang_up: Signal,
    ask_for_reload: Option<watch::Sender<u32>>,
) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {
                    if let Some(ask) = &ask_for_reload {
                        ask.send_modify(|times| *times += 1);
                    } else {
                        tracing::warn!("SIGHUP ignored: there is no configuration to read anew");
                    }
                    continue;
                }
            }
            tell.send_modify(|times| *times += 1);
        }
    });
    Ok(())
}

pub(super) fn start_log(logging: Logging) -> Result<(LogQueue, LogFormat), Failure> {
    let usual = if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
    let format = logging.format.unwrap_or(usual);
    let log = LogQueue::start(std::io::stderr()).map_err(Failure::failed)?;
    install(logging.level, format, log.clone());
    Ok((log, format))
}

/// One thread is enough for fetching keys and for signals; the listeners bring their own.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)
}
