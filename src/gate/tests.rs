use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::authenticators::tests::{NOW, OneField, authenticators, ready, rules};
use crate::domain::ClaimPath;
use crate::platform::StoppedClock;
use crate::policy::{
    AcceptedSources, ClaimEncoding, ClaimHeader, ClaimHeaders, ClaimRequirement, ClaimRule,
    ClaimValue, Condition, HeaderOrigin, Requirement, UserRow, UserRule,
};

fn gate() -> Gate {
    Gate {
        clock: Arc::new(StoppedClock(NOW.date)),
        policy: Policy::new(rules(), None),
        authenticators: authenticators(AcceptedSources::OfRoute),
        directory: Directory::Off,
        limiter: None,
    }
}

/// Each request on its way holds one of these: what only a fresh token needs is in a box.
#[test]
fn the_future_of_a_decision_is_small() {
    let (gate, fields) = (gate(), OneField::authorization());
    let (request, mut record) = (fields.request(), DecisionRecord::default());
    let future = gate.decide(&request, &mut record);
    let size = size_of_val(&future);
    assert!(size <= 352, "{size} bytes");
    assert!(ready(future).is_ok());
}

/// tonic spawns decisions on any thread. This compiles or it does not.
#[test]
fn a_decision_can_be_sent_to_another_thread() {
    fn assert_send(_: &impl Send) {}
    let (gate, fields) = (gate(), OneField::authorization());
    let (request, mut record) = (fields.request(), DecisionRecord::default());
    assert_send(&gate.decide(&request, &mut record));
    assert_send(&gate.explain(&request, false));
}

fn header(origin: HeaderOrigin, path: &str, header: &str) -> ClaimHeader {
    ClaimHeader {
        origin,
        claim: ClaimPath::parse(path).unwrap(),
        header: header.to_owned(),
        separator: ",".to_owned(),
        encoding: ClaimEncoding::Percent,
    }
}

/// Headers of a column and a claim, in this order, of at most so many bytes.
fn claim_headers(max_bytes: usize) -> ClaimHeaders {
    let role = header(HeaderOrigin::User, "role", "X-Role");
    let subject = header(HeaderOrigin::Token, "sub", "X-Sub");
    let list = vec![role, subject, header(HeaderOrigin::User, "tags", "X-Tags")];
    ClaimHeaders::new(list, max_bytes)
}

