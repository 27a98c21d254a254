//! From a decision to an answer.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName,
    RETRY_AFTER, WWW_AUTHENTICATE,
};

use super::dialect::Dialect;
use crate::domain::{Denial, Reason};
use crate::http::Lifecycle;
use crate::policy::{ClaimHeaders, Permit};
use crate::response::{DenialResponse, DenialResponses};

/// Makes answers.
pub struct Responder {
    claim_headers: Vec<HeaderName>,
    /// Other spellings of these, for Envoy to take away.
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
    /// Answers with these headers for a permit and these texts for a denial.
    ///
    /// A name that is none is an error, although the configuration has checked them: leaving one
    /// out would move every identity into its neighbour's header.
    pub fn new(
        claim_headers: &ClaimHeaders,
        denials: Arc<DenialResponses>,
        lifecycle: Arc<Lifecycle>,
    ) -> Result<Self, InvalidHeaderName> {
        // Names of headers are visible ASCII, so that no alias is refused.
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

    /// What a decision is answered with, on the route at this position if there was one.
    pub fn answer(
        &self,
        decision: &Result<Permit, Denial>,
        dialect: Dialect,
        route: Option<usize>,
    ) -> HttpResponse {
        match decision {
            Ok(permit) => self.allow(permit, dialect),
            Err(denial) => self.deny(denial, dialect, route),
        }
    }

    /// 200, an empty body, every claim header, and the WebSocket protocols where they are looked
    /// at: an absent one would let the client's own pass.
    fn allow(&self, permit: &Permit, dialect: Dialect) -> HttpResponse {
        let mut response = self.empty(StatusCode::OK);
        let headers = response.headers_mut();
        match permit.claim_values() {
            Some(values) => {
                for (name, value) in self.claim_headers.iter().zip(values) {
                    // Rendering left visible ASCII only, so no value is refused here; if one were,
                    // it is empty.
                    headers.insert(
                        name.clone(),
                        HeaderValue::from_maybe_shared(value.clone()).unwrap_or(EMPTY),
                    );
                }
            }
            None => self
                .claim_headers
                .iter()
                .for_each(|name| drop(headers.insert(name.clone(), EMPTY))),
        }
        if let Some(protocols) = permit.other_protocols() {
            // A list of tokens, so it is not refused here either.
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

    fn deny(&self, denial: &Denial, dialect: Dialect, route: Option<usize>) -> HttpResponse {
        let answer = self.denials.answer(denial, route);
        let mut response = if dialect.carries_denials() {
            self.json(status(answer.status), answer.body.clone())
        } else {
            self.empty(status(answer.default_status))
        };
        let headers = response.headers_mut();
        headers.insert(X_AUTH_REASON, HeaderValue::from_static(answer.code));
        if let Some(place) = place(&answer).filter(|_| !dialect.carries_denials()) {
            headers.insert(X_AUTH_DENIAL, place);
        }
        // Configuration has let through what a header can hold, and nothing else stands in a
        // challenge.
        if let Some(challenge) = answer
            .challenge
            .and_then(|text| HeaderValue::from_maybe_shared(text).ok())
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = answer.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }

    /// Status and body of a denial for this reason, on the route of this name if it has its own,
    /// for proxies that cannot pass on the denial itself.
    pub(super) fn describe_denial(&self, route: Option<&str>, code: &str) -> HttpResponse {
        let position = route.and_then(|name| self.denials.position(name));
        Reason::from_code(code).map_or_else(
            || self.not_found(),
            |reason| {
                let denial = reason.into();
                let answer = self.denials.answer(&denial, position);
                self.json(status(answer.status), answer.body.clone())
            },
        )
    }

    pub(super) fn not_found(&self) -> HttpResponse {
        self.empty(StatusCode::NOT_FOUND)
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

/// The status of a denial; if it were none it would still deny.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// A decision is good for one request only.
pub(super) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, NO_STORE);
}

/// Where on this listener a denial is described.
fn place(answer: &DenialResponse<'_>) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}/denial/{}", answer.policy, answer.code)).ok()
}
