//! How a decision comes about, for whoever asks.

use std::fmt::{self, Display, Write};

use serde::Serialize;

use super::printable::is_unseen;

/// Whoever is told how a decision comes about.
///
/// Serving tells nobody, which is `()`: then no closure ever runs, and the decision is compiled
/// without them.
pub trait Explain {
    /// Whether the decision is made for its telling alone. Then it leaves no trace and causes no
    /// work elsewhere: the token cache is neither read nor filled, and nothing is fetched.
    const DRY_RUN: bool;

    /// Takes what was found.
    fn step(&mut self, step: impl FnOnce() -> ExplainStep);

    /// Takes several things that were found at once.
    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, steps: impl FnOnce() -> F);

    /// Takes what was expected and what was found where this was judged, and hands the outcome on.
    fn outcome<T, E, X: Display, F: Display>(
        &mut self,
        stage: &'static str,
        outcome: Result<T, E>,
        told: impl FnOnce() -> (X, F),
    ) -> Result<T, E> {
        self.step(|| {
            let (expected, found) = told();
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

/// Something that was judged. It may hold claims, and never a signature or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainStep {
    /// The name of the stage, or of the claim.
    pub stage: &'static str,
    /// What it came to.
    pub outcome: StepOutcome,
    /// What had to be there.
    pub expected: String,
    /// What was there.
    pub found: String,
}

/// What a judgement came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOutcome {
    /// The request came through.
    Passed,
    /// It was not for this request, which harmed nobody.
    Skipped,
    /// The request ended here.
    Failed,
}

impl ExplainStep {
    /// What was expected and found where this was the outcome.
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
            expected: shown(expected),
            found: shown(found),
        }
    }

    /// What the request came through.
    pub fn passed(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self::of(stage, &Ok::<_, ()>(()), expected, found)
    }

    /// What was not for this request.
    pub fn skipped(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self {
            outcome: StepOutcome::Skipped,
            ..Self::passed(stage, expected, found)
        }
    }

    /// What the request ended at.
    pub fn failed(stage: &'static str, expected: impl Display, found: impl Display) -> Self {
        Self::of(stage, &Err::<(), _>(()), expected, found)
    }
}

/// Texts are told so far; some are the client's.
const MAX_CHARACTERS: usize = 256;

/// A text, bounded and on one line.
fn shown(text: impl Display) -> String {
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

/// A line that is being written; an error ends it, so that nobody goes on writing what nobody is
/// shown.
struct Line {
    text: String,
    left: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            // A line break or an escape sequence would write lines of its own into a transcript.
            if is_unseen(character) {
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
        assert_eq!(shown("a\r\n\u{1b}[31mb"), r"a\r\n\u{1b}[31mb");
        assert_eq!(shown("a\u{202e}\u{9b}\u{7f}b"), r"a\u{202e}\u{9b}\u{7f}b");
        assert_eq!(shown(""), "nothing");
        assert_eq!(shown("é".repeat(256)), "é".repeat(256));
        assert_eq!(shown("é".repeat(6000)), "é".repeat(256) + "…");
        assert_eq!(
            shown(format_args!("{}{}", "a".repeat(256), "b")),
            "a".repeat(256) + "…"
        );
    }
}
