//! `POST /explain`: explains the decision about a described request.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde_json::json;

use super::access::Admission;
use super::service::{AdminService, json_answer};
use crate::domain::DescribedRequest;
use crate::http::VerifyService;

/// The maximum size of a description in bytes. A longer one is refused.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// Answers with the transcript of the decision. The status is 200 for a denial as well: the
/// decision is about the described request, not about this one.
pub(super) async fn explain(
    request: HttpRequest,
    body: web::Bytes,
    service: web::Data<AdminService>,
) -> HttpResponse {
    let verify: &Arc<VerifyService> = &service.verify;
    let snapshot = verify.snapshot();
    // A transcript shows claims and rules, which a peer that can merely reach the port must not
    // see. A peer without an address is connected through a unix socket.
    let is_near = request
        .peer_addr()
        .is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let has_token = request.extensions().get() == Some(&Admission::Token);
    if !is_near && !has_token && !snapshot.explains_to_all {
        return json_answer(
            StatusCode::FORBIDDEN,
            &json!({"error": "only loopback peers may ask, unless `explain` or `admin_token` is set"}),
        );
    }
    match parse(&body) {
        // The limits on failures and on calls of one client do not apply to an explanation.
        Ok(described) if described.online && !is_near && !has_token => json_answer(
            StatusCode::FORBIDDEN,
            &json!({"error": "only loopback peers may have other services asked, unless `admin_token` is set"}),
        ),
        Ok(described) => {
            let decisions = &snapshot.decisions;
            let transcript = decisions.gate.explain_described(&described).await;
            let transcript = if is_near || has_token {
                transcript
            } else {
                transcript.without_rows()
            };
            json_answer(
                StatusCode::OK,
                &json!(transcript.with_challenge(&decisions.denials)),
            )
        }
        // The error has the position and not the text, which may contain a token.
        Err(error) => {
            let message = format!(
                "not a description of a request, at line {} column {}",
                error.line(),
                error.column()
            );
            json_answer(
                StatusCode::BAD_REQUEST,
                &json!({ "error": message, "members": MEMBERS }),
            )
        }
    }
}

/// Refuses every method but `POST` (RFC 9110 section 15.5.6).
pub(super) async fn refuse_method() -> HttpResponse {
    let error = json!({"error": "describe a request and POST it", "members": MEMBERS});
    let mut answer = json_answer(StatusCode::METHOD_NOT_ALLOWED, &error);
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("POST"));
    answer
}

fn parse(body: &[u8]) -> serde_json::Result<DescribedRequest> {
    // A derived deserializer also accepts an array in place of an object.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(if is_object { body } else { b"" })
}

const MEMBERS: [&str; 7] = [
    "token", "method", "host", "uri", "policy", "headers", "online",
];
