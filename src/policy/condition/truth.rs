//! Finds expressions that are neither true nor false, whatever the token and the request are.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue};
use cel::parser::Expression;

use super::condition_error::ConditionError;
use super::names::{TYPES, VARIABLES, is_among};

/// The functions and operators whose value is true or false.
const PREDICATES: &str = "_&&_ _||_ !_ @not_strictly_false _==_ _!=_ _<_ _<=_ _>_ _>=_ @in
    bool contains endsWith matches startsWith";

/// The operators whose operands have to be true or false as well.
const CONNECTIVES: &str = "_&&_ _||_ !_ _?_:_ @not_strictly_false dyn";

/// Fails with [`ConditionError::NotBoolean`] if an expression, or a part of it that has to be true
/// or false, always has another type. What is read from a claim may be anything.
pub(super) fn check(expression: &Expression) -> Result<(), ConditionError> {
    let can_be_boolean = match &expression.expr {
        Expr::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
        // The others are variables of loops.
        Expr::Ident(name) => !is_among(name, VARIABLES) && !is_among(name, TYPES),
        Expr::Select(select) => {
            let of_request = matches!(&select.operand.expr, Expr::Ident(name) if name == "request");
            select.test || !of_request
        }
        Expr::Call(call) => return check_call(call),
        Expr::Comprehension(own) => return check_loop(own),
        Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => false,
    };
    verdict(can_be_boolean)
}

fn check_call(call: &CallExpr) -> Result<(), ConditionError> {
    if is_among(&call.func_name, CONNECTIVES) {
        return call.args.iter().try_for_each(check);
    }
    // An element of a list or a map may be anything.
    verdict(call.func_name == "_[_]" || is_among(&call.func_name, PREDICATES))
}

/// Checks a loop. The result of `all` and `exists` is the variable that gathers, which begins as
/// true or false; that of `map` and `filter` begins as a list.
fn check_loop(own: &ComprehensionExpr) -> Result<(), ConditionError> {
    match &own.result.expr {
        Expr::Ident(name) if *name == own.accu_var => {
            check(&own.accu_init)?;
            check(&own.loop_step)
        }
        _ => check(&own.result),
    }
}

const fn verdict(can_be_boolean: bool) -> Result<(), ConditionError> {
    if can_be_boolean {
        Ok(())
    } else {
        Err(ConditionError::NotBoolean)
    }
}
