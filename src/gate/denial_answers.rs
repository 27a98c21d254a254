//! What each denial looks like, made once, for whatever protocol it is told in.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::json;

use super::challenge::{challenge, error};
use crate::config::{Answers, CustomDenial, DenialKey};
use crate::domain::{Denial, Reason, Turn};

/// Keys are fetched again within seconds; who comes back then finds them, or learns that it takes longer.
const RETRY_AFTER_SECONDS: &str = "5";

/// What each denial looks like.
pub struct DenialAnswers {
    general: Answering,
    /// Those of routes that have their own, by the position of the route.
    of_routes: HashMap<usize, Answering>,
}

/// What one denial looks like.
#[derive(Debug)]
pub struct DenialAnswer<'a> {
    /// The status that the reason's turn asks for.
    pub usual_status: u16,
    /// The status that was configured, or the usual one.
    pub status: u16,
    /// The body that was configured, or the usual one; JSON.
    pub body: &'a Bytes,
    /// The code of the reason.
    pub code: &'static str,
    /// The challenge, if one goes with it.
    pub challenge: Option<Bytes>,
    /// When to come back, in seconds, if that may help.
    pub retry_after: Option<&'static str>,
}

/// The denials of all routes, or of one that has its own.
struct Answering {
    by_reason: HashMap<Reason, Prepared>,
    /// For a reason without an answer. There is none, and if there were one it would be denied.
    otherwise: Prepared,
    answers: Answers,
}

/// What does not depend on the request.
struct Prepared {
    status: u16,
    body: Bytes,
    challenge: Option<Bytes>,
}

impl DenialAnswers {
    /// As it is configured, in general and for the routes at these positions.
    pub fn new(answers: &Answers, of_routes: HashMap<usize, Vec<(DenialKey, CustomDenial)>>) -> Self {
        let own = |denials| Answering::new(Answers { denials, ..answers.clone() });
        let of_routes = of_routes.into_iter().map(|(route, denials)| (route, own(denials))).collect();
        Self { general: Answering::new(answers.clone()), of_routes }
    }

    /// What this denial looks like, on the route at this position if there was one.
    pub fn answer(&self, denial: &Denial, route: Option<usize>) -> DenialAnswer<'_> {
        let own = route.and_then(|position| self.of_routes.get(&position));
        own.unwrap_or(&self.general).answer(denial)
    }
}

impl Answering {
    fn new(answers: Answers) -> Self {
        let by_reason = Reason::ALL.iter().map(|reason| (*reason, Prepared::new(*reason, &answers))).collect();
        let otherwise = Prepared::new(Reason::DependencyUnavailable, &answers);
        Self { by_reason, otherwise, answers }
    }

    fn answer(&self, denial: &Denial) -> DenialAnswer<'_> {
        let prepared = self.by_reason.get(&denial.reason()).unwrap_or(&self.otherwise);
        // The scopes differ from route to route.
        let own_challenge = denial.required_scopes().map(|_| challenge(&self.answers, denial).into());
        DenialAnswer {
            usual_status: denial.turn().status(),
            status: prepared.status,
            body: &prepared.body,
            code: denial.code(),
            challenge: own_challenge.or_else(|| prepared.challenge.clone()),
            retry_after: (denial.turn() == Turn::Ours).then_some(RETRY_AFTER_SECONDS),
        }
    }
}

impl Prepared {
    fn new(reason: Reason, answers: &Answers) -> Self {
        let usual_status = reason.turn().status();
        let custom = custom(reason, usual_status, answers);
        let body = custom.and_then(|custom| Some(custom.body.as_ref()?.to_string()));
        let is_challenge = reason.turn() == Turn::Client || reason == Reason::ScopeInsufficient;
        Self {
            status: custom.and_then(|custom| custom.status).unwrap_or(usual_status),
            body: body.unwrap_or_else(|| usual_body(reason)).into(),
            challenge: is_challenge.then(|| challenge(answers, &reason.into()).into()),
        }
    }
}

/// What was configured for this reason: the most specific wins.
fn custom(reason: Reason, usual_status: u16, answers: &Answers) -> Option<&CustomDenial> {
    [DenialKey::Reason(reason), DenialKey::Status(usual_status), DenialKey::Every]
        .iter()
        .find_map(|wanted| answers.denials.iter().find(|(key, _)| key == wanted))
        .map(|(_, custom)| custom)
}

fn usual_body(reason: Reason) -> String {
    // Where RFC 6750 has no error code, RFC 6749 section 4.1.2.1 has a fitting one.
    let usual_error = match reason.turn() {
        Turn::Ours => "temporarily_unavailable",
        Turn::Client => error(reason).unwrap_or("access_denied"),
        Turn::Administrator if reason == Reason::ScopeInsufficient => "insufficient_scope",
        Turn::Administrator => "access_denied",
    };
    json!({"error": usual_error, "error_description": reason.meaning(), "code": reason.code()}).to_string()
}
