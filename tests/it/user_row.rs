//! The user's row in headers, requirements and conditions.

use serde_json::json;

use crate::support::{GateBuilder, TestDatabase, TestGate, TestIssuer};

/// A directory whose rows have columns of several types.
fn users() -> TestDatabase {
    let database = TestDatabase::sqlite();
    database.run(
        "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, role TEXT, level INTEGER, note TEXT);
         INSERT INTO users VALUES ('alice', 'alice@example.com', 'admin', 3, 'Özil' || char(10) || 'X-Auth-Subject: root');
         INSERT INTO users VALUES ('bob', NULL, 'reader', 1, '');",
    );
    database
}

/// The service with this file and directory.
fn gate(idp: &TestIssuer, database: &TestDatabase, file: &str) -> GateBuilder {
    TestGate::new()
        .trusting(idp)
        .file(format!("proxy: traefik\n{file}"))
        .set("DIRECTORY_URL", &database.url)
        .set("DIRECTORY_QUERY", "SELECT * FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        // A slow machine is no reason for a 503.
        .set("DIRECTORY_TIMEOUT", "10s")
        .set("DEPENDENCY_WAIT", "20s")
}

/// The verdict on this subject's request for a path, with the headers of these names.
fn seen(
    gate: &TestGate,
    idp: &TestIssuer,
    (subject, path): (&str, &str),
    names: &[&str],
) -> Vec<String> {
    let request = gate
        .get("/verify/traefik")
        .header("X-Forwarded-Method", "GET")
        .header("X-Forwarded-Host", "app.example")
        .header("X-Forwarded-Uri", path);
    let token = idp.token().subject(subject).sign();
    let answer = request.bearer(&token).send();
    let fields = names
        .iter()
        .map(|name| answer.get(name).unwrap_or("absent").to_owned());
    std::iter::once(answer.verdict()).chain(fields).collect()
}

#[test]
fn columns_become_headers_in_the_file_and_in_the_environment() {
    let (idp, database) = (TestIssuer::new(), users());
    let names = ["x-role", "x-sub", "x-note", "x-row"];
    let by_file = gate(
        &idp,
        &database,
        "claim_headers:
  - {user: role, header: X-Role}
  - {claim: sub, header: X-Sub}
  - {user: note, header: X-Note}
  - {user: $, header: X-Row, encoding: base64url}
",
    )
    .spawn();
    let alice = seen(&by_file, &idp, ("alice", "/"), &names);
    let note = "%C3%96zil%0AX-Auth-Subject: root";
    assert_eq!(alice[..4], ["200", "admin", "alice", note]);
    let row = doorward::jose::decode_base64url(&alice[4]).unwrap();
    let row: serde_json::Value = serde_json::from_slice(&row).unwrap();
    assert_eq!(
        (&row["id"], &row["level"], &row["email"]),
        (&json!("alice"), &json!(3), &json!("alice@example.com"))
    );

    let by_variable = gate(&idp, &database, "")
        .set(
            "CLAIM_HEADERS",
            "user:email=X-Email, \"user:email\"=X-Claim, user:level=X-Level, sub=X-Sub",
        )
        .spawn();
    let names = ["x-email", "x-claim", "x-level", "x-sub"];
    for _ in 0..2 {
        assert_eq!(
            seen(&by_variable, &idp, ("alice", "/"), &names),
            ["200", "alice@example.com", "", "3", "alice"]
        );
        // NULL is absent, and the header is there for the proxy to copy.
        assert_eq!(
            seen(&by_variable, &idp, ("bob", "/"), &names),
            ["200", "", "", "1", "bob"]
        );
    }
    assert_eq!(
        seen(&by_variable, &idp, ("carol", "/"), &[]),
        ["401 subject_unknown"]
    );
}

#[test]
fn routes_read_the_row_or_do_without() {
    let (idp, database) = (TestIssuer::new(), users());
    let gate = gate(
        &idp,
        &database,
        "claim_headers: [{claim: sub, header: X-Sub}, {user: role, header: X-Role}]
routes:
  - {name: a, match: {path: /rule}, require: {user: [{column: role, equals: admin}, {column: level, one_of: [2, 3]}]}}
  - {name: b, match: {path: /when}, require: {when: 'user.level > 2 && user.role == \"admin\" && user.id == claims.sub'}}
  - {name: c, match: {path: /absent}, require: {when: '!has(user.email)'}}
  - {name: d, match: {path: /without}, directory: false}
  - {name: e, match: {path: /open}, access: optional}
  - {name: f, match: {path: /trial}, report_only: true}
",
    )
    .spawn();
    let names = ["x-sub", "x-role"];
    for (subject, path, expected) in [
        ("alice", "/rule", ["200", "alice", "admin"]),
        ("bob", "/rule", ["403 policy_denied", "absent", "absent"]),
        ("alice", "/when", ["200", "alice", "admin"]),
        ("bob", "/when", ["403 policy_denied", "absent", "absent"]),
        (
            "alice",
            "/absent",
            ["403 policy_denied", "absent", "absent"],
        ),
        ("bob", "/absent", ["200", "bob", "reader"]),
        (
            "carol",
            "/absent",
            ["401 subject_unknown", "absent", "absent"],
        ),
        ("alice", "/without", ["200", "alice", ""]),
        ("carol", "/without", ["200", "carol", ""]),
        ("bob", "/open", ["200", "bob", "reader"]),
        (
            "carol",
            "/open",
            ["401 subject_unknown", "absent", "absent"],
        ),
        ("carol", "/trial", ["200", "", ""]),
    ] {
        assert_eq!(
            seen(&gate, &idp, (subject, path), &names),
            expected,
            "{subject} {path}"
        );
    }
}

/// Subject 42 of a second issuer is not row 42.
#[test]
fn subjects_of_other_issuers_have_no_row() {
    let (idp, other, database) = (
        TestIssuer::new(),
        TestIssuer::new().named("https://other.example"),
        users(),
    );
    let jwks = [&idp, &other].map(TestIssuer::jwks);
    let file = format!(
        "proxy: traefik
directory_issuers: [main]
claim_headers: [{{claim: sub, header: X-Sub}}, {{user: role, header: X-Role}}]
issuers:
  - {{name: main, issuer: '{}', audience: [api], jwks: '{}'}}
  - {{name: other, issuer: '{}', audience: [api], jwks: '{}'}}
routes:
  - {{name: a, match: {{path: /any}}}}
  - {{name: b, match: {{path: /strict}}, directory: true}}
  - {{name: c, match: {{path: /rule}}, require: {{user: [{{column: role, exists: true}}]}}}}
",
        idp.url(),
        jwks[0],
        other.url(),
        jwks[1]
    );
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file)
        .set("DIRECTORY_URL", &database.url)
        .set("DIRECTORY_QUERY", "SELECT * FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "10s")
        .set("DEPENDENCY_WAIT", "20s")
        .spawn();
    let names = ["x-sub", "x-role"];
    for path in ["/any", "/strict", "/rule"] {
        assert_eq!(
            seen(&gate, &idp, ("alice", path), &names),
            ["200", "alice", "admin"],
            "{path}"
        );
    }
    assert_eq!(
        seen(&gate, &other, ("alice", "/any"), &names),
        ["200", "alice", ""]
    );
    for path in ["/strict", "/rule"] {
        assert_eq!(
            seen(&gate, &other, ("alice", path), &[]),
            ["401 subject_unknown"],
            "{path}"
        );
    }
}

#[test]
fn claims_and_columns_share_the_room_for_headers() {
    let (idp, database) = (TestIssuer::new(), users());
    database.run("UPDATE users SET note = printf('%.300c', 'x') WHERE id = 'alice'");
    let gate = gate(
        &idp,
        &database,
        "claim_headers: [{claim: sub, header: X-Sub}, {user: note, header: X-Note}]\n",
    )
    .set("CLAIM_HEADERS_MAX_BYTES", "320")
    .spawn();
    // X-Sub: bob and X-Note: with their ends take 22 bytes.
    assert_eq!(seen(&gate, &idp, ("bob", "/"), &["x-note"]), ["200", ""]);
    assert_eq!(
        seen(&gate, &idp, ("alice", "/"), &[]),
        ["403 claim_headers_too_large"]
    );
    database.run("UPDATE users SET note = printf('%.296c', 'x') WHERE id = 'alice'");
    gate.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(seen(&gate, &idp, ("alice", "/"), &["x-note"])[1].len(), 296);
}

#[test]
fn problems_are_reported_at_once() {
    let told = |file: &str, with_directory: bool| {
        let gate = TestGate::new().file(format!(
            "proxy: traefik\nissuer: https://idp.example\naudience: [api]\n{file}"
        ));
        let gate = if with_directory {
            gate.set("DIRECTORY_URL", "postgres://u@127.0.0.1/users")
                .set("DIRECTORY_QUERY", "SELECT role FROM users WHERE id = $1")
        } else {
            gate
        };
        gate.configuration().map(drop).unwrap_err()
    };
    let file = "claim_headers:
  - {user: role, header: X-Role}
  - {claim: sub, header: X-Sub}
  - {claim: a, user: b, header: X-Both}
  - {header: X-None}
routes:
  - {name: a, match: {}, directory: false, require: {user: [{column: role, equals: x}]}}
  - {name: b, match: {}, directory: false, require: {when: 'user.role == \"x\"'}}
  - {name: c, match: {}, require: {user: [{column: role}, {equals: 1}, {column: $, exists: true}]}}
  - {name: d, match: {}, access: anonymous, directory: false}
  - {name: e, match: {}, require: {when: 'claims.a.exists(user, user == 1)'}}
";
    insta::assert_snapshot!(told(file, true), @r#"
    doorward.yaml:7:16: claim_headers[2].user: beside a claim, of which the header is made already (write one of claim and user)
    doorward.yaml:8:5: claim_headers[3].claim: missing (name a claim, such as sub or realm_access.roles)
    doorward.yaml:10:54: routes[0].require.user: reads the user's row, which this route does without (leave out directory: false, or read a claim)
    doorward.yaml:11:54: routes[1].require.when: reads the user's row, which this route does without (leave out directory: false, or read a claim)
    doorward.yaml:12:44: routes[2].require.user[0].column: not one rule for the column (write exactly one of exists, equals, one_of, contains and matches)
    doorward.yaml:12:59: routes[2].require.user[1].column: missing (name a column, such as role)
    doorward.yaml:12:73: routes[2].require.user[2].column: `$` is all columns, of which no rule speaks (name a column)
    doorward.yaml:13:45: routes[3].directory: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:14:36: routes[4].require.when: "user" as the name of a loop's variable (choose another name)
    "#);
    let file = "claim_headers:
  - {user: role, header: X-Role}
  - {claim: sub, header: X-Sub}
routes:
  - {name: a, match: {}, require: {user: [{column: role, equals: x}]}}
  - {name: b, match: {}, require: {when: 'user.role == \"x\"'}}
  - {name: c, match: {}, directory: true}
  - {name: d, match: {}, directory: false}
";
    insta::assert_snapshot!(told(file, false), @"
    doorward.yaml:5:5: claim_headers[0]: X-Role reads the user's row, and there is no directory (set directory_url and directory_query, or read a claim)
    doorward.yaml:8:36: routes[0].require.user: reads the user's row, and there is no directory (set directory_url and directory_query, or read a claim)
    doorward.yaml:9:36: routes[1].require.when: reads the user's row, and there is no directory (set directory_url and directory_query, or read a claim)
    doorward.yaml:10:26: routes[2].directory: there is no directory (set directory_url and directory_query, or read a claim)
    ");
    let by_variable = TestGate::new()
        .trusting(&TestIssuer::new())
        .set("CLAIM_HEADERS", "user:role=X-Role,sub=X-Sub")
        .configuration();
    insta::assert_snapshot!(by_variable.map(drop).unwrap_err(), @"DOORWARD_CLAIM_HEADERS: X-Role reads the user's row, and there is no directory (set DOORWARD_DIRECTORY_URL and DOORWARD_DIRECTORY_QUERY, or read a claim)");
}
