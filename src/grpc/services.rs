//! The two services of the gRPC listener, and the choice between them for each call.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::{AuthorizationServer, CheckResponse};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response};
use tonic::codegen::{BoxFuture, Context, Poll, Service};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request as GrpcRequest, Response as GrpcResponse, Status};
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::CheckService;
use super::codec::{CheckCodec, decode};
use super::connection::Peer;

/// The maximum size of a check request. Envoy accepts 60 KiB of header fields, and at most doubles
/// them.
const MAX_MESSAGE_BYTES: usize = 128 * 1024;
/// The maximum size of a health request, which contains only the name of a service.
const MAX_HEALTH_BYTES: usize = 1024;
/// The maximum size of the metadata around a check request, which are Envoy's own. HTTP/2 lets more
/// through, so that the error can name this limit.
const MAX_METADATA_BYTES: usize = 16 * 1024;
/// The overhead of a field beside its name and value (RFC 9113 section 6.5.2).
const FIELD_BYTES: usize = 32;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

type Health = HealthServer<HealthService>;

/// The service that health requests name.
pub(super) type Authorization = AuthorizationServer<CheckService>;

/// The services of the listener. There is no third one, and no reflection that would describe
/// these.
#[derive(Clone)]
pub(super) struct Services {
    checks: Arc<CheckService>,
    health: Health,
    /// The time within which a request must arrive.
    arrival_timeout: Duration,
}

impl Services {
    pub(super) fn new(
        checks: CheckService,
        health: HealthReporter,
        arrival_timeout: Duration,
    ) -> Self {
        let health = HealthServer::new(HealthService::from_health_reporter(health));
        Self {
            checks: checks.into(),
            health: health.max_decoding_message_size(MAX_HEALTH_BYTES),
            arrival_timeout,
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
        let (path, arrival_timeout) = (request.uri().path(), self.arrival_timeout);
        if is_too_large(request.headers()) {
            let message = format!("the metadata are over {MAX_METADATA_BYTES} bytes");
            return refused(Status::resource_exhausted(message));
        }
        if path == CHECK {
            let checks = self.checks.clone();
            return Box::pin(async move { Ok(check(checks, request, arrival_timeout).await) });
        }
        if path.trim_start_matches('/').split('/').next() == Some(Health::NAME) {
            let answered = timeout(arrival_timeout, self.health.call(request));
            return Box::pin(
                async move { answered.await.unwrap_or_else(|_| Ok(late().into_http())) },
            );
        }
        refused(Status::unimplemented(""))
    }
}

/// Answers a check request, or fails with `DEADLINE_EXCEEDED` if it does not arrive in time.
async fn check(
    checks: Arc<CheckService>,
    request: Request<Body>,
    arrival_timeout: Duration,
) -> Response<Body> {
    let (arrived, arrival) = oneshot::channel();
    let check = Check {
        checks,
        arrived: Some(arrived),
    };
    let mut grpc = Grpc::new(CheckCodec).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let overdue = async {
        if timeout(arrival_timeout, arrival).await.is_ok() {
            // The decision itself has timeouts of its own.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        answer = grpc.unary(check, request) => answer,
        () = overdue => late().into_http(),
    }
}

/// One call of `Check`.
struct Check {
    checks: Arc<CheckService>,
    /// Dropped when the whole request has arrived.
    arrived: Option<oneshot::Sender<()>>,
}

impl UnaryService<Bytes> for Check {
    type Response = CheckResponse;
    type Future = BoxFuture<GrpcResponse<CheckResponse>, Status>;

    fn call(&mut self, request: GrpcRequest<Bytes>) -> Self::Future {
        drop(self.arrived.take());
        let (checks, peer) = (
            self.checks.clone(),
            request.extensions().get::<Peer>().copied(),
        );
        Box::pin(async move {
            Ok(GrpcResponse::new(
                checks.check(&decode(request.into_inner())?, peer).await,
            ))
        })
    }
}

fn late() -> Status {
    Status::deadline_exceeded("the question took too long to arrive")
}

fn refused(status: Status) -> BoxFuture<Response<Body>, Infallible> {
    Box::pin(std::future::ready(Ok(status.into_http())))
}

fn is_too_large(fields: &HeaderMap) -> bool {
    let bytes = fields
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
    bytes.sum::<usize>() > MAX_METADATA_BYTES
}
