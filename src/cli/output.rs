//! Output for people, coloured on a terminal.

use std::fmt::{Display, Write as _};
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use super::exit::Failure;
use crate::domain::{StepOutcome, Verdict};
use crate::gate::Transcript;

/// The format of a command's output.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const STRONG: Style = Style::new().bold();

/// Writes styled text to stdout. Styles are left out where stdout is no terminal or `NO_COLOR` is
/// set. A closed pipe is no failure.
pub(super) fn print_styled(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

/// Writes a styled line to stderr, beside data for programs on stdout.
pub(super) fn note(text: impl Display) {
    // Without stderr there is no reader.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Returns the text in this style.
pub(super) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes a transcript line by line: the verdict and what to do first, then the stages.
pub(super) fn transcript_text(transcript: &Transcript) -> String {
    let style = match transcript.verdict {
        Verdict::Allow => GOOD,
        Verdict::WouldDeny => WARNING,
        Verdict::Deny | Verdict::Error | Verdict::Unknown => BAD,
    };
    let verdict = styled(
        style,
        format_args!("{} {}", transcript.verdict, transcript.reason),
    );
    // Writing to a String cannot fail.
    let mut text = format!("{verdict}: {}\n", transcript.meaning);
    if let Some(hint) = &transcript.hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    if let Some(challenge) = &transcript.challenge {
        let _ = writeln!(text, "challenge: {challenge}");
    }
    for (number, stage) in transcript.stages.iter().enumerate() {
        let (mark, style) = match stage.outcome {
            StepOutcome::Passed => ("ok", GOOD),
            StepOutcome::Skipped => ("--", FAINT),
            StepOutcome::Failed => ("NO", BAD),
            StepOutcome::Unknown => ("??", BAD),
        };
        let gap = if number == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}{}  {}", styled(style, mark), stage.stage);
        let _ = writeln!(text, "      expected  {}", stage.readable_expected());
        let _ = writeln!(text, "      found     {}", stage.readable_found());
    }
    text
}
