//! The stages of decisions in the log, at the levels `debug` and `trace`.

use super::explain::{Steps, Transcript};
use super::{DecisionRecord, Gate};
use crate::domain::{Denial, Explain, ExplainStep, ForwardedRequest, StepOutcome};
use crate::policy::Permit;
use crate::telemetry::AccessEntry;

/// Keeps the stages of a decision for a proxy, which is not a dry run.
#[derive(Default)]
struct ServedSteps(Steps);

impl Explain for ServedSteps {
    const DRY_RUN: bool = false;

    fn step(&mut self, step: impl FnOnce() -> ExplainStep) {
        self.0.step(step);
    }

    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, steps: impl FnOnce() -> F) {
        self.0.steps(steps);
    }
}

/// Returns `true` if the log takes the stages of decisions.
pub(super) fn is_wanted() -> bool {
    tracing::enabled!(tracing::Level::DEBUG)
}

impl Gate {
    /// Decides like [`decide`](Self::decide), and also returns the stages.
    pub(super) async fn decide_traced(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
    ) -> (Result<Permit, Denial>, Transcript) {
        let mut steps = ServedSteps::default();
        let decision = self.decide_explained(request, record, &mut steps).await;
        let transcript = Transcript::new(
            steps.0,
            decision.clone(),
            record.route,
            self.hint_context(record),
        );
        // The log is read by more people than the database.
        (decision, transcript.without_rows())
    }
}

impl Transcript {
    /// Logs the stage that failed at `debug`, and each stage at `trace`. They hold claims, and
    /// never a signature or a secret.
    pub(super) fn log(&self, entry: &AccessEntry) {
        let request_id = entry.request_id.as_deref();
        let token_digest = entry.token_digest.map(|digest| digest.to_string());
        let token_digest = token_digest.as_deref();
        if self.reason != "ok" {
            let failed = self.stages.last();
            let failed = failed.filter(|stage| stage.outcome == StepOutcome::Failed);
            let peer = entry.peer.map(|peer| peer.to_string());
            tracing::debug!(
                verdict = self.verdict.word(),
                reason = self.reason,
                stage = failed.map(|stage| stage.stage),
                expected = failed.map(|stage| stage.expected.as_str()),
                found = failed.map(|stage| stage.found.as_str()),
                hint = self.hint.as_deref(),
                method = entry.original.method.as_deref(),
                host = entry.original.host.as_deref(),
                path = entry.original.path.as_deref(),
                peer,
                request_id,
                token_digest,
                "denial explained"
            );
        }
        for stage in &self.stages {
            tracing::trace!(
                verdict = self.verdict.word(),
                reason = self.reason,
                stage = stage.stage,
                outcome = stage.outcome.word(),
                expected = stage.expected,
                found = stage.found,
                request_id,
                token_digest,
                "stage of a decision"
            );
        }
    }
}
