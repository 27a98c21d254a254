//! The verify listener.

mod dialect;
mod responder;
mod target;
mod unusable;

pub use dialect::{Dialect, ProxyRequest};
pub use responder::Responder;

use std::any::Any;
use std::sync::Arc;

use actix_web::dev::{Extensions, Server};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{ConnectionType, KeepAlive, Uri};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use arc_swap::{ArcSwap, Guard};
use tokio::net::UnixStream;

use super::CurrentTls;
use super::header_fields::Fields;
use super::heartbeat::Heartbeat;
use super::service_snapshot::ServiceSnapshot;
use super::tls::server_config;
use crate::config::{ServerSettings, TrustedProxies};
use crate::domain::{Denial, ForwardedRequest};
use crate::gate::LoggedRequest;
use crate::platform::BoundListener;
use crate::telemetry::Metrics;
use target::Target;

/// The state of the verify listener.
pub struct VerifyService {
    current: ArcSwap<ServiceSnapshot>,
    /// The metrics of the service.
    pub metrics: Arc<Metrics>,
}

impl VerifyService {
    /// Creates the service with its first snapshot.
    pub fn new(first: ServiceSnapshot, metrics: Arc<Metrics>) -> Self {
        Self {
            current: ArcSwap::from_pointee(first),
            metrics,
        }
    }

    /// Returns the active snapshot.
    pub fn snapshot(&self) -> Guard<Arc<ServiceSnapshot>> {
        self.current.load()
    }

    /// Replaces the active snapshot, from the next request on. Returns the former one, which
    /// requests may still hold.
    #[must_use]
    pub fn replace(&self, next: ServiceSnapshot) -> Arc<ServiceSnapshot> {
        self.current.swap(next.into())
    }
}

/// Creates the server of the verify listener on these sockets. With `tls`, its TCP sockets take TLS
/// only; its unix sockets never do.
///
/// Must be polled to serve. Fails if TLS cannot be set up or a socket cannot be listened on.
pub fn verify_server(
    service: Arc<VerifyService>,
    settings: &ServerSettings,
    tls: Option<&Arc<CurrentTls>>,
    heartbeat: Option<Heartbeat>,
    sockets: Vec<BoundListener>,
) -> std::io::Result<Server> {
    let clock = service.snapshot().decisions.gate.clock.clone();
    let tls = tls
        .map(|current| server_config(current, clock))
        .transpose()?;
    let service = web::Data::from(service);
    // One handler for every path and method: a router would decode, clean up or redirect paths.
    let app = move || {
        // Each worker calls this when it starts.
        heartbeat.iter().for_each(Heartbeat::join);
        App::new()
            .app_data(service.clone())
            .default_service(web::to(handle))
    };
    let mut server = HttpServer::new(app)
        .on_connect(mark_unix_peer)
        .disable_signals()
        .keep_alive(if settings.keep_alive.is_zero() {
            KeepAlive::Disabled
        } else {
            settings.keep_alive.into()
        })
        .client_request_timeout(settings.client_header_timeout)
        .tls_handshake_timeout(settings.client_header_timeout)
        .max_connections(settings.max_connections)
        .shutdown_timeout(
            settings
                .shutdown_timeout
                .as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
        );
    if let Some(workers) = settings.workers {
        server = server.workers(workers);
    }
    if tls.is_some() {
        // Otherwise 256 clients that begin a handshake and then send nothing would block all
        // others.
        server = server.max_connection_rate(settings.max_connections);
    }
    for socket in sockets {
        server = match (socket, &tls) {
            (BoundListener::Tcp(listener), None) => server.listen(listener)?,
            (BoundListener::Tcp(listener), Some(tls)) => {
                server.listen_rustls_0_23(listener, tls.clone())?
            }
            (BoundListener::Unix(listener, _), _) => server.listen_uds(listener)?,
        };
    }
    Ok(server.run())
}

/// Marks a connection through a unix socket.
struct UnixPeer;

fn mark_unix_peer(connection: &dyn Any, extensions: &mut Extensions) {
    if connection.is::<UnixStream>() {
        extensions.insert(UnixPeer);
    }
}

async fn handle(request: HttpRequest, service: web::Data<VerifyService>) -> HttpResponse {
    // One snapshot for the whole request, even if the configuration changes meanwhile.
    let snapshot = service.snapshot();
    let mut response = match Target::parse(request.uri().path(), snapshot.dialect) {
        Target::Verify(dialect, tail) => decide(&snapshot, &request, dialect, tail, None).await,
        Target::VerifyByName(name, dialect, tail) => {
            decide(&snapshot, &request, dialect, tail, Some(name)).await
        }
        Target::Denial(route, code) => snapshot.responder.describe_denial(route, code),
        Target::Nothing => {
            unusable::report_unknown_path(&snapshot.decisions, &request);
            snapshot.responder.not_found()
        }
    };
    if request.head().upgrade() {
        // The framework expects another protocol after this response and gives up the connection.
        // The response must say so, or a proxy would keep the connection for its next request.
        response
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    response
}

async fn decide(
    snapshot: &ServiceSnapshot,
    request: &HttpRequest,
    dialect: Dialect,
    tail: &str,
    route_name: Option<&str>,
) -> HttpResponse {
    let fields = Fields(request.headers());
    let proxy_request = ProxyRequest {
        fields: &fields,
        method: request.method().as_str(),
        tail: with_query(tail, request.uri()),
    };
    let forwarded = ForwardedRequest {
        fields: &fields,
        original: dialect.original(&proxy_request),
        peer_trusted: is_trusted_peer(&snapshot.decisions.trusted, request),
        route_name,
        client: dialect.client(),
    };
    let logged = || LoggedRequest {
        original: dialect.original_for_log(&proxy_request),
        peer: request.peer_addr().map(|peer| peer.ip()),
    };
    let decided = snapshot.decisions.decide(&forwarded, logged).await;
    if let Some(reason) = decided.decision.as_ref().err().map(Denial::reason) {
        unusable::report_refusal(
            &snapshot.decisions,
            request,
            dialect,
            &proxy_request,
            reason,
        );
    }
    snapshot
        .responder
        .respond(&decided.decision, dialect, decided.route)
}

/// Returns the tail of the path together with the query.
fn with_query<'a>(tail: &str, uri: &'a Uri) -> &'a str {
    let whole = uri.path_and_query().map_or("", PathAndQuery::as_str);
    whole
        .get(uri.path().len() - tail.len()..)
        .unwrap_or_default()
}

/// Returns whether the peer is a trusted proxy. A peer that may write to the socket file is one.
/// Any other peer without an address is not.
fn is_trusted_peer(trusted: &TrustedProxies, request: &HttpRequest) -> bool {
    match request.peer_addr() {
        Some(peer) => trusted.contains(peer.ip()),
        None => request.conn_data::<UnixPeer>().is_some(),
    }
}