/// A gate with these rows, and with these changes to the rules.
fn gate_of(rows: &[(&'static str, serde_json::Value)], change: impl FnOnce(&mut Rules)) -> Gate {
    let row = |row: &serde_json::Value| UserRow::from_json_object(row.to_string()).unwrap();
    let rows = rows
        .iter()
        .map(|(sub, columns)| (*sub, Arc::new(row(columns))));
    let mut rules = rules();
    change(&mut rules);
    let mut authenticators = authenticators(AcceptedSources::OfRoute);
    authenticators.claim_headers = claim_headers(3072);
    Gate {
        policy: Policy::new(rules, None),
        authenticators,
        directory: Directory::Rows(rows.collect::<HashMap<_, _>>()),
        ..gate()
    }
}

/// The headers of a permit, or the code of a denial, for a token of this subject.
fn answer(gate: &Gate, subject: &str) -> Result<Vec<String>, &'static str> {
    let fields = OneField::of_subject(subject);
    let mut record = DecisionRecord::default();
    let decision = ready(gate.decide(&fields.request(), &mut record));
    let permit = decision.map_err(|denial| denial.code())?;
    let names = gate.authenticators.claim_headers.names();
    let headers = names.zip(permit.claim_values()).map(|(name, value)| {
        let value = value.map_or("", |value| std::str::from_utf8(value).unwrap());
        format!("{name}: {value}")
    });
    Ok(headers.collect())
}

fn alice() -> (&'static str, serde_json::Value) {
    ("alice", json!({"role": "admin", "tags": ["a", "b,c"]}))
}

#[test]
fn columns_become_headers_behind_those_of_claims() {
    let gate = gate_of(&[alice(), ("bob", json!({}))], |_| {});
    for _ in 0..2 {
        assert_eq!(
            answer(&gate, "alice").unwrap(),
            ["X-Sub: alice", "X-Role: admin", "X-Tags: a,b%2Cc"]
        );
    }
    assert_eq!(
        answer(&gate, "bob").unwrap(),
        ["X-Sub: bob", "X-Role: ", "X-Tags: "]
    );
    assert_eq!(answer(&gate, "carol"), Err("subject_unknown"));
}

#[test]
fn a_route_without_directory_has_empty_headers_of_columns() {
    let gate = gate_of(&[alice()], |rules| rules.user = UserRule::Ignored);
    let empty = ["X-Sub: alice", "X-Role: ", "X-Tags: "];
    assert_eq!(answer(&gate, "alice").unwrap(), empty);
}

#[test]
fn a_user_who_is_required_is_not_passed_over_without_a_directory() {
    for (user, expected) in [
        (UserRule::Ignored, None),
        (UserRule::LookedUp, None),
        (UserRule::Required, Some("dependency_unavailable")),
    ] {
        let gate = Gate {
            directory: Directory::Off,
            ..gate_of(&[alice()], |rules| rules.user = user)
        };
        assert_eq!(answer(&gate, "alice").err(), expected, "{user:?}");
    }
}

#[test]
fn claims_and_columns_share_one_budget() {
    // X-Sub: alice, X-Role: admin, X-Tags: a,b%2Cc, with CR LF.
    let needed = 5 + 4 + 5 + 6 + 4 + 5 + 6 + 4 + 7;
    for (most, expected) in [
        (needed, None),
        (needed - 1, Some("claim_headers_too_large")),
    ] {
        let mut gate = gate_of(&[alice()], |_| {});
        gate.authenticators.claim_headers = claim_headers(most);
        assert_eq!(answer(&gate, "alice").err(), expected, "{most}");
    }
    // Names of headers without value count as well.
    let mut gate = gate_of(&[("bob", json!({}))], |_| {});
    gate.authenticators.claim_headers = claim_headers(5 + 4 + 3 + 6 + 4 + 6 + 4);
    assert!(answer(&gate, "bob").is_ok());
    gate.authenticators.claim_headers = claim_headers(5 + 4 + 3 + 6 + 4 + 6 + 3);
    let again = gate_of(&[("bob", json!({}))], |_| {});
    gate.authenticators.cache = again.authenticators.cache;
    assert_eq!(answer(&gate, "bob"), Err("claim_headers_too_large"));
}

#[test]
fn a_column_that_no_header_can_hold_is_not_the_clients_fault() {
    let gate = gate_of(&[("alice", json!({"role": {"x": 1}, "tags": 1}))], |_| {});
    assert!(answer(&gate, "alice").is_ok());
    let row = UserRow::from_json_object(r#"{"role": 1e99999}"#.to_owned());
    assert!(row.is_err());
    let row = r#"{"role": 0.1000000000000000055511151231257827}"#.to_owned();
    let row = Arc::new(UserRow::from_json_object(row).unwrap());
    let gate = Gate {
        directory: Directory::Rows([("alice", row)].into()),
        ..gate
    };
    let fresh = gate_of(&[], |_| {}).authenticators.cache;
    let mut gate = gate;
    gate.authenticators.cache = fresh;
    assert_eq!(answer(&gate, "alice"), Err("dependency_unavailable"));
}

#[test]
fn requirements_read_columns() {
    let role = |value: &str| {
        Requirement::User(ClaimRequirement {
            claim: ClaimPath::parse("role").unwrap(),
            rule: ClaimRule::Equals(ClaimValue::text(value)),
        })
    };
    let when = |source: &str| Requirement::Condition(Condition::parse(source, false).unwrap());
    for (requirement, alice_may, bob_may) in [
        (role("admin"), true, false),
        (role("reader"), false, false),
        (
            when("user.role == 'admin' && claims.sub == 'alice'"),
            true,
            false,
        ),
        (when("!has(user.role)"), false, true),
        (when("'b,c' in user.tags"), true, false),
        (when("size(user) == 0"), false, true),
        (when("user.role == claims.sub"), false, false),
    ] {
        let name = requirement.to_string();
        assert!(requirement.reads_user(), "{name}");
        let gate = gate_of(&[alice(), ("bob", json!({}))], |rules| {
            rules.requirements = [requirement].into();
        });
        let may = |subject| match answer(&gate, subject) {
            Ok(_) => true,
            Err(code) => {
                assert_eq!(code, "policy_denied", "{name}");
                false
            }
        };
        assert_eq!((may("alice"), may("bob")), (alice_may, bob_may), "{name}");
    }
}

#[test]
fn without_a_row_user_is_empty() {
    let gate = gate_of(&[alice()], |rules| {
        rules.user = UserRule::Ignored;
        let condition = Condition::parse("!has(user.role) && size(user) == 0", false).unwrap();
        rules.requirements = [Requirement::Condition(condition)].into();
    });
    assert!(answer(&gate, "alice").is_ok());
}

#[test]
fn a_row_that_outlives_a_configuration_is_rendered_anew() {
    let mut gate = gate_of(&[alice()], |_| {});
    answer(&gate, "alice").unwrap();
    let role = header(HeaderOrigin::User, "tags", "X-Labels");
    gate.authenticators.claim_headers = ClaimHeaders::new(vec![role], 3072);
    gate.authenticators.cache = gate_of(&[], |_| {}).authenticators.cache;
    for _ in 0..2 {
        assert_eq!(answer(&gate, "alice").unwrap(), ["X-Labels: a,b%2Cc"]);
    }
}

#[test]
fn a_transcript_marks_what_is_out_of_the_row() {
    let gate = gate_of(&[alice()], |rules| {
        let condition = Condition::parse("user.role == 'admin'", false).unwrap();
        rules.requirements = [Requirement::Condition(condition)].into();
    });
    let fields = OneField::of_subject("alice");
    let transcript = ready(gate.explain(&fields.request(), false));
    let shown = |transcript: &Transcript| {
        let stages = transcript.stages.iter();
        let stages = stages.map(|step| format!("{}: {}", step.stage, step.found));
        stages
            .skip_while(|step| !step.starts_with("requirement"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&transcript),
        [
            "requirement: true",
            "claim headers: X-Sub: alice",
            "user headers: X-Role: admin; X-Tags: a,b%2Cc"
        ]
    );
    let hidden = "out of the user's row, which only loopback or the token may see";
    assert_eq!(
        shown(&transcript.without_rows()),
        [
            format!("requirement: {hidden}"),
            "claim headers: X-Sub: alice".to_owned(),
            format!("user headers: {hidden}")
        ]
    );
}
