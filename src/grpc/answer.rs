//! From a decision to a `CheckResponse`.

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

/// What a decision is answered with.
pub(super) fn answer(decisions: &DecisionService, decided: &Decision) -> CheckResponse {
    match &decided.decision {
        Ok(permit) => allow(&decisions.gate.verifier.claim_headers, permit),
        Err(denial) => deny(denial, &decisions.denials.answer(denial, decided.route)),
    }
}

/// Every claim header, and the WebSocket protocols where they are looked at: an absent one would
/// let the client's own pass.
fn allow(claim_headers: &ClaimHeaders, permit: &Permit) -> CheckResponse {
    let values = permit.claim_values();
    let headers = claim_headers.names().enumerate().map(|(position, name)| {
        let value = values.and_then(|values| values.get(position));
        // Rendering left visible ASCII only; if it had not, the value is empty.
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
        // Envoy removes after it sets: a mapped header in this list would arrive nowhere.
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
    let challenge = answer
        .challenge
        .as_deref()
        .and_then(|challenge| std::str::from_utf8(challenge).ok());
    let headers = [
        ("cache-control", Some("no-store")),
        ("content-type", Some("application/json")),
        ("retry-after", answer.retry_after),
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

/// What Envoy decides by: anything but OK denies.
const fn code(denial: &Denial) -> Code {
    match denial.class() {
        DenialClass::Unauthenticated => Code::Unauthenticated,
        DenialClass::Forbidden => Code::PermissionDenied,
        DenialClass::Unavailable => Code::Unavailable,
    }
}

/// Takes the place of whatever the request has under this name, and stays if it is empty.
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
