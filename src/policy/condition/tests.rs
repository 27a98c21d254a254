use cel::common::ast::Expr;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{Field, OriginalRequest};
use crate::policy::Principal;
use crate::policy::requirement::tests::{NOW, UNDESCRIBED, principal, request};

fn alice() -> Principal {
    principal(&json!({
        "sub": "alice", "tenant": "acme", "level": 3, "ratio": 1.5, "large": u64::MAX, "larger": 1e30, "zero": -0,
        "admin": true, "nothing": null, "roles": ["reader", "writer"], "email": "alice@example.com",
        "auth_time": NOW.as_secs() - 600, "address": {"country": "DE", "odd name": 1}, "text": "a\"b",
    }))
}

/// Returns the result of an expression for Alice, who asks for something.
fn evaluated(source: &str) -> String {
    let field = |text: &'static str| Field::Once(text.as_bytes());
    let (method, host) = (field("PATCH"), field("Acme.Example.com:8443"));
    let request = request(OriginalRequest {
        method,
        host,
        uri: field("/tenants/%61cme//files?x=/y"),
    });
    let alice = alice();
    let facts = Facts {
        principal: &alice,
        user: None,
        request: &request,
        now: NOW,
    };
    let verdict = Condition::parse(source, false).unwrap().evaluate(&facts);
    verdict.map_or_else(|failure| failure.to_string(), |verdict| verdict.to_string())
}

fn refused(source: &str) -> ConditionError {
    Condition::parse(source, false).expect_err(source)
}

#[test]
fn what_is_true_of_claims_request_and_time() {
    for source in [
        "claims.sub == 'alice' && claims.level > 2 && claims.admin",
        "claims.tenant == request.path.split('/')[2]",
        "request.method == 'PATCH' && request.host == 'acme.example.com' && request.path == '/tenants/acme/files'",
        "request.host.startsWith(claims.tenant + '.')",
        "type(claims.level) == int && type(claims.ratio) == double && type(claims.large) == uint",
        "type(claims.larger) == double && claims.zero == 0 && claims.ratio * 2.0 == 3.0",
        "claims.nothing == null && has(claims.nothing) && !has(claims.absent)",
        "'reader' in claims.roles && claims.roles.size() == 2",
        "claims.roles.exists(role, role == 'writer')",
        "claims.roles.all(role, role in ['reader', 'writer', 'owner'])",
        "claims.roles.filter(role, role.startsWith('w')) == ['writer']",
        "claims.roles.join(',') == 'reader,writer'",
        "claims.email.endsWith('@example.com') && claims.email.lowerAscii().matches('^[a-z]+@')",
        "matches(claims.email, r'@example\\.com$') && !claims.email.matches('z')",
        "claims.address.country in ['DE', 'AT', 'CH'] && claims.address['odd name'] == 1",
        "now - timestamp(claims.auth_time) < duration('15m') && int(now) == 1767225600",
        "now.getFullYear('Europe/Berlin') == 2026 && now.getFullYear() == 2026",
        "claims.text == 'a\"b' ? true : false",
        "claims.absent == 1 || claims.level == 3",
        "claims.email.replace('@', '_') == 'alice_example.com'",
        "{'a': 1}['a'] == 1 && [1, 2][1] == 2 && dyn(1) == 1",
    ] {
        assert_eq!(evaluated(source), "true", "{source}");
    }
}

#[test]
fn the_examples_of_the_documentation_are_true_for_alice() {
    let page = include_str!("../../../docs/behaviour.md");
    let (_, block) = page.split_once("```cel\n").unwrap();
    let (examples, _) = block.split_once("```").unwrap();
    assert!(examples.lines().count() > 5);
    for example in examples.lines() {
        assert_eq!(evaluated(example), "true", "{example}");
    }
}

#[test]
fn what_is_not_true_says_why() {
    for (source, found) in [
        ("claims.level == 4", "false"),
        ("claims.level == '3'", "false"),
        ("claims.absent == 1", "No such key: absent"),
        (
            "claims.level",
            "a value of type int, neither true nor false",
        ),
        (
            "claims.roles",
            "a value of type list, neither true nor false",
        ),
        ("claims.roles[7] == 'x'", "Index out of bounds: Int(7)"),
        ("claims.level / 0 == 1", "Division by zero of Int(3)"),
        (
            "claims.level.matches('3')",
            "found no matching overload for 'matches' applied to 'int.(pattern)'",
        ),
    ] {
        assert_eq!(evaluated(source), found, "{source}");
    }
}

