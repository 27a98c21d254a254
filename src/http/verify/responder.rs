//! Turns decisions into HTTP responses.

use std::slice::from_ref;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName,
    RETRY_AFTER, WWW_AUTHENTICATE,
};

use super::dialect::Dialect;
use super::unusable::NOT_FOUND;
use crate::domain::{Denial, Reason, RouteIndex};
use crate::http::Lifecycle;
use crate::policy::{ClaimHeaders, Permit};
use crate::response::{DenialResponse, DenialResponses};

/// Turns decisions into HTTP responses.
pub struct Responder {
    claim_headers: Vec<HeaderName>,
    /// Other spellings of the claim headers, for Envoy to remove.
    aliases: HeaderValue,
    pub(crate) denials: Arc<DenialResponses>,
    lifecycle: Arc<Lifecycle>,
}

const X_AUTH_WEBSOCKET_PROTOCOL: HeaderName = HeaderName::from_static("x-auth-websocket-protocol");
const X_ENVOY_AUTH_HEADERS_TO_REMOVE: HeaderName =
    HeaderName::from_static("x-envoy-auth-headers-to-remove");
const X_AUTH_DENIAL: HeaderName = HeaderName::from_static("x-auth-denial");
const X_AUTH_REASON: HeaderName = HeaderName::from_static("x-auth-reason");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EMPTY: HeaderValue = HeaderValue::from_static("");

impl Responder {
    /// Creates a responder with these headers for permits and these responses for denials.
    ///
    /// Fails if a name is not a valid header name, although the configuration has checked them.
    /// Leaving one out would shift every identity into its neighbour's header.
    pub fn new(
        claim_headers: &ClaimHeaders,
        denials: Arc<DenialResponses>,
        lifecycle: Arc<Lifecycle>,
    ) -> Result<Self, InvalidHeaderName> {
        // Header names are visible ASCII, so no alias is refused.
        let aliases = HeaderValue::try_from(claim_headers.aliases().join(", ")).unwrap_or(EMPTY);
        let claim_headers = claim_headers
            .names()
            .map(HeaderName::try_from)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            claim_headers,
            aliases,
            denials,
            lifecycle,
        })
    }

    /// Returns the response to a decision. `route` is the route that the request
    /// took, if it took one.
    pub fn answer(
        &self,
        decision: &Result<Permit, Denial>,
        dialect: Dialect,
        route: Option<RouteIndex>,
    ) -> HttpResponse {
        match decision {
            Ok(permit) => self.allow(permit, dialect),
            Err(denial) => self.deny(denial, dialect, route),
        }
    }

    /// Returns 200 with an empty body, every claim header, and the WebSocket protocols where they
    /// are read. If a header were absent, the client's own would pass.
    fn allow(&self, permit: &Permit, dialect: Dialect) -> HttpResponse {
        let mut response = self.empty(StatusCode::OK);
        let headers = response.headers_mut();
        let mut names = self.claim_headers.iter();
        for values in permit.claim_value_lists() {
            for (value, name) in values.iter().zip(names.by_ref()) {
                // Values are rendered as visible ASCII, so none is refused here. If one were, it
                // would be empty.
                let value = HeaderValue::from_maybe_shared(value.clone()).unwrap_or(EMPTY);
                headers.insert(name.clone(), value);
            }
        }
        for name in names {
            headers.insert(name.clone(), EMPTY);
        }
        if let Some(protocols) = permit.other_protocols() {
            // This is a list of tokens, so it is not refused either.
            headers.insert(
                X_AUTH_WEBSOCKET_PROTOCOL,
                HeaderValue::from_str(protocols).unwrap_or(EMPTY),
            );
        }
        if dialect == Dialect::Envoy && !self.aliases.is_empty() {
            headers.insert(X_ENVOY_AUTH_HEADERS_TO_REMOVE, self.aliases.clone());
        }
        response
    }

    fn deny(&self, denial: &Denial, dialect: Dialect, route: Option<RouteIndex>) -> HttpResponse {
        let answer = self.denials.answer(denial, route);
        let mut response = if dialect.carries_denials() {
            self.json(status(answer.status), answer.body.clone())
        } else {
            self.empty(status_for_nginx(answer.default_status))
        };
        let headers = response.headers_mut();
        headers.insert(X_AUTH_REASON, HeaderValue::from_static(answer.code));
        if let Some(path) = denial_path(&answer).filter(|_| !dialect.carries_denials()) {
            headers.insert(X_AUTH_DENIAL, path);
        }
        // The configuration accepts only what a header can hold, and a challenge contains nothing
        // else.
        let in_one_line = answer
            .challenge_line()
            .filter(|_| !dialect.carries_denials());
        let lines = in_one_line.as_ref().map_or(&*answer.challenges, from_ref);
        for line in lines.iter().cloned() {
            if let Ok(challenge) = HeaderValue::from_maybe_shared(line) {
                headers.append(WWW_AUTHENTICATE, challenge);
            }
        }
        if let Some(seconds) = answer
            .retry_after
            .as_deref()
            .and_then(|seconds| HeaderValue::from_str(seconds).ok())
        {
            headers.insert(RETRY_AFTER, seconds);
        }
        response
    }

    /// Returns status and body of a denial for this reason, on the route of this name if it has its
    /// own. It serves proxies that cannot pass on the denial itself.
    pub(super) fn describe_denial(&self, route: Option<&str>, code: &str) -> HttpResponse {
        let route = route.and_then(|name| self.denials.route_named(name));
        Reason::from_code(code).map_or_else(
            || self.not_found(),
            |reason| {
                let denial = reason.into();
                let answer = self.denials.answer(&denial, route);
                self.json(status(answer.status), answer.body.clone())
            },
        )
    }

    pub(super) fn not_found(&self) -> HttpResponse {
        let body = bytes::Bytes::from_static(NOT_FOUND.as_bytes());
        self.json(StatusCode::NOT_FOUND, body)
    }

    fn json(&self, status: StatusCode, body: bytes::Bytes) -> HttpResponse {
        let mut response = self.empty(status).set_body(body).map_into_boxed_body();
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    }

    fn empty(&self, status: StatusCode) -> HttpResponse {
        let mut response = HttpResponse::new(status);
        if self.lifecycle.is_closing() {
            response
                .head_mut()
                .set_connection_type(actix_web::http::ConnectionType::Close);
        }
        no_store(response.headers_mut());
        response
    }
}

/// Returns the status of a denial. A number that is not a status becomes 503, which denies as well.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// Returns the status of a denial for nginx, which answers 500 to any status but 401 and 403. For
/// 503 that is right: the service has failed. 400 and 429 become 403, and the shipped files get the
/// original status from `/denial/CODE`.
fn status_for_nginx(code: u16) -> StatusCode {
    match code {
        400 | 429 => StatusCode::FORBIDDEN,
        code => status(code),
    }
}

/// Forbids caching, because a decision is valid for one request only.
pub(super) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, NO_STORE);
}

/// Returns the path on this listener that describes the denial.
fn denial_path(answer: &DenialResponse<'_>) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}/denial/{}", answer.policy, answer.code)).ok()
}
