//! The verify listener.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::{Extensions, Server};
use actix_web::http::{ConnectionType, KeepAlive};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::net::UnixStream;

use super::fields::Fields;
use super::{BoundListener, Dialect, Responder};
use crate::config::{ServerSettings, TrustedProxies};
use crate::domain::{Denial, ForwardedRequest, HeaderFields};
use crate::gate::{DecisionRecord, Gate};
use crate::policy::Permit;
use crate::telemetry::{AccessEntry, AccessLogger, DecisionCounters, Metrics, OriginalTexts, Outcome, request_id};

/// What the verify listener works with.
pub struct VerifyService {
    /// Decides.
    pub gate: Gate,
    /// Answers.
    pub responder: Responder,
    /// Counts decisions.
    pub decisions: DecisionCounters,
    /// Counts and measures everything else.
    pub metrics: Arc<Metrics>,
    /// Writes down.
    pub access_log: AccessLogger,
    /// Whose description of a request is believed.
    pub trusted: TrustedProxies,
    /// How the plain `/verify` is understood.
    pub dialect: Dialect,
}

/// Runs the verify listener on these sockets.
pub fn verify_server(
    service: Arc<VerifyService>,
    settings: &ServerSettings,
    sockets: Vec<BoundListener>,
) -> std::io::Result<Server> {
    let service = web::Data::from(service);
    // One handler for every path and method: no router that decodes, cleans up or redirects what it is asked.
    let mut server = HttpServer::new(move || App::new().app_data(service.clone()).default_service(web::to(answer)))
        .on_connect(mark_unix_peer)
        .disable_signals()
        .keep_alive(if settings.keep_alive.is_zero() { KeepAlive::Disabled } else { settings.keep_alive.into() })
        .client_request_timeout(settings.client_header_timeout)
        .max_connections(settings.max_connections)
        .shutdown_timeout(settings.shutdown_timeout.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
    if let Some(workers) = settings.workers {
        server = server.workers(workers);
    }
    for socket in sockets {
        server = match socket {
            BoundListener::Tcp(listener) => server.listen(listener)?,
            BoundListener::Unix(listener, _) => server.listen_uds(listener)?,
        };
    }
    Ok(server.run())
}

/// Marks a connection that came through a unix socket.
struct UnixPeer;

fn mark_unix_peer(connection: &dyn Any, extensions: &mut Extensions) {
    if connection.is::<UnixStream>() {
        extensions.insert(UnixPeer);
    }
}

/// What a request is for.
enum Target<'a> {
    Verify(Dialect),
    /// By the rules of the route of this name.
    VerifyByName(&'a str, Dialect),
    Denial(&'a str),
    Nothing,
}

/// The path decides, to the letter; the query never does, because some proxies append the client's own to it.
fn target(path: &str, plain: Dialect) -> Target<'_> {
    if let Some(code) = path.strip_prefix("/denial/") {
        return Target::Denial(code);
    }
    if let Some((name, dialect)) = path.strip_prefix("/policy/").and_then(|rest| by_name(rest, plain)) {
        return Target::VerifyByName(name, dialect);
    }
    dialect(path, plain).map_or(Target::Nothing, Target::Verify)
}

fn by_name(rest: &str, plain: Dialect) -> Option<(&str, Dialect)> {
    let (name, path) = rest.split_at_checked(rest.find('/')?)?;
    Some((name, dialect(path, plain)?))
}

fn dialect(path: &str, plain: Dialect) -> Option<Dialect> {
    match path {
        "/verify" => Some(plain),
        "/verify/nginx" => Some(Dialect::Nginx),
        "/verify/traefik" | "/verify/caddy" | "/verify/haproxy" => Some(Dialect::Forwarded),
        _ => None,
    }
}

async fn answer(request: HttpRequest, service: web::Data<VerifyService>) -> HttpResponse {
    let mut response = match target(request.uri().path(), service.dialect) {
        Target::Verify(dialect) => service.verify(&request, dialect, None).await,
        Target::VerifyByName(name, dialect) => service.verify(&request, dialect, Some(name)).await,
        Target::Denial(code) => service.responder.describe_denial(code),
        Target::Nothing => service.responder.not_found(),
    };
    if request.head().upgrade() {
        // The framework takes what follows for another protocol and gives the connection up; then it must say so, or a
        // proxy keeps the connection for its next question.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

impl VerifyService {
    async fn verify(&self, request: &HttpRequest, dialect: Dialect, route_name: Option<&str>) -> HttpResponse {
        let started = Instant::now();
        let fields = Fields(request.headers());
        let forwarded = ForwardedRequest {
            fields: &fields,
            original: dialect.original(&fields),
            peer_trusted: self.is_trusted_peer(request),
            route_name,
        };
        let mut record = DecisionRecord::default();
        let decision = self.gate.decide(&forwarded, &mut record).await;
        self.note(&decision, &record, started, dialect, &fields);
        match decision {
            Ok(permit) => self.responder.allow(&permit),
            Err(denial) => self.responder.deny(&denial, dialect, record.route),
        }
    }

    /// Who may write to the socket file is a proxy. A peer whose address cannot be told is not.
    fn is_trusted_peer(&self, request: &HttpRequest) -> bool {
        match request.peer_addr() {
            Some(peer) => self.trusted.contains(peer.ip()),
            None => request.conn_data::<UnixPeer>().is_some(),
        }
    }

    fn note(
        &self,
        decision: &Result<Permit, Denial>,
        record: &DecisionRecord,
        started: Instant,
        dialect: Dialect,
        fields: &dyn HeaderFields,
    ) {
        let outcome = match (decision, record.reported) {
            (Err(denial), _) => Outcome::Denied(denial.reason()),
            (Ok(_), Some(reason)) => Outcome::Reported(reason),
            (Ok(_), None) => Outcome::Allowed,
        };
        let duration = started.elapsed();
        self.decisions.count(outcome, record.route, record.issuer);
        self.metrics.measure_decision(record.cache, duration);
        if self.access_log.wants(outcome == Outcome::Allowed) {
            self.access_log.log(AccessEntry {
                timestamp: self.gate.clock.now(),
                verdict: outcome.logged_verdict(),
                reason: outcome.reason(),
                issuer: record.issuer.and_then(|at| Some(self.gate.issuers().at(at)?.name.clone())),
                route: record.route.and_then(|at| Some(self.gate.policy.routes()?.at(at)?.name.label())),
                cache: record.cache.label(),
                original: OriginalTexts::of(&dialect.original_for_log(fields)),
                duration,
                request_id: request_id(fields.field("x-request-id"), fields.field("traceparent")),
                token_digest: record.digest.map(|digest| digest.start()),
            });
        }
    }
}
