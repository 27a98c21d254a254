//! Why an expression is no condition.

use crate::policy::TextPatternError;

/// Why an expression is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Longer than any condition needs to be.
    #[error("longer than 2048 bytes")]
    TooLong,
    /// Its parts are nested more deeply than the evaluation has stack for.
    #[error("nested too deeply")]
    TooDeep,
    /// No expression of the language: what is wrong, and where.
    #[error("{what} at line {line}, column {column}")]
    Malformed {
        /// The error.
        what: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The parser gave up without a word.
    #[error("cannot be read")]
    Unreadable,
    /// Nothing has this name.
    #[error("{0:?} is unknown")]
    UnknownName(String),
    /// A loop hides the other meaning of the name.
    #[error("{0:?} as the name of a loop's variable")]
    NameTaken(String),
    /// There is no function or operator of this name.
    #[error("there is no function {0:?}")]
    UnknownFunction(String),
    /// The evaluation counts no steps, so that two loops could take very long.
    #[error("more than one loop")]
    TwoLoops,
    /// A token or a request must not choose what is compiled.
    #[error("matches(…) with a pattern that is no literal")]
    PatternNotLiteral,
    /// What is put in again and again must not be chosen by a token or a request: a text could grow
    /// without bounds.
    #[error("replace(…) or join(…) that puts in what is no literal")]
    PutInNotLiteral,
    /// A token could make for texts and lists that take the memory away.
    #[error("makes texts or lists that could become too large")]
    GrowsTooMuch,
    /// No regular expression, or one that takes too much memory.
    #[error("{pattern:?}: {error}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The error.
        error: TextPatternError,
    },
}

impl ConditionError {
    /// Returns a hint about what to do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLong | Self::TooDeep => "say it in fewer words, or in several routes",
            Self::Malformed { .. } | Self::Unreadable => {
                "write an expression in CEL, such as claims.tenant == request.host"
            }
            Self::UnknownName(_) => {
                "read claims.NAME, user.COLUMN, request.method, request.host, request.path or now"
            }
            Self::NameTaken(_) => "choose another name",
            Self::UnknownFunction(_) => {
                "write a function of CEL or of its strings extension, but not format or quote"
            }
            Self::TwoLoops => "use one of all, exists, exists_one, map and filter, once",
            Self::GrowsTooMuch => {
                "put less together; in a loop, only what belongs to the loop's variable"
            }
            Self::PatternNotLiteral | Self::PutInNotLiteral => "write it down as a text in quotes",
            Self::Pattern { .. } => {
                "write a regular expression without look-around and back-references"
            }
        }
    }
}
