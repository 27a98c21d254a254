//! The admin listener: metrics, health, readiness and status.

mod access;
mod explain;
mod index;
mod service;
mod simulator;
mod status;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer, web};
use serde_json::json;

pub use access::AdminAccess;
pub use service::AdminService;
pub use simulator::{SimulatedAnswer, Simulator};

use crate::config::Readiness;
use crate::issuers::Issuer;
use crate::platform::BoundListener;
use access::Refused;
use service::json_answer;
use status::status;

/// Creates the server of the admin listener on these sockets.
pub fn admin_server(service: AdminService, sockets: Vec<BoundListener>) -> std::io::Result<Server> {
    let service = web::Data::new(service);
    let app = move || {
        App::new()
            .app_data(service.clone())
            .wrap(from_fn(admit))
            .route("/", web::get().to(index::index))
            .route("/metrics", web::get().to(metrics))
            .route("/healthz", web::get().to(healthz))
            .route("/healthz", web::head().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/readyz", web::head().to(readyz))
            .route("/status", web::get().to(show_status))
            .app_data(web::PayloadConfig::new(explain::MAX_BYTES))
            .service(
                web::resource("/explain")
                    .route(web::post().to(explain::explain))
                    .default_service(web::to(explain::refuse_method)),
            )
    };
    let mut server = HttpServer::new(app)
        .disable_signals()
        .workers(1)
        .shutdown_timeout(1);
    for socket in sockets {
        server = match socket {
            BoundListener::Tcp(listener) => server.listen(listener)?,
            BoundListener::Unix(listener, _) => server.listen_uds(listener)?,
        };
    }
    Ok(server.run())
}

/// Refuses requests without access, before the router or a handler sees anything of them.
async fn admit(
    service: web::Data<AdminService>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let admitted = service.verify.snapshot().admin.admit(request.head());
    match admitted {
        Ok(admission) => {
            request.extensions_mut().insert(admission);
            next.call(request)
                .await
                .map(ServiceResponse::map_into_boxed_body)
        }
        Err(refused) => Ok(request.into_response(refusal(refused))),
    }
}

/// Returns the response to a refused request. It repeats nothing of the request.
fn refusal(refused: Refused) -> HttpResponse {
    let (status, error) = match refused {
        Refused::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "not asked by an IP address, `localhost` or a name of `admin_hosts` (a token is another way)",
        ),
        Refused::Origin => (StatusCode::FORBIDDEN, "asked from a page of another site"),
        Refused::Token(_) => (
            StatusCode::UNAUTHORIZED,
            "asks for `Authorization: Bearer` with the `admin_token`, once",
        ),
    };
    let mut response = json_answer(status, &json!({ "error": error }));
    if let Refused::Token(challenge) = refused {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

async fn metrics(service: web::Data<AdminService>) -> HttpResponse {
    let verify = &service.verify;
    verify.metrics.cache_entries.set(
        verify
            .snapshot()
            .decisions
            .gate
            .cache()
            .len()
            .try_into()
            .unwrap_or(i64::MAX),
    );
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(verify.metrics.render())
}

async fn healthz() -> HttpResponse {
    json_answer(StatusCode::OK, &json!({"status": "alive"}))
}

async fn readyz(service: web::Data<AdminService>) -> HttpResponse {
    let snapshot = service.verify.snapshot();
    let gate = &snapshot.decisions.gate;
    let now = gate.clock.moment();
    let has_keys = |issuer: &Issuer| !issuer.needs_keys || issuer.keys.snapshot().is_usable(now);
    let issuers = gate.issuers();
    let without: Vec<&str> = issuers
        .iter()
        .filter(|issuer| !has_keys(issuer))
        .map(|issuer| &*issuer.profile.name)
        .collect();
    let enough = match snapshot.readiness {
        // Lists of credentials were read with the configuration.
        Readiness::Any => {
            !gate.authenticators.listed.is_empty() || issuers.iter().any(|issuer| has_keys(issuer))
        }
        Readiness::All => without.is_empty(),
    };
    let (status, word) = match (service.lifecycle.is_draining(), enough) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, true) => (StatusCode::OK, "ready"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "waiting for keys"),
    };
    let mut answer = json_answer(
        status,
        &json!({"status": word, "issuers_without_keys": without}),
    );
    if status != StatusCode::OK {
        answer.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    answer
}

async fn show_status(service: web::Data<AdminService>) -> HttpResponse {
    json_answer(
        StatusCode::OK,
        &status(&service.verify.snapshot(), service.tls.as_deref()),
    )
}
