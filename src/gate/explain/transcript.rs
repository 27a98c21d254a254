//! The transcript of a decision.

use serde::Serialize;

use crate::authenticators::PASSWORD_STAGE;
use crate::domain::{
    Denial, DenialClass, Explain, ExplainStep, Reason, RouteIndex, StepOutcome, Verdict,
};
use crate::hints::{DeniedStage, Hint};
use crate::issuers::{Issuer, Issuers};
use crate::policy::Permit;
use crate::response::DenialResponses;

/// The stages of a decision, each with what was expected and what was found. It holds claims, and
/// never a signature or a secret.
#[derive(Debug, Serialize)]
pub struct Transcript {
    /// The verdict.
    pub verdict: Verdict,
    /// `ok`, or the code of the reason.
    pub reason: &'static str,
    /// The meaning of the reason.
    pub meaning: &'static str,
    /// A hint that may help.
    pub hint: Option<String>,
    /// The challenge that goes with the denial, once it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// The stages in their order; after one that failed there is none.
    pub stages: Vec<ExplainStep>,
    /// The denial, and the position of the route.
    #[serde(skip)]
    denied: Option<(Denial, Option<RouteIndex>)>,
}

/// The steps so far.
#[derive(Default)]
pub(in crate::gate) struct Steps {
    kept: Vec<ExplainStep>,
    left_out: usize,
    /// `true` if other services may be asked.
    is_online: bool,
    /// `true` if the explanation is for somebody who has not shown to be the operator.
    is_for_stranger: bool,
}

/// So many stages are kept, and the last one always: it decides.
const MAX_STAGES: usize = 128;

impl Explain for Steps {
    const DRY_RUN: bool = true;

    fn may_ask(&self) -> bool {
        self.is_online
    }

    /// Limits on failures do not apply to an explanation, so it would be a way to try passwords.
    fn may_compare_passwords(&self) -> bool {
        !self.is_for_stranger
    }

    fn step(&mut self, step: impl FnOnce() -> ExplainStep) {
        if self.kept.len() == MAX_STAGES {
            self.kept.pop();
            self.left_out += 1;
        }
        self.kept.push(step());
    }

    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, steps: impl FnOnce() -> F) {
        steps().into_iter().for_each(|step| self.step(|| step));
    }
}

impl Steps {
    /// Begins for the operator. Other services are asked if `is_online` is `true`.
    pub(super) fn for_operator(is_online: bool) -> Self {
        Self {
            is_online,
            ..Self::default()
        }
    }

    /// Begins for somebody who has not shown to be the operator.
    pub(super) fn for_stranger() -> Self {
        Self {
            is_for_stranger: true,
            ..Self::default()
        }
    }

    fn into_stages(mut self) -> Vec<ExplainStep> {
        if self.left_out > 0 {
            let more = ExplainStep::skipped(
                "more stages",
                "passed as well",
                format!("{} are left out", self.left_out),
            );
            self.kept.insert(self.kept.len().saturating_sub(1), more);
        }
        self.kept
    }
}

impl Transcript {
    /// Makes a transcript of these steps, and of the decision that they led to on this route.
    pub(in crate::gate) fn new(
        steps: Steps,
        decision: Result<Permit, Denial>,
        route: Option<RouteIndex>,
        context: HintContext<'_>,
    ) -> Self {
        let stages = steps.into_stages();
        let unknown = stages
            .last()
            .filter(|last| last.outcome == StepOutcome::Unknown);
        if let Some(last) = unknown {
            let (meaning, hint) = if last.stage == PASSWORD_STAGE {
                (
                    "a password would have to be compared",
                    Hint::ExplainPassword,
                )
            } else {
                (
                    "another service would have to be asked",
                    Hint::ExplainOnline,
                )
            };
            return Self::of_unknown(stages, meaning, hint);
        }
        let (verdict, reason) = match &decision {
            Ok(permit) => match permit.reported() {
                Some(reason) => (Verdict::WouldDeny, reason),
                None => return Self::of_allowed(stages),
            },
            Err(denial) if denial.class() == DenialClass::Unavailable => {
                (Verdict::Error, denial.reason())
            }
            Err(denial) => (Verdict::Deny, denial.reason()),
        };
        let hint = Some(context.hint(reason, stages.last()));
        Self {
            verdict,
            reason: reason.code(),
            meaning: reason.meaning(),
            hint,
            challenge: None,
            stages,
            denied: decision.err().map(|denial| (denial, route)),
        }
    }

    fn of_unknown(stages: Vec<ExplainStep>, meaning: &'static str, hint: Hint) -> Self {
        Self {
            verdict: Verdict::Unknown,
            reason: "unknown",
            meaning,
            hint: Some(hint.with(&[])),
            challenge: None,
            stages,
            denied: None,
        }
    }

    fn of_allowed(stages: Vec<ExplainStep>) -> Self {
        Self {
            verdict: Verdict::Allow,
            reason: "ok",
            meaning: "the request may pass",
            hint: None,
            challenge: None,
            stages,
            denied: None,
        }
    }

    /// Adds the challenge that these responses have for the denial.
    #[must_use]
    pub fn with_challenge(mut self, answers: &DenialResponses) -> Self {
        let answer = self
            .denied
            .as_ref()
            .map(|(denial, route)| answers.response_to(denial, *route));
        let challenge = answer.and_then(|answer| answer.challenge_line());
        self.challenge = challenge.map(|text| String::from_utf8_lossy(&text).into_owned());
        self
    }

    /// Returns the transcript without what was found in a user's row.
    #[must_use]
    pub(in crate::gate) fn without_rows(mut self) -> Self {
        let stages = self.stages.into_iter();
        self.stages = stages.map(ExplainStep::without_row).collect();
        self
    }

    /// Returns whether the request would pass.
    pub fn lets_pass(&self) -> bool {
        self.verdict.lets_pass()
    }
}

/// The facts that a hint may name, besides the stage.
#[derive(Clone, Copy)]
pub(in crate::gate) struct HintContext<'a> {
    /// The issuer of the token, if it is known.
    pub(super) issuer: Option<&'a Issuer>,
    /// All issuers.
    pub(super) issuers: &'a Issuers,
}

impl HintContext<'_> {
    /// Returns what may help against a denial whose last stage is this one.
    fn hint(self, reason: Reason, last: Option<&ExplainStep>) -> String {
        // The last fetch knows best why there are no keys.
        if let (Reason::KeysUnavailable, Some(issuer)) = (reason, self.issuer)
            && let Some(hint) = &issuer.keys.fetch_history().last_hint
        {
            return hint.clone();
        }
        let failed = last.filter(|last| last.outcome == StepOutcome::Failed);
        let stage = failed.map_or_else(DeniedStage::default, |failed| DeniedStage {
            stage: failed.stage,
            expected: &failed.expected,
            found: &failed.found,
            preset: self.issuer.and_then(|issuer| issuer.description.preset),
        });
        stage.hint(reason, self.issuers.names())
    }
}