#[test]
fn what_must_not_be_written() {
    use ConditionError as E;
    let unknown = |name: &str| E::UnknownName(name.to_owned());
    let no_function = |name: &str| E::UnknownFunction(name.to_owned());
    for (source, expected) in [
        ("claim.sub == 'a'", unknown("claim")),
        ("sub == 'a'", unknown("sub")),
        ("request == null", unknown("request")),
        ("request.url == ''", unknown("request.url")),
        ("has(request.path)", unknown("request.path")),
        ("request['path'] == ''", unknown("request")),
        (".claims.sub == 'a'", unknown(".claims")),
        ("[1].exists(x, x == 1) || x == 1", unknown("x")),
        ("Timestamp{seconds: 1} == now", unknown("Timestamp")),
        ("strings.quote('a') == 'a'", no_function("quote")),
        ("claims.sub.length() == 1", no_function("length")),
        ("'%s'.format([claims.sub]) == ''", no_function("format")),
        ("optional.of(1).hasValue()", no_function("hasValue")),
        (
            "claims.all(x, true) && claims.roles.all(x, true)",
            E::TwoLoops,
        ),
        (
            "claims.roles.all(x, claims.roles.exists(y, x == y))",
            E::TwoLoops,
        ),
        ("claims.roles.map(x, x).exists(y, true)", E::TwoLoops),
        (
            "claims.roles.all(claims, true)",
            E::NameTaken("claims".to_owned()),
        ),
        ("claims.sub.matches(claims.email)", E::PatternNotLiteral),
        ("claims.sub.matches('a' + 'b')", E::PatternNotLiteral),
        ("claims.sub.matches()", E::PatternNotLiteral),
        (
            "claims.sub.replace('a', claims.email) == ''",
            E::PutInNotLiteral,
        ),
        ("claims.roles.join(claims.email) == ''", E::PutInNotLiteral),
        ("join(claims.roles, claims.email) == ''", E::PutInNotLiteral),
    ] {
        assert_eq!(refused(source), expected, "{source}");
    }
    for source in [
        "",
        " ",
        "claims.sub ==",
        "a b",
        "'a",
        "claims.?sub == 'a'",
        "1 +* 2",
        "\u{0}",
        "claims.roles.all(1, true)",
    ] {
        assert!(matches!(refused(source), E::Malformed { .. }), "{source}");
    }
    for pattern in ["(", "(?=a)", "a{1000}{1000}", r"\\p{x}"] {
        let source = format!("claims.sub.matches('{pattern}')");
        assert!(matches!(refused(&source), E::Pattern { .. }), "{source}");
    }
}

#[test]
fn a_condition_can_be_true_or_false() {
    for source in [
        "'true'",
        "null",
        "1",
        "claims",
        "now",
        "int",
        "request.path",
        "claims.tenant + 1",
        "-claims.level",
        "claims.roles.size()",
        "claims.roles.map(x, x == 'a')",
        "claims.roles.filter(x, true)",
        "claims.roles.all(x, x + 1)",
        "[true]",
        "{true: true}",
        "string(claims.admin)",
        "dyn('a')",
        "claims.admin && claims.level + 1",
        "claims.admin || 'a'",
        "!claims.sub.size()",
        "claims.sub ? true : 'a'",
        "claims.level + 1 ? true : false",
    ] {
        assert_eq!(refused(source), ConditionError::NotBoolean, "{source}");
    }
    for source in [
        "claims.admin",
        "claims['admin']",
        "claims.roles[0]",
        "has(claims.a)",
        "bool(claims.a)",
        "dyn(claims.a)",
        "!claims.a",
        "claims.a ? claims.b : false",
        "claims.roles.all(x, x)",
        "claims.roles.exists_one(x, x == 1)",
        "[[true]][0][0]",
    ] {
        assert!(Condition::parse(source, false).is_ok(), "{source}");
    }
}

#[test]
fn what_it_reads_of_the_request_is_known() {
    for (source, expected) in [
        ("claims.request == 'request.path'", false),
        ("request.host == ''", true),
        ("claims.roles.exists(x, x == request.path)", true),
        ("true || request.method == ''", true),
    ] {
        assert_eq!(
            Condition::parse(source, false).unwrap().reads_request(),
            expected,
            "{source}"
        );
    }
    let reads = Condition::parse("request.host == ''", false).unwrap().reads;
    assert_eq!(
        reads,
        Reads {
            host: true,
            ..Reads::default()
        }
    );
}

