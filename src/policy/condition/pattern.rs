//! Regular expressions in conditions, compiled once.
//!
//! The library would compile a pattern for each evaluation, which takes longer than to check a
//! signature. So each literal pattern gives way to a variable that holds it compiled, and `matches`
//! is ours.

use std::fmt;
use std::sync::LazyLock;

use cel::common::types::{CelBool, CelString, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use regex::Regex;

use super::condition_error::ConditionError;
use crate::policy::text_pattern;

/// The text in front of its number in the name of a pattern's variable. No name can be written so.
const PREFIX: char = '#';

/// A compiled regular expression as a value of the language.
#[derive(Clone)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn compile(pattern: &str) -> Result<Self, ConditionError> {
        let compiled = text_pattern::compile(pattern).map(Self);
        compiled.map_err(|error| ConditionError::Pattern {
            pattern: pattern.to_owned(),
            error,
        })
    }
}

/// The variable of the pattern with this number.
pub(super) fn name(number: usize) -> String {
    format!("{PREFIX}{number}")
}

/// The number of the pattern of this variable.
pub(super) fn number(name: &str) -> Option<usize> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// Adds `text.matches(pattern)` and `matches(text, pattern)`: whether the pattern fits anywhere in
/// the text.
pub(super) fn extension(environment: &mut Env) -> Result<(), DeclarationError> {
    let pattern = || Type::new_opaque_type(TYPE_NAME);
    environment.add_member_overload(
        "matches",
        "matches_member",
        STRING_TYPE,
        vec![pattern()],
        matches,
    )?;
    environment.add_overload("matches", "matches", vec![STRING_TYPE, pattern()], matches)
}

fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] =
        <[_; 2]>::try_from(arguments).map_err(|_| ExecutionError::MissingArgumentOrTarget)?;
    match (
        text.downcast_ref::<CelString<'_>>(),
        pattern.downcast_ref::<Pattern>(),
    ) {
        (Some(text), Some(Pattern(regex))) => {
            Ok(CowVal::owned(CelBool::from(regex.is_match(text.inner()))))
        }
        _ => Err(ExecutionError::MissingArgumentOrTarget),
    }
}

const TYPE_NAME: &str = "pattern";
static TYPE: LazyLock<Type> = LazyLock::new(|| Type::new_opaque_type(TYPE_NAME));

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.as_str())
    }
}
