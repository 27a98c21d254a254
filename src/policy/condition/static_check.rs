//! A walk through a parsed expression, which finds everything that it must not do.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr};
use cel::parser::Expression;

use super::condition_error::ConditionError;
use super::names::{TYPES, VARIABLES, is_among};
use super::output_bound::{OutputBound, Size};
use super::pattern::{self, Pattern};
use super::truth;

/// The maximum depth of an expression. Not only brackets count: each `.a` and each `+` adds a
/// level.
const MAX_DEPTH: usize = 64;

/// The functions and operators of the language, and of its strings extension those that a condition
/// has a use for.
const FUNCTIONS: &str = "_?_:_ _&&_ _||_ !_ @not_strictly_false _==_ _!=_ _<_ _<=_ _>_ _>=_ @in _[_] _+_ _-_ _*_ _/_ _%_ -_
    bool bytes charAt contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours
    getMilliseconds getMinutes getMonth getSeconds indexOf int join lastIndexOf lowerAscii matches replace reverse size split
    startsWith string substring timestamp trim type uint upperAscii";

/// The findings of a walk through an expression.
#[derive(Default)]
pub(super) struct StaticCheck {
    pub(super) patterns: Vec<Pattern>,
    pub(super) reads: Reads,
    growth: OutputBound,
    loops: usize,
    /// The variables of the loop in which the walk is, and how large they are.
    bound: Vec<(String, Size)>,
    depth: usize,
}

impl StaticCheck {
    /// Walks through all of an expression, and puts variables in the place of patterns.
    pub(super) fn of(expression: &mut Expression) -> Result<Self, ConditionError> {
        let mut review = Self::default();
        review.visit(expression)?;
        truth::check(expression)?;
        Ok(review)
    }

    /// Returns how large its value can be.
    fn visit(&mut self, expression: &mut Expression) -> Result<Size, ConditionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConditionError::TooDeep);
        }
        let size = match &mut expression.expr {
            Expr::Unspecified => Ok(Size::FIXED),
            Expr::Literal(literal) => Ok(self.visit_literal(literal)),
            Expr::Ident(name) => self.visit_name(name),
            Expr::Select(select) => self.visit_select(select),
            Expr::Call(call) => self.visit_call(call),
            Expr::List(list) => self.visit_parts(&mut list.elements.iter_mut()),
            Expr::Map(map) => self.visit_parts(&mut map.entries.iter_mut().flat_map(|entry| {
                match &mut entry.expr {
                    EntryExpr::StructField(field) => {
                        [None, Some(&mut field.value)].into_iter().flatten()
                    }
                    EntryExpr::MapEntry(entry) => [Some(&mut entry.key), Some(&mut entry.value)]
                        .into_iter()
                        .flatten(),
                }
            })),
            Expr::Struct(message) => Err(ConditionError::UnknownName(message.type_name.clone())),
            Expr::Comprehension(own) => self.visit_loop(own),
        }?;
        self.depth -= 1;
        Ok(size)
    }

    fn visit_literal(&self, literal: &LiteralValue) -> Size {
        match literal {
            LiteralValue::String(text) => self.growth.literal(text.inner().len()),
            LiteralValue::Bytes(bytes) => self.growth.literal(bytes.inner().len()),
            _ => Size::FIXED,
        }
    }

    fn visit_name(&mut self, name: &str) -> Result<Size, ConditionError> {
        if let Some((_, size)) = self.bound.iter().find(|(bound, _)| bound == name) {
            return Ok(*size);
        }
        match name {
            "claims" => Ok(self.growth.whole()),
            "user" => {
                self.reads.user = true;
                Ok(self.growth.whole())
            }
            _ if is_among(name, VARIABLES) || is_among(name, TYPES) => Ok(Size::FIXED),
            _ => Err(ConditionError::UnknownName(name.to_owned())),
        }
    }

    fn visit_select(&mut self, select: &mut SelectExpr) -> Result<Size, ConditionError> {
        let is_request = matches!(&select.operand.expr, Expr::Ident(name) if name == "request");
        match (is_request, select.field.as_str()) {
            (false, _) => {
                let operand = self.visit(&mut select.operand)?;
                return Ok(if select.test {
                    Size::FIXED
                } else {
                    operand.part()
                });
            }
            (true, "method") if !select.test => self.reads.method = true,
            (true, "host") if !select.test => self.reads.host = true,
            (true, "path") if !select.test => self.reads.path = true,
            (true, field) => return Err(ConditionError::UnknownName(format!("request.{field}"))),
        }
        Ok(self.growth.whole())
    }

    fn visit_parts(
        &mut self,
        parts: &mut dyn Iterator<Item = &mut Expression>,
    ) -> Result<Size, ConditionError> {
        let mut is_literal = true;
        let sizes = parts.map(|part| {
            is_literal &= matches!(part.expr, Expr::Literal(_));
            self.visit(part)
        });
        let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
        self.growth.list(&sizes, is_literal)
    }

    fn visit_call(&mut self, call: &mut CallExpr) -> Result<Size, ConditionError> {
        if !is_among(&call.func_name, FUNCTIONS) {
            return Err(ConditionError::UnknownFunction(call.func_name.clone()));
        }
        let put_in = put_in(call)?;
        if call.func_name == "matches" {
            let pattern = call.args.pop().ok_or(ConditionError::PatternNotLiteral)?;
            let variable = self.compile(&pattern)?;
            self.visit_operands(call)?;
            call.args.push(Expression {
                id: pattern.id,
                expr: Expr::Ident(variable),
            });
            return Ok(Size::FIXED);
        }
        let operands = self.visit_operands(call)?;
        match (call.func_name.as_str(), operands.as_slice()) {
            ("_+_", [left, right]) => self.growth.sum(*left, *right),
            ("_?_:_", [_, one, other]) => Ok(one.or(*other)),
            ("_[_]", [whole, ..]) => Ok(whole.part()),
            (function, [subject, ..]) => self.growth.call(function, *subject, put_in),
            (_, []) => Ok(Size::FIXED),
        }
    }

    /// The target first, if there is one.
    fn visit_operands(&mut self, call: &mut CallExpr) -> Result<Vec<Size>, ConditionError> {
        let operands = call.target.as_deref_mut().into_iter().chain(&mut call.args);
        operands.map(|operand| self.visit(operand)).collect()
    }

    fn compile(&mut self, pattern: &Expression) -> Result<String, ConditionError> {
        let Expr::Literal(LiteralValue::String(text)) = &pattern.expr else {
            return Err(ConditionError::PatternNotLiteral);
        };
        self.patterns.push(Pattern::compile(text.inner())?);
        Ok(pattern::name(self.patterns.len() - 1))
    }

    fn visit_loop(&mut self, own: &mut ComprehensionExpr) -> Result<Size, ConditionError> {
        self.loops += 1;
        if self.loops > 1 {
            return Err(ConditionError::TwoLoops);
        }
        let range = self.visit(&mut own.iter_range)?;
        self.visit(&mut own.accu_init)?;
        let (before, elements) = self.growth.enter(range);
        for name in [Some(&own.iter_var), own.iter_var2.as_ref()]
            .into_iter()
            .flatten()
        {
            self.bound.push((name.clone(), elements));
        }
        // What was gathered is counted where something is added to it.
        self.bound.push((own.accu_var.clone(), Size::EMPTY));
        // It would be ambiguous which of the two is read.
        if let Some((taken, _)) = self
            .bound
            .iter()
            .find(|(name, _)| name == "request" || is_among(name, VARIABLES))
        {
            return Err(ConditionError::NameTaken(taken.clone()));
        }
        self.visit(&mut own.loop_cond)?;
        let gathered = self.visit(&mut own.loop_step)?;
        self.growth.leave(before);
        self.bound = vec![(own.accu_var.clone(), gathered)];
        let result = self.visit(&mut own.result);
        self.bound.clear();
        result
    }
}

