//! What is wrong with a configuration.

use std::fmt;

use super::document::Position;

/// One thing that is wrong, where it stands, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: String,
    message: String,
    hint: Option<String>,
    position: Option<Position>,
}

/// Everything that is wrong with a configuration; never empty when it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problem {
    /// A problem at a place, such as `DOORWARD_AUDIENCE`.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
            hint: None,
            position: None,
        }
    }

    /// The same with a way out of it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn in_order(self, position: Option<Position>) -> Self {
        Self { position, ..self }
    }
}

impl Problems {
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Those of the environment first, then those of the file from top to bottom.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort_by_key(|problem| problem.position);
        // What several sections inherit is told once.
        self.0.dedup();
        self
    }

    /// The problems one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are wrong.
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
        write!(f, "{}: {}", self.place, self.message)?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// One problem a line.
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

/// Something is wrong with a setting, and the reader has taken note of it.
///
/// It carries nothing: all problems are reported together at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;
