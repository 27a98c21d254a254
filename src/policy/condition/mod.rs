//! Conditions in the Common Expression Language (CEL, <https://cel.dev>), over `claims`, `user`,
//! `request` and `now`.
//!
//! Every expression of the language ends, but the library that evaluates it counts no steps, and
//! uses more stack the deeper an expression is. So an expression is checked when the configuration
//! is read: its size and depth before it is parsed, and what it does afterwards.

mod claim_values;
mod condition_error;
mod facts;
mod failure;
mod large_stack;
mod limits;
mod names;
mod output_bound;
mod pattern;
mod static_check;
#[cfg(test)]
mod tests;
mod truth;

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
///
/// # Examples
///
/// ```
/// use doorward::policy::{Condition, ConditionError};
///
/// let condition = Condition::parse("request.method == 'GET' || claims.role == 'writer'", false)?;
/// assert!(condition.reads_request());
///
/// // An expression that could take much time is refused when the configuration is read.
/// let slow = "claims.a.all(x, claims.b.all(y, x != y))";
/// assert_eq!(Condition::parse(slow, false).unwrap_err(), ConditionError::TwoLoops);
/// # Ok::<(), ConditionError>(())
/// ```
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
    /// Parses an expression of at most 2 KiB and 16 nested levels.
    ///
    /// The expression may use the functions of the language and of its strings extension, one loop,
    /// and literal patterns. What it can create is bounded. With `allow_path_parameters` it may read
    /// a path that has parameters (`/a;b=c`); otherwise such a path counts as ambiguous.
    ///
    /// Fails with [`ConditionError`] if the expression is malformed, can be neither true nor false,
    /// or could take much time or memory.
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

    /// Evaluates the condition. Fails with [`ConditionFailure`] if it is neither true nor false.
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

/// Writes the expression as it was given.
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