#[test]
fn a_part_that_is_not_known_decides_nothing() {
    let alice = alice();
    let judged = |source, allow_path_parameters, uri: &'static str| {
        let request = request(OriginalRequest {
            uri: Field::Once(uri.as_bytes()),
            ..UNDESCRIBED
        });
        let facts = Facts {
            principal: &alice,
            user: None,
            request: &request,
            now: NOW,
        };
        let condition = Condition::parse(source, allow_path_parameters).unwrap();
        condition.check(&facts).map_err(|denial| denial.code())
    };
    assert_eq!(judged("request.path == '/a'", false, "/a"), Ok(()));
    assert_eq!(judged("request.path == '/a'", true, "/a;b"), Ok(()));
    assert_eq!(
        judged("request.path == '/a'", false, "/a;b"),
        Err("forwarded_headers_ambiguous")
    );
    assert_eq!(
        judged("request.path != '/a'", true, "/a/../b"),
        Err("forwarded_headers_ambiguous")
    );
    assert_eq!(
        judged("true || request.host == ''", true, "/"),
        Err("forwarded_headers_missing")
    );
}

#[test]
fn a_long_text_of_the_request_is_not_read() {
    let alice = alice();
    let judged = |source, method: &str, uri: &str| {
        let field = |text: &'static str| Field::Once(text.as_bytes());
        let (method, uri) = (Field::Once(method.as_bytes()), Field::Once(uri.as_bytes()));
        let request = request(OriginalRequest {
            method,
            host: field("a.example"),
            uri,
        });
        let facts = Facts {
            principal: &alice,
            user: None,
            request: &request,
            now: NOW,
        };
        Condition::parse(source, false)
            .unwrap()
            .check(&facts)
            .map_err(|denial| denial.code())
    };
    // Decoded, as it is read.
    let path = |length: usize| format!("/{}?{}", "%61".repeat(length - 1), "b".repeat(10_000));
    for source in [
        "request.path.startsWith('/a')",
        "true || request.path == ''",
        "!(request.path == '')",
    ] {
        assert_eq!(judged(source, "GET", &path(8192)), Ok(()), "{source}");
        assert_eq!(
            judged(source, "GET", &path(8193)),
            Err("policy_denied"),
            "{source}"
        );
    }
    assert_eq!(
        judged("request.host == 'a.example'", "GET", &path(8193)),
        Ok(()),
        "it reads something else"
    );
    assert_eq!(
        judged("request.method != 'GET'", &"A".repeat(8192), "/"),
        Ok(())
    );
    assert_eq!(
        judged("request.method != 'GET'", &"A".repeat(8193), "/"),
        Err("policy_denied")
    );
}

/// The stack of a worker.
const WORKER_STACK_BYTES: usize = 2 << 20;

