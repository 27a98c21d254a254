//! The problems of a configuration.

use std::borrow::Cow;
use std::fmt;

use super::document::{InvalidDocument, Position};
use crate::domain::visible_text;

/// One problem of a configuration: its location, a message, and a hint how to solve it.
///
/// Its texts can be printed as they are: control characters, which a name in a file or in the
/// environment may have, are escaped.
///
/// # Examples
///
/// ```
/// use doorward::config_reader::Problem;
///
/// let problem = Problem::new("DOORWARD_AUDIENCE", "missing", "name your API");
/// assert_eq!(problem.to_string(), "DOORWARD_AUDIENCE: missing (name your API)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: String,
    message: String,
    hint: String,
    position: Option<Position>,
}

/// All problems of a configuration. As an error it is never empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problem {
    /// Creates a problem at a location, such as `DOORWARD_AUDIENCE`, with a hint how to solve it.
    pub fn new(
        place: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            place: visible(place.into()),
            message: visible(message.into()),
            hint: visible(hint.into()),
            position: None,
        }
    }

    /// Creates the problem of a file of this name that is no document.
    pub(crate) fn of_document(name: &str, invalid: InvalidDocument) -> Self {
        let place = format!("{name}:{}", invalid.position);
        Self::new(place, invalid.message, invalid.hint)
    }

    /// Returns where it is, such as `DOORWARD_AUDIENCE`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns a way out of it.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    pub(crate) fn in_order(self, position: Option<Position>) -> Self {
        Self { position, ..self }
    }
}

fn visible(text: String) -> String {
    match visible_text(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(visible) => visible,
    }
}

impl Problems {
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Sorts the problems: those of the environment first, then those of the file from top to
    /// bottom.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort_by_key(|problem| problem.position);
        // A setting that several sections inherit is reported once.
        self.0.dedup();
        self
    }

    /// Iterates over the problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Returns `true` if there is no problem.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of problems.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Problem> for Problems {
    fn from(only: Problem) -> Self {
        Self(vec![only])
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(all: Vec<Problem>) -> Self {
        Self(all)
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.message, self.hint)
    }
}

/// Displays one problem per line.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(number, problem)| {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")
        })
    }
}

/// The error of a read that failed. The [`Reader`](super::Reader) has already recorded the problem.
///
/// It carries nothing: all problems are reported together at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;
