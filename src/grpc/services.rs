//! The two services of the listener, and which of them a call is for.

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
use tonic::{Request as Question, Response as Answer, Status};
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::CheckService;
use super::codec::{CheckCodec, decode};
use super::connection::Peer;

/// A larger question is refused. Envoy takes 60 KiB of header fields, and doubles them at most.
const MAX_MESSAGE_BYTES: usize = 128 * 1024;
/// Whoever asks for health asks with the name of a service.
const MAX_HEALTH_BYTES: usize = 1024;
/// The fields around a question, which are Envoy's own. What HTTP/2 lets through is more, so that
/// the rest can be told.
const MAX_METADATA_BYTES: usize = 16 * 1024;
/// What a field counts beside its name and value (RFC 9113 section 6.5.2).
const FIELD_BYTES: usize = 32;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

type Health = HealthServer<HealthService>;

/// The name by which health is asked for.
pub(super) type Authorization = AuthorizationServer<CheckService>;

/// The services of the listener. There is no third one, and no reflection that would tell of these.
#[derive(Clone)]
pub(super) struct Services {
    checks: Arc<CheckService>,
    health: Health,
    /// How long a question may take to arrive.
    patience: Duration,
}

impl Services {
    pub(super) fn new(checks: CheckService, health: HealthReporter, patience: Duration) -> Self {
        let health = HealthServer::new(HealthService::from_health_reporter(health));
        Self {
            checks: checks.into(),
            health: health.max_decoding_message_size(MAX_HEALTH_BYTES),
            patience,
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
        let (path, patience) = (request.uri().path(), self.patience);
        if is_too_large(request.headers()) {
            let message = format!("the metadata are over {MAX_METADATA_BYTES} bytes");
            return refused(Status::resource_exhausted(message));
        }
        if path == CHECK {
            let checks = self.checks.clone();
            return Box::pin(async move { Ok(check(checks, request, patience).await) });
        }
        if path.trim_start_matches('/').split('/').next() == Some(Health::NAME) {
            let answered = timeout(patience, self.health.call(request));
            return Box::pin(
                async move { answered.await.unwrap_or_else(|_| Ok(late().into_http())) },
            );
        }
        refused(Status::unimplemented(""))
    }
}

/// Answers a question that arrives in time.
async fn check(
    checks: Arc<CheckService>,
    request: Request<Body>,
    patience: Duration,
) -> Response<Body> {
    let (arrived, arrival) = oneshot::channel();
    let check = Check {
        checks,
        arrived: Some(arrived),
    };
    let mut grpc = Grpc::new(CheckCodec).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let overdue = async {
        if timeout(patience, arrival).await.is_ok() {
            // What the decision waits for has bounds of its own.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        answer = grpc.unary(check, request) => answer,
        () = overdue => late().into_http(),
    }
}

/// `Check`, once.
struct Check {
    checks: Arc<CheckService>,
    /// Dropped when all of the question is there.
    arrived: Option<oneshot::Sender<()>>,
}

impl UnaryService<Bytes> for Check {
    type Response = CheckResponse;
    type Future = BoxFuture<Answer<CheckResponse>, Status>;

    fn call(&mut self, question: Question<Bytes>) -> Self::Future {
        drop(self.arrived.take());
        let (checks, peer) = (
            self.checks.clone(),
            question.extensions().get::<Peer>().copied(),
        );
        Box::pin(async move {
            Ok(Answer::new(
                checks.check(&decode(question.into_inner())?, peer).await,
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
