//! The two services of the listener, and which of them a call is for.

use std::convert::Infallible;

use envoy_types::ext_authz::v3::pb::AuthorizationServer;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{BoxFuture, Context, Poll, Service};
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::CheckService;

/// A larger question is refused. Envoy takes 60 KiB of header fields, and doubles them at most.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Whoever asks for health asks with the name of a service.
const MAX_HEALTH_BYTES: usize = 1024;

/// What answers `Check`.
pub(super) type Authorization = AuthorizationServer<CheckService>;

type Health = HealthServer<HealthService>;

/// The services of the listener. There is no third one, and no reflection that would tell of these.
#[derive(Clone)]
pub(super) struct Services {
    authorization: Authorization,
    health: Health,
}

impl Services {
    pub(super) fn new(checks: CheckService, health: HealthReporter) -> Self {
        let health = HealthServer::new(HealthService::from_health_reporter(health));
        Self {
            authorization: Authorization::new(checks).max_decoding_message_size(MAX_MESSAGE_BYTES),
            health: health.max_decoding_message_size(MAX_HEALTH_BYTES),
        }
    }
}

impl Service<Request<Body>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = request.uri().path().trim_start_matches('/').split('/').next();
        // What neither of them knows is unimplemented.
        if service == Some(Health::NAME) { self.health.call(request) } else { self.authorization.call(request) }
    }
}
