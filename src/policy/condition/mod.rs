//! Conditions in the Common Expression Language (CEL, <https://cel.dev>), over `claims`, `user`,
//! `request` and `now`.
//!
//! The language always ends, but the library that evaluates it counts no steps and takes the stack
//! as deep as an expression goes. So what an expression may be is settled when it is read: before
//! that by its bounds, and then by a review.

mod claim_values;
mod condition_error;
mod facts;
mod failure;
mod large_stack;
mod limits;
mod output_bound;
mod pattern;
mod static_check;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::parser::Expression;
use cel::{Context, Env, ParseErrors, Value, extensions};

pub(in crate::policy) use claim_values::ClaimValues;
pub use condition_error::ConditionError;
pub use facts::Facts;
pub use failure::ConditionFailure;
pub use large_stack::with_large_stack;

use crate::domain::{Denial, Reason};
use facts::Variables;
use pattern::Pattern;
use static_check::{Reads, StaticCheck};

/// An expression that must be true.
#[derive(Debug, Clone)]
pub struct Condition {
    source: String,
    expression: Expression,
    /// The regular expressions in it, compiled.
    patterns: Vec<Pattern>,
    reads: Reads,
    allow_path_parameters: bool,
}

impl Condition {
    /// Reads an expression, at most 2 KiB long and 16 levels deep.
    ///
    /// It may call functions of the language and of its strings extension, loop once, match against
    /// patterns that are in it, and make no more than so much of what it reads. A path with
    /// parameters (`/a;b=c`) is known to it only if these are allowed.
    pub fn parse(source: &str, allow_path_parameters: bool) -> Result<Self, ConditionError> {
        limits::check(source)?;
        let read = with_large_stack(|| {
            let mut expression = ENVIRONMENT
                .parser()
                .parse(source)
                .map_err(|errors| malformed(&errors))?;
            let review = StaticCheck::of(&mut expression)?;
            Ok((expression, review))
        });
        let (
            expression,
            StaticCheck {
                patterns, reads, ..
            },
        ) = read.unwrap_or(Err(ConditionError::Unreadable))?;
        Ok(Self {
            source: source.to_owned(),
            expression,
            patterns,
            reads,
            allow_path_parameters,
        })
    }

    /// Returns whether it reads what the proxy says about the original request.
    pub const fn reads_request(&self) -> bool {
        self.reads.request()
    }

    /// Returns whether it reads the user's row.
    pub const fn reads_user(&self) -> bool {
        self.reads.user
    }

    pub(super) fn check(&self, facts: &Facts<'_>) -> Result<(), Denial> {
        match self.evaluate(facts) {
            Ok(true) => Ok(()),
            Err(ConditionFailure::Request(reason)) => Err(reason.into()),
            Ok(false) | Err(_) => Err(Reason::PolicyDenied.into()),
        }
    }

    /// Evaluates it.
    pub(super) fn evaluate(&self, facts: &Facts<'_>) -> Result<bool, ConditionFailure> {
        let variables = Variables::of(
            facts,
            self.reads,
            self.allow_path_parameters,
            &self.patterns,
        )?;
        let mut context = Context::with_env(ENVIRONMENT.clone());
        context.set_variable_resolver(&variables);
        match context.resolve(&self.expression) {
            Ok(Value::Bool(verdict)) => Ok(verdict),
            Ok(other) => Err(ConditionFailure::NotBoolean(other.type_of())),
            Err(error) => Err(ConditionFailure::Evaluation(error)),
        }
    }
}

/// As it was written.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(false);
    // Names that are taken are the one thing that can go wrong, and then a condition that uses them
    // fails.
    let _ =
        extensions::strings(&mut environment).and_then(|()| pattern::extension(&mut environment));
    Arc::new(environment)
});

fn malformed(errors: &ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else {
        return ConditionError::Unreadable;
    };
    let [line, column] =
        [first.pos.0, first.pos.1].map(|position| usize::try_from(position).unwrap_or_default());
    // What else might have stood there is most of the language.
    let what = first
        .msg
        .split(" expecting ")
        .next()
        .unwrap_or_default()
        .trim_start_matches("Syntax error: ");
    ConditionError::Malformed {
        what: what.to_owned(),
        line,
        column,
    }
}