/// Reads and evaluates with the stack of a worker.
fn on_a_worker(source: String) -> Result<String, ConditionError> {
    let run = move || {
        Condition::parse(&source, false)?;
        Ok(evaluated(&source))
    };
    std::thread::Builder::new()
        .stack_size(WORKER_STACK_BYTES)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn no_expression_takes_the_stack() {
    for (deep, is_read) in [
        ("!".repeat(17) + "true", false),
        ("!".repeat(16) + "true", true),
        ("-".repeat(2000) + "1 == 1", false),
        ("1".to_owned() + &"+1".repeat(1000), false),
        ("1".to_owned() + &"+1".repeat(60) + "==61", true),
        ("true".to_owned() + &"&&true".repeat(300), true),
        ("claims".to_owned() + &".a".repeat(1000), false),
        ("claims".to_owned() + &"[0]".repeat(600), false),
        ("claims".to_owned() + &".size()".repeat(280), false),
        ("true?true:".repeat(180) + "true", false),
        ("true?true:".repeat(17) + "true", false),
        ("true?true:".repeat(16) + "true", true),
        ("1".to_owned() + &"<1".repeat(1000), false),
        ("(".repeat(16) + "true" + &")".repeat(16), true),
        ("[".repeat(16) + "true" + &"]".repeat(16) + " == 1", true),
        ("!(".repeat(8) + "true" + &")".repeat(8), true),
        (
            "claims.roles.all(x, ".to_owned() + &"(".repeat(15) + "true" + &")".repeat(16),
            true,
        ),
    ] {
        let told = on_a_worker(deep.clone());
        assert_eq!(told.is_ok(), is_read, "{deep} {told:?}");
    }
}

/// One loop of these took 900 MB and a second for a token of 12 KB.
#[test]
fn no_loop_makes_a_text_of_the_claims_in_each_round() {
    let many = |part: &str, separator: &str, count| vec![part; count].join(separator);
    for source in [
        format!(
            "claims.l.map(x, {}).size() > 0",
            many(&format!("({})", many("claims.t", "+", 9)), "+", 10)
        ),
        "claims.l.map(x, claims.t).size() > 0".to_owned(),
        "claims.l.map(x, [claims.t]).size() > 0".to_owned(),
        "claims.l.map(x, {x: claims.t}).size() > 0".to_owned(),
        "claims.l.map(x, x == '' ? claims.t : x).size() > 0".to_owned(),
        "claims.l.map(x, claims.l).size() > 0".to_owned(),
        "claims.l.map(x, request.path).size() > 0".to_owned(),
        "claims.l.map(x, claims.t.upperAscii()).size() > 0".to_owned(),
        "claims.l.exists(x, claims.t.split('').size() > 9)".to_owned(),
        "claims.l.exists(x, request.path.replace('', 'a') == x)".to_owned(),
        "claims.l.exists(x, x + claims.t == 'a')".to_owned(),
        "claims.l.exists(x, x in [claims.t])".to_owned(),
        "claims.t.split('').exists(x, x + claims.l == x)".to_owned(),
        format!("claims.l.map(x, [{}]).size() > 0", many("1", ",", 200)),
        format!(
            "claims.l.exists(x, x.replace('', '{0}').replace('', '{0}') == x)",
            many("a", "", 200)
        ),
        format!(
            "claims.t.replace('', '{0}').replace('', '{0}').size() > 0",
            many("a", "", 100)
        ),
        format!(
            "''.replace('', '{0}').replace('', '{0}').replace('', '{0}').size() > 0",
            many("a", "", 600)
        ),
        format!(
            "claims.t.split('').join('{0}').split('').join('{0}').size() > 0",
            many("a", "", 100)
        ),
        format!("size([{}]) > 0", many("claims.t.split('')", ",", 60)),
        format!("size({}) > 0", many("claims.l", "+", 60)),
    ] {
        assert_eq!(refused(&source), ConditionError::GrowsTooMuch, "{source}");
    }
}

#[test]
fn what_is_made_is_not_much_more_than_what_is_read() {
    let read = json!({"l": vec!["a"; 2000], "t": "b".repeat(4000)})
        .to_string()
        .len();
    let large = principal(&json!({"l": vec!["a"; 2000], "t": "b".repeat(4000)}));
    let request = request(UNDESCRIBED);
    let facts = Facts {
        principal: &large,
        user: None,
        request: &request,
        now: NOW,
    };
    for source in [
        "claims.l.map(x, x)".to_owned(),
        "claims.l.map(x, [x, x, 1, 'a'])".to_owned(),
        "claims.l.map(x, x + ':admin')".to_owned(),
        "claims.l.map(x, x.upperAscii() + x.trim()).join(', ')".to_owned(),
        "claims.l.filter(x, x == claims.t || x in claims.l || !claims.t.startsWith(x))".to_owned(),
        "claims.t.split('').map(x, x.replace('', 'aaaaaaaaaa'))".to_owned(),
        "claims.t.split('').join('aaaaaaaaaa')".to_owned(),
        format!("claims.t.replace('', '{}')", "a".repeat(1900)),
        ["claims.t"; 7].join("+"),
        "'' + ".to_owned() + &["claims.t"; 60].join("+"),
    ] {
        let compared = format!("{source} == null");
        let condition =
            Condition::parse(&compared, false).unwrap_or_else(|error| panic!("{source}: {error}"));
        let Expr::Call(comparison) = &condition.expression.expr else {
            panic!("{source}: no comparison");
        };
        let variables = Variables::of(
            &facts,
            condition.reads,
            condition.allow_path_parameters,
            &condition.patterns,
        )
        .unwrap();
        let mut context = Context::with_env(ENVIRONMENT.clone());
        context.set_variable_resolver(&variables);
        let made = bytes_of(&context.resolve(&comparison.args[0]).unwrap());
        assert!(made <= 2048 * read, "{source}: {made} of {read}");
    }
}

/// Returns the bytes as they are counted: a text by its length, an element by what it takes
/// besides.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(list) => list.iter().map(|element| 64 + bytes_of(element)).sum(),
        _ => 8,
    }
}

fn parts() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(
        &[
            "claims",
            ".",
            "sub",
            "roles",
            "request",
            "path",
            "now",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "'a'",
            "\"",
            "'",
            "\\",
            "1",
            "1u",
            "1.5",
            "-",
            "!",
            "+",
            "*",
            "/",
            "%",
            "==",
            "<",
            "&&",
            "||",
            "?",
            ":",
            ",",
            " in ",
            "matches",
            "replace",
            "exists",
            "all",
            "map",
            "x",
            "has",
            "size",
            "split",
            "timestamp",
            "duration",
            "int",
            "true",
            "null",
            "r'",
            "b'a'",
            "//",
            "\n",
            "é",
        ][..],
    );
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_expression_gets_an_answer(source in parts()) {
        let _ = on_a_worker(source);
    }

    #[test]
    fn any_text_gets_an_answer(source in any::<String>()) {
        let _ = on_a_worker(source);
    }
}
