//! The gate as proxies use it: every decision is measured, counted and logged, whatever the
//! protocol.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::record::DecisionRecord;
use super::{Gate, decision_trace};
use crate::config::TrustedProxies;
use crate::domain::{Denial, ForwardedRequest, OriginalRequest, RouteIndex};
use crate::policy::Permit;
use crate::response::DenialResponses;
use crate::telemetry::{
    AccessEntry, AccessLogger, DecisionCounters, Metrics, OriginalRequestTexts, Outcome, Spans,
    client_address, request_id,
};

/// A gate whose decisions are measured, counted and logged. HTTP and gRPC share one.
pub struct DecisionService {
    /// Makes the decisions.
    pub gate: Gate,
    /// Measures how long decisions take.
    pub metrics: Arc<Metrics>,
    /// Counts decisions.
    pub decisions: DecisionCounters,
    /// Writes the access log.
    pub access_log: AccessLogger,
    /// Records decisions as spans, if traces are on.
    pub spans: Option<Arc<Spans>>,
    /// The peers whose description of a request is believed.
    pub trusted: TrustedProxies,
    /// Makes the responses to denials.
    pub denials: Arc<DenialResponses>,
}

/// The outcome of a request.
pub struct Decision {
    /// The permit or the denial.
    pub decision: Result<Permit, Denial>,
    /// The route that it took.
    pub route: Option<RouteIndex>,
}

/// A request as the log shows it.
#[derive(Debug, Clone, Copy)]
pub struct LoggedRequest<'a> {
    /// The original request as the proxy describes it, believed or not.
    pub original: OriginalRequest<'a>,
    /// The address of the proxy; `None` for a unix socket.
    pub peer: Option<IpAddr>,
}

impl DecisionService {
    /// Decides about one request. `logged` returns the request as the log shows it, and is called
    /// only if a log or a trace does.
    pub async fn decide<'a>(
        &self,
        request: &ForwardedRequest<'a>,
        logged: impl FnOnce() -> LoggedRequest<'a>,
    ) -> Decision {
        let is_traced = decision_trace::is_wanted();
        let is_shown = is_traced || self.access_log.is_on() || self.spans.is_some();
        let mut record = DecisionRecord {
            keeps_principal: is_shown && self.access_log.needs_claims(),
            ..DecisionRecord::default()
        };
        record.authentication.wants_digest = is_shown;
        let (decision, transcript) = if is_traced {
            // Boxed, so that the future of every other decision stays small.
            let traced = Box::pin(self.gate.decide_traced(request, &mut record)).await;
            (traced.0, Some(traced.1))
        } else {
            (self.gate.decide(request, &mut record).await, None)
        };
        let passed = |began| self.gate.clock.uptime().since(began);
        let (outcome, duration) = (
            DecisionRecord::outcome(&decision),
            record.began.map_or(Duration::ZERO, passed),
        );
        let issuer = record.authentication.issuer;
        self.decisions.count(outcome, record.route, issuer);
        if record.clock_skew_suspected {
            self.decisions.count_suspected_clock_skew(outcome, issuer);
        }
        self.metrics
            .measure_decision(record.authentication.cache, duration);
        let place = self
            .spans
            .as_ref()
            .and_then(|spans| Some((spans, spans.place(request.fields)?)));
        let is_logged = self.access_log.wants(outcome == Outcome::Allowed);
        if is_logged || place.is_some() || transcript.is_some() {
            let entry = self.entry(outcome, &record, duration, &logged(), request);
            if let Some(transcript) = transcript {
                transcript.log(&entry);
            }
            if let Some((spans, place)) = place {
                spans.record(place, &entry);
            }
            if is_logged {
                self.access_log.log(entry);
            }
        }
        Decision {
            decision,
            route: record.route,
        }
    }

    /// Removes the metric series of issuers and routes that are no longer configured; otherwise
    /// they would stay for ever. A request that began under an earlier configuration may bring one
    /// back, until the next configuration.
    pub fn remove_stale_series(&self) {
        let routes = self.gate.policy.routes();
        self.decisions
            .forget_others(|name| routes.is_some_and(|routes| routes.named(name).is_some()));
    }

    fn entry(
        &self,
        outcome: Outcome,
        record: &DecisionRecord,
        duration: Duration,
        logged: &LoggedRequest<'_>,
        request: &ForwardedRequest<'_>,
    ) -> AccessEntry {
        let peer = logged.peer.map(|peer| peer.to_canonical());
        let client = || client_address(request.fields, peer, request.peer_trusted, &self.trusted);
        let principal = record.principal.as_deref();
        AccessEntry {
            timestamp: self.gate.clock.now(),
            verdict: outcome.logged_verdict(),
            reason: outcome.reason(),
            issuer: record
                .authentication
                .issuer
                .and_then(|at| Some(self.gate.authenticators.profile(at)?.name.clone())),
            route: record
                .route
                .and_then(|at| Some(self.gate.policy.routes()?.at(at)?.name.label())),
            cache: record.authentication.cache.label(),
            original: OriginalRequestTexts::of(&logged.original),
            peer,
            duration,
            request_id: request_id(
                request.fields.field("x-request-id"),
                request.fields.field("traceparent"),
            ),
            token_digest: record.authentication.digest.map(|digest| digest.start()),
            chosen: self
                .access_log
                .chosen(client, |path| principal?.token().find(path)),
        }
    }
}
