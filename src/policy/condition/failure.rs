//! The failures of a condition that has no value.

use std::fmt;

use cel::ExecutionError;
use cel::objects::ValueType;

use crate::domain::Reason;

/// The most bytes that are shown of an error, which may quote a whole claim.
const MAX_TOLD: usize = 256;

/// The reason why a condition is neither true nor false.
#[derive(Debug, Clone)]
pub enum ConditionFailure {
    /// It reads a part of the original request that is not known, for this reason.
    Request(Reason),
    /// It reads a part of the original request that is longer than conditions read.
    TooLong {
        /// The name of the part.
        part: &'static str,
        /// Its length.
        bytes: usize,
        /// Its maximum length.
        most: usize,
    },
    /// The claims cannot be converted.
    Claims,
    /// The columns of the user's row cannot be converted.
    User,
    /// The clock shows no time of a calendar.
    Time,
    /// It failed, most often because a claim is missing or of another type.
    Evaluation(ExecutionError),
    /// It is something of this type.
    NotBoolean(ValueType),
}

impl fmt::Display for ConditionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(reason) => {
                write!(f, "a part of the request is not known ({})", reason.code())
            }
            Self::TooLong { part, bytes, most } => {
                write!(
                    f,
                    "a {part} of {bytes} bytes, of which conditions read {most} at most"
                )
            }
            Self::Claims => f.write_str("claims that cannot be converted"),
            Self::User => f.write_str("columns that cannot be converted"),
            Self::Time => f.write_str("a time that is in no calendar"),
            Self::Evaluation(error) => {
                let told = error.to_string();
                f.write_str(
                    told.get(..told.floor_char_boundary(MAX_TOLD))
                        .unwrap_or_default(),
                )
            }
            Self::NotBoolean(other) => write!(f, "a value of type {other}, neither true nor false"),
        }
    }
}

impl From<Reason> for ConditionFailure {
    fn from(reason: Reason) -> Self {
        Self::Request(reason)
    }
}