/// Returns the length of the text that a function inserts, perhaps many times.
fn put_in(call: &CallExpr) -> Result<usize, ConditionError> {
    let text = match call.func_name.as_str() {
        "replace" => call.args.get(1),
        "join" => call.args.first(),
        _ => return Ok(0),
    };
    match text.map(|text| &text.expr) {
        Some(Expr::Literal(LiteralValue::String(text))) => Ok(text.inner().len()),
        None if call.func_name == "join" => Ok(0),
        _ => Err(ConditionError::PutInNotLiteral),
    }
}

/// The facts that a condition reads besides claims: parts of the original request, and the user's
/// row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable by itself"
)]
pub(super) struct Reads {
    pub(crate) method: bool,
    pub(crate) host: bool,
    pub(crate) path: bool,
    pub(crate) user: bool,
}

impl Reads {
    /// Returns whether it reads any part of the original request.
    pub(super) const fn request(self) -> bool {
        self.method || self.host || self.path
    }
}

#[cfg(test)]
mod tests {
    use cel::{Context, ExecutionError};

    use super::*;
    use crate::policy::condition::ENVIRONMENT;

    #[test]
    fn the_library_has_all_of_these() {
        for name in FUNCTIONS
            .split_whitespace()
            .filter(|name| name.starts_with(char::is_alphabetic))
        {
            let calls = [
                format!("{name}(1)"),
                format!("'a'.{name}()"),
                format!("[1].{name}()"),
            ]
            .map(|call| {
                let expression = ENVIRONMENT.parser().parse(&call).unwrap();
                Context::with_env(ENVIRONMENT.clone()).resolve(&expression)
            });
            let is_unknown =
                |told: &Result<_, _>| matches!(told, Err(ExecutionError::UndeclaredReference(_)));
            assert!(!calls.iter().all(is_unknown), "{name}: {calls:?}");
        }
        for name in TYPES.split_whitespace() {
            let expression = ENVIRONMENT
                .parser()
                .parse(&format!("type({name}) == type"))
                .unwrap();
            assert_eq!(
                Context::with_env(ENVIRONMENT.clone()).resolve(&expression),
                Ok(true.into()),
                "{name}"
            );
        }
    }
}
