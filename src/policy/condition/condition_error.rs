//! The errors of conditions.

use crate::policy::TextPatternError;

/// The error for an expression that is not accepted as a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// The expression is longer than 2 KiB.
    #[error("longer than 2048 bytes")]
    TooLong,
    /// The expression is nested too deeply for the stack of the evaluation.
    #[error("nested too deeply")]
    TooDeep,
    /// The text is no CEL expression.
    #[error("{what} at line {line}, column {column}")]
    Malformed {
        /// The error.
        what: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The parser failed without a message.
    #[error("cannot be read")]
    Unreadable,
    /// The expression uses an unknown name.
    #[error("{0:?} is unknown")]
    UnknownName(String),
    /// The variable of a loop has a name that means something else already.
    #[error("{0:?} as the name of a loop's variable")]
    NameTaken(String),
    /// There is no function or operator of this name.
    #[error("there is no function {0:?}")]
    UnknownFunction(String),
    /// There are two loops. The evaluation does not count its steps, so they could take very long.
    #[error("more than one loop")]
    TwoLoops,
    /// A pattern is not a literal. A token or a request must not choose what is compiled.
    #[error("matches(…) with a pattern that is no literal")]
    PatternNotLiteral,
    /// A replacement or separator is not a literal. It is inserted many times, so a token or a
    /// request could make a text grow without bounds.
    #[error("replace(…) or join(…) that puts in what is no literal")]
    PutInNotLiteral,
    /// With some token the expression could create texts and lists that use up the memory.
    #[error("makes texts or lists that could become too large")]
    GrowsTooMuch,
    /// The expression, or an operand of `&&`, `||`, `!` or `?:`, is a number, a text or a list with
    /// every token.
    #[error("neither true nor false, whatever the token is")]
    NotBoolean,
    /// A pattern is no regular expression, or needs too much memory.
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
            Self::NotBoolean => "compare it with something, as in claims.tenant == \"acme\"",
            Self::PatternNotLiteral | Self::PutInNotLiteral => "write it down as a text in quotes",
            Self::Pattern { .. } => {
                "write a regular expression without look-around and back-references"
            }
        }
    }
}
