//! The steps of a look-up, for explanations.

use super::answer::UserState;
use crate::domain::{ClaimPath, ExplainStep};
use crate::outbound::dependency::CallError;
use crate::policy::{Principal, UserRow};

/// The name of the stage.
pub(super) const STAGE: &str = "user";

const ROW: &str = "a row in the directory";

/// Explains that only the database knows the user, and was not asked.
pub(super) fn would_be_asked() -> ExplainStep {
    ExplainStep::unknown(STAGE, ROW, "would be looked up")
}

/// Explains why the database, which was asked for an explanation, has no usable answer.
pub(super) fn failed(error: &CallError) -> ExplainStep {
    let (CallError::Failed(failure) | CallError::Rejected(failure)) = error;
    ExplainStep::failed(STAGE, "an answer of the database", &failure.text)
}

/// Explains a row that is kept with the principal. Only decisions for a proxy find one.
pub(super) fn kept() -> ExplainStep {
    ExplainStep::passed(STAGE, ROW, "the one that is kept")
}

/// Explains that the database knows no subjects of this issuer.
pub(super) fn other_issuer<T, E>(
    outcome: &Result<T, E>,
    known: &[String],
    issuer: &str,
) -> ExplainStep {
    let expected = format!("a subject of {}", known.join(", "));
    ExplainStep::of(STAGE, outcome, expected, format!("one of {issuer}"))
}

/// Explains which claim has no value for the query.
pub(super) fn missing_claim(principal: &Principal, paths: &[ClaimPath]) -> ExplainStep {
    let found = paths.iter().map(|path| {
        let written = principal.token().describe_at(path);
        format!("{path}: {written}")
    });
    let found = found.collect::<Vec<_>>().join(", ");
    let expected = "a text, a number or a boolean for each parameter";
    ExplainStep::failed(STAGE, expected, found)
}

/// Explains that the database has no usable answer, and whether the last one is used.
pub(super) fn outage(is_rejected: bool, is_stale_used: bool) -> ExplainStep {
    let found = match (is_rejected, is_stale_used) {
        (true, _) => "one that cannot be used",
        (false, true) => "none; the last one is used",
        (false, false) => "none",
    };
    let outcome = if is_stale_used { Ok(()) } else { Err(()) };
    ExplainStep::of(STAGE, &outcome, "an answer of the database", found)
}

/// Explains what is known of a subject. The log shows names of columns, and only an explanation
/// shows their values: a row has more personal data than a token.
pub(super) fn state(user: &UserState, with_values: bool) -> ExplainStep {
    match user {
        UserState::Known(row) if with_values => {
            ExplainStep::passed(STAGE, ROW, row.all().as_written()).about_person()
        }
        UserState::Known(row) => ExplainStep::passed(STAGE, ROW, names(row)),
        UserState::Unknown => ExplainStep::failed(STAGE, ROW, "none"),
        UserState::Disabled => {
            ExplainStep::failed(STAGE, "a row that is active", "one that is not")
        }
    }
}

fn names(row: &UserRow) -> String {
    let members = row.all().members().unwrap_or_default();
    let names: Vec<_> = members.iter().map(|(name, _)| &**name).collect();
    format!("one with {}", names.join(", "))
}
