//! Everything that one reading of the configuration decides about answers.

use std::time::Duration;

use super::{Dialect, Question, Responder};
use crate::config::{Readiness, TrustedProxies};
use crate::gate::{DecisionRecord, Gate};
use crate::telemetry::{AccessEntry, AccessLogger, DecisionCounters, OriginalTexts, Outcome, request_id};

/// Everything that one reading of the configuration decides about answers. A request keeps to the one that it began with.
pub struct Generation {
    /// Its number, counted from 1.
    pub number: u64,
    /// Decides.
    pub gate: Gate,
    /// Answers.
    pub responder: Responder,
    /// Counts decisions.
    pub decisions: DecisionCounters,
    /// Writes down.
    pub access_log: AccessLogger,
    /// Whose description of a request is believed.
    pub trusted: TrustedProxies,
    /// How the plain `/verify` is understood.
    pub dialect: Dialect,
    /// When the service calls itself ready.
    pub readiness: Readiness,
    /// Whether it explains decisions to peers that are not on this machine.
    pub explains_to_all: bool,
}

impl Generation {
    /// Writes a decision down, if that was asked for.
    pub(super) fn note(
        &self,
        outcome: Outcome,
        record: &DecisionRecord,
        duration: Duration,
        dialect: Dialect,
        asked: &Question<'_>,
    ) {
        if !self.access_log.wants(outcome == Outcome::Allowed) {
            return;
        }
        self.access_log.log(AccessEntry {
            timestamp: self.gate.clock.now(),
            verdict: outcome.logged_verdict(),
            reason: outcome.reason(),
            issuer: record.issuer.and_then(|at| Some(self.gate.issuers().at(at)?.name.clone())),
            route: record.route.and_then(|at| Some(self.gate.policy.routes()?.at(at)?.name.label())),
            cache: record.cache.label(),
            original: OriginalTexts::of(&dialect.original_for_log(asked)),
            duration,
            request_id: request_id(asked.fields.field("x-request-id"), asked.fields.field("traceparent")),
            token_digest: record.digest.map(|digest| digest.start()),
        });
    }
}
