//! A walk through a parsed expression, which finds everything that it must not do.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr};
use cel::parser::Expression;

use super::pattern::{self, Pattern};
use super::{ConditionError, Reads};

/// How deep an expression may be. Brackets are not all: each `.a` and each `+` adds a level too.
const MAX_DEPTH: usize = 64;

/// The functions and operators of the language, and of its strings extension those that a condition has a use for.
const FUNCTIONS: &str = "_?_:_ _&&_ _||_ !_ @not_strictly_false _==_ _!=_ _<_ _<=_ _>_ _>=_ @in _[_] _+_ _-_ _*_ _/_ _%_ -_
    bool bytes charAt contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours
    getMilliseconds getMinutes getMonth getSeconds indexOf int join lastIndexOf lowerAscii matches replace reverse size split
    startsWith string substring timestamp trim type uint upperAscii";

const VARIABLES: &str = "claims now";

const TYPES: &str = "bool bytes double int list map null_type string type uint";

/// What a walk through an expression has found.
#[derive(Default)]
pub(super) struct Review {
    pub(super) patterns: Vec<Pattern>,
    pub(super) reads: Reads,
    loops: usize,
    /// The variables of the loop in which the walk is.
    bound: Vec<String>,
    depth: usize,
}

impl Review {
    /// Walks through all of an expression, and puts variables in the place of patterns.
    pub(super) fn of(expression: &mut Expression) -> Result<Self, ConditionError> {
        let mut review = Self::default();
        review.visit(expression)?;
        Ok(review)
    }

    fn visit(&mut self, expression: &mut Expression) -> Result<(), ConditionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConditionError::TooDeep);
        }
        match &mut expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.visit_name(name),
            Expr::Select(select) => self.visit_select(select),
            Expr::Call(call) => self.visit_call(call),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::StructField(field) => self.visit(&mut field.value),
                EntryExpr::MapEntry(entry) => self.visit(&mut entry.key).and_then(|()| self.visit(&mut entry.value)),
            }),
            Expr::Struct(message) => Err(ConditionError::UnknownName(message.type_name.clone())),
            Expr::Comprehension(own) => self.visit_loop(own),
        }?;
        self.depth -= 1;
        Ok(())
    }

    fn visit_name(&self, name: &str) -> Result<(), ConditionError> {
        if is_among(name, VARIABLES) || is_among(name, TYPES) || self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        Err(ConditionError::UnknownName(name.to_owned()))
    }

    fn visit_select(&mut self, select: &mut SelectExpr) -> Result<(), ConditionError> {
        let is_request = matches!(&select.operand.expr, Expr::Ident(name) if name == "request");
        match (is_request, select.field.as_str()) {
            (false, _) => return self.visit(&mut select.operand),
            (true, "method") if !select.test => self.reads.method = true,
            (true, "host") if !select.test => self.reads.host = true,
            (true, "path") if !select.test => self.reads.path = true,
            (true, field) => return Err(ConditionError::UnknownName(format!("request.{field}"))),
        }
        Ok(())
    }

    fn visit_call(&mut self, call: &mut CallExpr) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        if !is_among(name, FUNCTIONS) {
            return Err(ConditionError::UnknownFunction(name.to_owned()));
        }
        if name == "replace" && !call.args.get(1).is_some_and(|own| matches!(own.expr, Expr::Literal(_))) {
            return Err(ConditionError::ReplacementNotLiteral);
        }
        if name == "matches" {
            let pattern = call.args.pop().ok_or(ConditionError::PatternNotLiteral)?;
            let variable = self.compile(&pattern)?;
            self.visit_parts(call)?;
            call.args.push(Expression { id: pattern.id, expr: Expr::Ident(variable) });
            return Ok(());
        }
        self.visit_parts(call)
    }

    fn visit_parts(&mut self, call: &mut CallExpr) -> Result<(), ConditionError> {
        call.target.as_mut().map_or(Ok(()), |target| self.visit(target))?;
        call.args.iter_mut().try_for_each(|argument| self.visit(argument))
    }

    fn compile(&mut self, pattern: &Expression) -> Result<String, ConditionError> {
        let Expr::Literal(LiteralValue::String(text)) = &pattern.expr else {
            return Err(ConditionError::PatternNotLiteral);
        };
        self.patterns.push(Pattern::compile(text.inner())?);
        Ok(pattern::name(self.patterns.len() - 1))
    }

    fn visit_loop(&mut self, own: &mut ComprehensionExpr) -> Result<(), ConditionError> {
        self.loops += 1;
        if self.loops > 1 {
            return Err(ConditionError::TwoLoops);
        }
        self.visit(&mut own.iter_range)?;
        self.visit(&mut own.accu_init)?;
        let names = [Some(&own.iter_var), own.iter_var2.as_ref(), Some(&own.accu_var)];
        self.bound.extend(names.into_iter().flatten().cloned());
        // What follows could not tell which of the two is read.
        if let Some(taken) = self.bound.iter().find(|name| *name == "request" || is_among(name, VARIABLES)) {
            return Err(ConditionError::NameTaken(taken.clone()));
        }
        let inner = [&mut own.loop_cond, &mut own.loop_step, &mut own.result];
        inner.into_iter().try_for_each(|part| self.visit(part))?;
        self.bound.clear();
        Ok(())
    }
}

fn is_among(name: &str, names: &str) -> bool {
    names.split_whitespace().any(|own| own == name)
}

#[cfg(test)]
mod tests {
    use cel::{Context, ExecutionError};

    use super::*;
    use crate::policy::requirement::condition::ENVIRONMENT;

    #[test]
    fn the_library_has_all_of_these() {
        for name in FUNCTIONS.split_whitespace().filter(|name| name.starts_with(char::is_alphabetic)) {
            let calls = [format!("{name}(1)"), format!("'a'.{name}()"), format!("[1].{name}()")].map(|call| {
                let expression = ENVIRONMENT.parser().parse(&call).unwrap();
                Context::with_env(ENVIRONMENT.clone()).resolve(&expression)
            });
            let is_unknown = |told: &Result<_, _>| matches!(told, Err(ExecutionError::UndeclaredReference(_)));
            assert!(!calls.iter().all(is_unknown), "{name}: {calls:?}");
        }
        for name in TYPES.split_whitespace() {
            let expression = ENVIRONMENT.parser().parse(&format!("type({name}) == type")).unwrap();
            assert_eq!(Context::with_env(ENVIRONMENT.clone()).resolve(&expression), Ok(true.into()), "{name}");
        }
    }
}
