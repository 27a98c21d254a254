//! The explanation of a decision, step by step.

use std::fmt::{self, Display, Write};

use serde::Serialize;

use super::printable::is_invisible;

/// A receiver for the steps of a decision.
///
/// The service passes `()`, which receives nothing: no closure runs, and the decision is compiled
/// without them.
pub trait Explain {
    /// `true` if the decision is made only to be explained. It then has no side effects: the token
    /// cache is neither read nor filled, and nothing is fetched.
    const DRY_RUN: bool;

    /// Returns `true` if other services may be asked for the decision.
    fn may_ask(&self) -> bool {
        !Self::DRY_RUN
    }

    /// Returns `true` if a password may be compared for the decision.
    fn may_compare_passwords(&self) -> bool {
        true
    }

    /// Adds a step.
    fn step(&mut self, step: impl FnOnce() -> ExplainStep);

    /// Adds several steps.
    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, steps: impl FnOnce() -> F);

    /// Adds a step with what was expected and what was found at this stage, and returns the outcome
    /// unchanged.
    fn outcome<T, E, X: Display, F: Display>(
        &mut self,
        stage: &'static str,
        outcome: Result<T, E>,
        describe: impl FnOnce() -> (X, F),
    ) -> Result<T, E> {
        self.step(|| {
            let (expected, found) = describe();
            ExplainStep::of(stage, &outcome, expected, found)
        });
        outcome
    }
}

impl Explain for () {
    const DRY_RUN: bool = false;

    fn step(&mut self, _: impl FnOnce() -> ExplainStep) {}

    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, _: impl FnOnce() -> F) {}
}

/// A check that was part of a decision. It may contain claims, but never a signature or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainStep {
    /// The name of the stage, or of the claim.
    pub stage: &'static str,
    /// The result of the check.
    pub outcome: StepOutcome,
    /// The expected value or condition.
    pub expected: String,
    /// The actual value.
    pub found: String,
    /// Expected and found as people read it, where that differs.
    #[serde(skip)]
    for_people: Option<(String, String)>,
    /// `true` if the text that was found is from a user's row in the directory.
    #[serde(skip)]
    is_about_person: bool,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOutcome {
    /// The request passed the check.
    Passed,
    /// The check did not apply to the request, and the decision went on.
    Skipped,
    /// The request failed the check, and the decision ended here.
    Failed,
    /// Another service would have to be asked, and was not. The decision is not known.
    Unknown,
}

impl StepOutcome {
    /// Returns the word for it, as JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl ExplainStep {
    /// Creates a step that passed if the outcome is `Ok`, and failed if it is `Err`.
    pub fn of<T, E>(
        stage: &'static str,
        outcome: &Result<T, E>,
        expected: impl Display,
        found: impl Display,
    ) -> Self {
        let outcome = if outcome.is_ok() {
            StepOutcome::Passed
        } else {
            StepOutcome::Failed
        };
        Self {
            stage,
            outcome,
            expected: one_line(expected),
            found: one_line(found),
            for_people: None,
            is_about_person: false,
        }
    }

    /// Marks the text that was found as from a user's row in the directory.
    #[must_use]
    pub fn about_person(self) -> Self {
        Self {
            is_about_person: true,
            ..self
        }
    }

    /// Returns the step without any text from a user's row. The client of `explain` sends the token
    /// itself, so it knows the claims; it may not know the row.
    #[must_use]
    pub fn without_row(self) -> Self {
        if !self.is_about_person {
            return self;
        }
        Self {
            found: "out of the user's row, which only loopback or the token may see".to_owned(),
            for_people: None,
            ..self
        }
    }

    /// Returns the step with other texts for people. Programs keep those of before.
    #[must_use]
    pub fn for_people(self, expected: impl Display, found: impl Display) -> Self {
        Self {
            for_people: Some((one_line(expected), one_line(found))),
            ..self
        }
    }

    /// Returns what had to be there, as people read it.
    pub fn readable_expected(&self) -> &str {
        self.for_people
            .as_ref()
            .map_or(&self.expected, |(expected, _)| expected)
    }

    /// Returns what was there, as people read it.
    pub fn readable_found(&self) -> &str {
        self.for_people
            .as_ref()
            .map_or(&self.found, |(_, found)| found)
    }

    /// Creates a step that passed.
    pub fn passed(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self::of(stage, &Ok::<_, ()>(()), expected, found)
    }

    /// Creates a step that was skipped.
    pub fn skipped(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self {
            outcome: StepOutcome::Skipped,
            ..Self::passed(stage, expected, found)
        }
    }

    /// Creates a step whose outcome is unknown, because another service was not asked.
    pub fn unknown(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self {
            outcome: StepOutcome::Unknown,
            ..Self::passed(stage, expected, found)
        }
    }

    /// Creates a step that failed.
    pub fn failed(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self::of(stage, &Err::<(), _>(()), expected, found)
    }
}

/// The maximum length of a text in a step, in characters. Some texts come from the client.
const MAX_CHARACTERS: usize = 256;

/// Formats a text on one line of at most [`MAX_CHARACTERS`]. A longer text is cut and ends in `…`.
fn one_line(text: impl Display) -> String {
    let mut line = Line {
        text: String::new(),
        left: MAX_CHARACTERS,
    };
    if write!(line, "{text}").is_err() {
        line.text.push('…');
    }
    if line.text.is_empty() {
        "nothing".to_owned()
    } else {
        line.text
    }
}

/// A line of limited length. Writing fails at the limit, so that the rest of a long text is not
/// formatted in vain.
struct Line {
    text: String,
    left: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            // A line break or an escape sequence would let a client forge lines in a transcript.
            if is_invisible(character) {
                self.text.extend(character.escape_default());
            } else {
                self.text.push(character);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_on_one_line() {
        assert_eq!(one_line("a\r\n\u{1b}[31mb"), r"a\r\n\u{1b}[31mb");
        assert_eq!(
            one_line("a\u{202e}\u{9b}\u{7f}b"),
            r"a\u{202e}\u{9b}\u{7f}b"
        );
        assert_eq!(one_line(""), "nothing");
        assert_eq!(one_line("é".repeat(256)), "é".repeat(256));
        assert_eq!(one_line("é".repeat(6000)), "é".repeat(256) + "…");
        assert_eq!(
            one_line(format_args!("{}{}", "a".repeat(256), "b")),
            "a".repeat(256) + "…"
        );
    }
}
