//! The state of the admin listener.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::Value;

use crate::http::{CurrentTls, Lifecycle, VerifyService};

/// The state of the admin listener.
pub struct AdminService {
    /// The service that it reports on.
    pub verify: Arc<VerifyService>,
    /// The lifecycle of the service.
    pub lifecycle: Arc<Lifecycle>,
    /// The certificates of the verify listener, if it has any.
    pub tls: Option<Arc<CurrentTls>>,
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}
