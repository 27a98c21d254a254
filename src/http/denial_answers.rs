//! What each denial looks like, made once.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use serde_json::json;

use super::challenge::{challenge, error};
use crate::config::{Answers, CustomDenial, DenialKey};
use crate::domain::{Denial, Reason, Turn};

/// What each denial looks like.
pub(super) struct DenialAnswers {
    by_reason: HashMap<Reason, DenialAnswer>,
    /// For a reason without an answer. There is none, and if there were one it would be denied.
    otherwise: DenialAnswer,
    answers: Answers,
}

/// What one denial looks like.
pub(super) struct DenialAnswer {
    /// The status that the reason's turn asks for.
    pub(super) usual_status: StatusCode,
    /// The status that was configured, or the usual one.
    pub(super) status: StatusCode,
    /// The body that was configured, or the usual one.
    pub(super) body: Bytes,
    pub(super) code: HeaderValue,
    challenge: Option<HeaderValue>,
}

impl DenialAnswers {
    pub(super) fn new(answers: Answers) -> Self {
        let by_reason = Reason::ALL.iter().map(|reason| (*reason, DenialAnswer::new(*reason, &answers))).collect();
        let otherwise = DenialAnswer::new(Reason::DependencyUnavailable, &answers);
        Self { by_reason, otherwise, answers }
    }

    /// What a denial for this reason looks like.
    pub(super) fn get(&self, reason: Reason) -> &DenialAnswer {
        self.by_reason.get(&reason).unwrap_or(&self.otherwise)
    }

    /// The challenge that goes with a denial, if one does.
    pub(super) fn challenge(&self, denial: &Denial) -> Option<HeaderValue> {
        if denial.required_scopes().is_some() {
            return HeaderValue::try_from(challenge(&self.answers, denial)).ok();
        }
        self.get(denial.reason()).challenge.clone()
    }
}

impl DenialAnswer {
    fn new(reason: Reason, answers: &Answers) -> Self {
        let usual_status = StatusCode::from_u16(reason.turn().status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let custom = custom(reason, usual_status.as_u16(), answers);
        let status = custom.and_then(|custom| StatusCode::from_u16(custom.status?).ok());
        let body = custom.and_then(|custom| Some(custom.body.as_ref()?.to_string()));
        let is_challenge = usual_status == StatusCode::UNAUTHORIZED || reason == Reason::ScopeInsufficient;
        Self {
            usual_status,
            status: status.unwrap_or(usual_status),
            body: body.unwrap_or_else(|| usual_body(reason)).into(),
            code: HeaderValue::from_static(reason.code()),
            challenge: is_challenge.then(|| HeaderValue::try_from(challenge(answers, &reason.into())).ok()).flatten(),
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
