//! Turns decisions into `CheckResponse` messages.

use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption,
    HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use tonic::Code;

use super::metadata::metadata;
use crate::domain::{Denial, DenialClass};
use crate::gate::{Decision, DecisionService};
use crate::policy::{ClaimHeaders, Permit};
use crate::response::DenialResponse;

/// Returns the response to a decision.
pub(super) fn response_to(decisions: &DecisionService, decided: &Decision) -> CheckResponse {
    match &decided.decision {
        Ok(permit) => allow(&decisions.gate.authenticators.claim_headers, permit),
        Err(denial) => deny(
            denial,
            &decisions.denials.response_to(denial, decided.route),
        ),
    }
}

/// Returns every claim header, and the WebSocket protocols where they are read. If a header were
/// absent, the client's own would pass.
fn allow(claim_headers: &ClaimHeaders, permit: &Permit) -> CheckResponse {
    let named = claim_headers.names().zip(permit.claim_values());
    let headers = named.map(|(name, value)| {
        // Values are rendered as visible ASCII. If one were not, it would be empty.
        header(
            name,
            value
                .and_then(|value| std::str::from_utf8(value).ok())
                .unwrap_or_default(),
        )
    });
    let protocols = permit
        .other_protocols()
        .map(|protocols| header("x-auth-websocket-protocol", protocols));
    let allowed = OkHttpResponse {
        headers: headers.chain(protocols).collect(),
        // Envoy removes headers after it has set others: a claim header in this list would be lost.
        headers_to_remove: claim_headers.aliases().to_vec(),
        ..OkHttpResponse::default()
    };
    CheckResponse {
        status: Some(rpc::Status::default()),
        dynamic_metadata: permit.claims().map(metadata),
        http_response: Some(HttpResponse::OkResponse(allowed)),
    }
}

fn deny(denial: &Denial, answer: &DenialResponse<'_>) -> CheckResponse {
    let challenge = answer.challenge_line();
    let challenge = challenge
        .as_deref()
        .and_then(|challenge| std::str::from_utf8(challenge).ok());
    let headers = [
        ("cache-control", Some("no-store")),
        ("content-type", Some("application/json")),
        ("retry-after", answer.retry_after.as_deref()),
        ("www-authenticate", challenge),
        ("x-auth-reason", Some(answer.code)),
    ];
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus {
            code: answer.status.into(),
        }),
        headers: headers
            .into_iter()
            .filter_map(|(name, value)| Some(header(name, value?)))
            .collect(),
        body: String::from_utf8_lossy(answer.body).into_owned(),
    };
    let message = answer.code.to_owned();
    CheckResponse {
        status: Some(rpc::Status {
            code: code(denial).into(),
            message,
            details: Vec::new(),
        }),
        dynamic_metadata: None,
        http_response: Some(HttpResponse::DeniedResponse(denied)),
    }
}

/// Returns the status code that Envoy decides by. Every code but OK denies.
const fn code(denial: &Denial) -> Code {
    match denial.class() {
        DenialClass::Unauthenticated => Code::Unauthenticated,
        DenialClass::Forbidden => Code::PermissionDenied,
        DenialClass::Limited => Code::ResourceExhausted,
        DenialClass::Unavailable => Code::Unavailable,
    }
}

/// Returns a header that replaces all headers of this name in the request. It is kept if it is
/// empty.
fn header(name: &str, value: &str) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue {
            key: name.to_ascii_lowercase(),
            value: value.to_owned(),
            raw_value: Vec::new(),
        }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        keep_empty_value: true,
        ..HeaderValueOption::default()
    }
}
