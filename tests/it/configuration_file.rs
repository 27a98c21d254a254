//! The configuration file: what it says, who wins over it, and what operators are told when it is
//! wrong.

use crate::support::{GateBuilder, TestGate, TestIssuer};

const MINIMAL: &str = "issuer: https://idp.example\naudience: [api]\n";

/// Two issuers with fixed keys, and the file that knows both.
pub fn two_issuers() -> (TestIssuer, TestIssuer, GateBuilder) {
    let (main, legacy) = (
        TestIssuer::new(),
        TestIssuer::new().named("https://legacy.example"),
    );
    legacy.rotate("key-ES256");
    let file = format!(
        "issuers:
  - name: main
    issuer: {}
    jwks: {}
    audience: [api]
    required_scopes: [read]
  - issuer: {}
    jwks: '{}'
    audience: '*'
",
        main.url(),
        main.jwks(),
        legacy.url(),
        legacy.jwks()
    );
    let gate = TestGate::new().by_time_of(&main).file(file);
    (main, legacy, gate)
}

#[test]
fn each_issuer_has_its_own_keys_and_rules() {
    let (main, legacy, gate) = two_issuers();
    let gate = gate.spawn();
    assert_eq!(
        gate.verdict(&main.token().claim("scope", "read").sign()),
        "200"
    );
    assert_eq!(gate.verdict(&main.token().sign()), "403 scope_insufficient");
    assert_eq!(
        gate.verdict(&legacy.token().claim("aud", "whatever").sign()),
        "200"
    );
    for name in ["main", "legacy.example"] {
        let series = format!(
            r#"doorward_decisions_total{{issuer="{name}",reason="ok",route="none",verdict="allow"}}"#
        );
        assert!(gate.metric(&series) > 0.5, "{series}");
    }
}

#[test]
fn a_file_says_what_the_environment_can_say() {
    let idp = TestIssuer::new();
    let file = format!(
        "# everything flat
issuer: {}
audience: api            # a list of one
jwks: {}                 # JSON is YAML
leeway: 0s
realm: from file
token_sources: [\"header:X-Token\", bearer]
claim_headers:
  - {{claim: sub, header: X-User}}
  - {{claim: groups, header: X-Groups, separator: \"|\"}}
  - {{claim: $, header: X-Claims, encoding: base64url}}
denials:
  token_missing: {{status: 418, body: {{code: 1, list: [true, null]}}}}
",
        idp.url(),
        idp.jwks()
    );
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file)
        .set("REALM", "from environment")
        .spawn();
    let allowed = gate
        .get("/verify")
        .header(
            "X-Token",
            idp.token().claim("groups", vec!["a", "b|c"]).sign(),
        )
        .send();
    assert_eq!(
        (
            allowed.status,
            allowed.get("x-user"),
            allowed.get("x-groups")
        ),
        (200, Some("alice"), Some("a|b%7Cc"))
    );
    assert!(
        allowed.get("x-claims").unwrap().starts_with("eyJ"),
        "{allowed:?}"
    );
    let denied = gate.get("/verify").send();
    assert_eq!(
        (denied.status, denied.body.as_str()),
        (418, r#"{"code":1,"list":[true,null]}"#)
    );
    let expired = gate.get("/verify").bearer("x").send();
    assert!(
        expired
            .get("www-authenticate")
            .unwrap()
            .contains(r#"realm="from environment""#),
        "{expired:?}"
    );
}

#[test]
fn the_environment_wins_and_a_list_is_replaced_as_a_whole() {
    let read = TestGate::new()
        .file(format!("{MINIMAL}listen: ['127.0.0.1:1', 'unix:/a']\n"))
        .configuration()
        .unwrap();
    assert_eq!(read.server.listen.len(), 1, "as the environment says");
    assert_eq!(
        read.issuers[0].accepted.metadata_name(),
        Some("https://idp.example")
    );
    let read = TestGate::new()
        .file(MINIMAL)
        .set("ISSUER", "https://other.example")
        .configuration()
        .unwrap();
    assert_eq!(
        read.issuers[0].accepted.metadata_name(),
        Some("https://other.example")
    );
}

#[test]
fn what_holds_for_all_issuers_is_said_once() {
    let file = "
jwks_refresh: 1m
issuers:
  - {issuer: 'https://a.example', audience: [api]}
  - {issuer: 'https://b.example', audience: [api], jwks_refresh: 2m}
";
    let read = TestGate::new().file(file).configuration().unwrap();
    let interval = |index: usize| match &read.issuers[index].keys {
        doorward::config::KeySource::Remote(keys) => keys.refresh.interval.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!([interval(0), interval(1)], [60, 120]);
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let page = doorward::config::reference();
    let example = page
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let read = TestGate::new().file(example).configuration().unwrap();
    assert_eq!(
        read.issuers
            .iter()
            .map(|issuer| issuer.name.as_str())
            .collect::<Vec<_>>(),
        ["main", "legacy.example.com"]
    );
}

#[test]
fn what_is_no_file_is_told() {
    let told = each(&[
        "audience: [api\n",
        "- a\n",
        "just text\n",
        "a: 1\na: 2\n",
        "a: !include x\n",
    ]);
    insta::assert_snapshot!(told, @"
    doorward.yaml:1:11: unclosed bracket '[' (see whether a bracket or a quote in front of it is still open, and write a text with special characters in quotes)
    ---
    doorward.yaml:1:1: not a mapping of settings (write name: value, with a blank after the colon)
    ---
    doorward.yaml:1:1: not a mapping of settings (write name: value, with a blank after the colon)
    ---
    doorward.yaml:2:1: duplicate mapping key is not allowed here (keep one of them)
    ---
    doorward.yaml:1:13: unsupported tag (write a text that begins with ! in quotes)
    ");
    let told = each(&["", "# nothing yet\n", "null\n"]);
    insta::assert_snapshot!(told, @"
    doorward.yaml:1:1: is empty (write name: value, or leave the file out)
    ---
    doorward.yaml:2:1: is empty (write name: value, or leave the file out)
    ---
    doorward.yaml:1:1: not a mapping of settings (write name: value, with a blank after the colon)
    ");
    let missing = doorward::config::Source::new(Some("/nowhere/doorward.yaml".into()), [])
        .read()
        .unwrap_err();
    insta::assert_snapshot!(missing.to_string(), @"/nowhere/doorward.yaml: cannot be read: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)");
}

#[test]
fn problems_are_told_with_their_places() {
    let told = problems(
        "audiense: [api]
leeway: 2h
workers: [1, 2]
token_sources: bearer, cookie:a
require_exp: yes
listen:
  - 127.0.0.1:8080
  - {host: x}
  - '8080'
trusted_proxies: []
hmac_secret: 0123456789
claim_headers:
  - {claim: sub, header: X-A, seperator: ','}
  - {header: X A}
  - {claim: sub, header: X-B, separator: ab, encoding: hex}
  - sub=X-C
denials: {token_missing: {status: 200}, token_mising: {}, '401': {status: 401, bdy: 1}}
issuer:
",
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:1:1: audiense: unknown setting (did you mean audience?)
    doorward.yaml:1:1: audience: missing (set the audiences this API accepts, or "*")
    doorward.yaml:2:1: leeway: "2h" is out of range (from 0s to 1h)
    doorward.yaml:4:1: token_sources: not a list (write [a, b], or a line with - for each)
    doorward.yaml:5:1: require_exp: "yes" is not understood (write true or false)
    doorward.yaml:10:1: trusted_proxies: an empty list (give at least one)
    doorward.yaml:11:1: hmac_secret: 10 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set hmac_secret_encoding: hex)
    doorward.yaml:13:31: claim_headers[0].seperator: unknown setting (did you mean separator?)
    doorward.yaml:14:5: claim_headers[1].claim: missing (name a claim, such as sub or realm_access.roles)
    doorward.yaml:14:6: claim_headers[1].header: "X A" is no header name (use letters, digits, - and _)
    doorward.yaml:15:31: claim_headers[2].separator: "ab" is not understood (write one punctuation character other than %, or a space)
    doorward.yaml:15:46: claim_headers[2].encoding: "hex" is not understood (write one of percent, base64url)
    doorward.yaml:16:5: claim_headers[3]: not a mapping (write name: value)
    doorward.yaml:17:11: denials: token_missing: status 200 would not deny (from 400 to 599)
    doorward.yaml:17:41: denials: "token_mising" is no reason code (did you mean token_missing?)
    doorward.yaml:17:59: denials: 401: unknown field `bdy`, expected `status` or `body` (give {"status": 400, "body": …})
    doorward.yaml:18:1: issuer: no value (write one, or leave the name out; the text is "null", in quotes)
    "#);
}

#[test]
fn each_header_that_stands_twice_is_told() {
    let headers = ["X-A", "X-B", "x_a", "X-C", "X_B"]
        .map(|name| format!("\n  - {{claim: sub, header: {name}}}"));
    insta::assert_snapshot!(problems(&format!("{MINIMAL}claim_headers:{}\n", headers.concat())), @"
    doorward.yaml:6:5: claim_headers[2]: x_a stands twice (one header per claim; names that differ only in case, - and _ are the same)
    doorward.yaml:8:5: claim_headers[4]: X_B stands twice (one header per claim; names that differ only in case, - and _ are the same)
    ");
    let in_environment = TestGate::new()
        .file(MINIMAL)
        .set("CLAIM_HEADERS", "sub=X-A,iss=X_A,aud=X-B,jti=x-b");
    insta::assert_snapshot!(in_environment.configuration().unwrap_err(), @"
    DOORWARD_CLAIM_HEADERS: X_A stands twice (one header per claim; names that differ only in case, - and _ are the same)
    DOORWARD_CLAIM_HEADERS: x-b stands twice (one header per claim; names that differ only in case, - and _ are the same)
    ");
}

#[test]
fn problems_with_several_issuers_are_told() {
    let told = problems(
        "leeway: 30s
audience: [api]
issuers:
  - name: main
    issuer: https://idp.example/a
    token_type: at+jwt
    audience: ['*']
  - name: main
    issuer: https://idp.example/a
    audience: [api]
    listen: 127.0.0.1:1
  - hmac_secret: short
    audiences: [api]
  - text
",
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:1:1: leeway: belongs to one issuer, and there is a list of them (set it in `issuers`)
    doorward.yaml:2:1: audience: belongs to one issuer, and there is a list of them (set it in `issuers`)
    doorward.yaml:7:5: issuers[0].audience: `*` beside token_type: at+jwt, which demands an audience (name the audiences of this API, or set token_type: any)
    doorward.yaml:11:5: issuers[1].listen: unknown setting (`doorward config reference` lists all settings)
    doorward.yaml:12:5: issuers[2].audience: missing (set the audiences this API accepts, or "*")
    doorward.yaml:12:5: issuers[2].hmac_secret: 5 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set hmac_secret_encoding: hex)
    doorward.yaml:13:5: issuers[2].audiences: unknown setting (did you mean audience?)
    doorward.yaml:14:5: issuers[3]: not a mapping (write name: value)
    "#);
    insta::assert_snapshot!(problems("issuers: []\n"), @"doorward.yaml:1:1: issuers: an empty list (give at least one)");
    insta::assert_snapshot!(problems("issuers: {a: 1}\n"), @"doorward.yaml:1:1: issuers: not a list (write [a, b], or a line with - for each)");
    let twins = "issuers:
  - {issuer: 'https://idp.example/a', audience: [api]}
  - {issuer: 'https://idp.example/b', audience: [api]}
  - {issuer: 'https://idp.example/a', name: c, audience: [api]}
";
    insta::assert_snapshot!(problems(twins), @r#"
    doorward.yaml:3:5: issuers[1]: is called "idp.example", as issuers[0] is (give each a name of its own: name: …)
    doorward.yaml:4:5: issuers[2]: takes "https://idp.example/a", as issuers[0] does (give each issuer once)
    "#);
}

#[test]
fn issuers_are_listed_in_the_file_only() {
    let listed = "issuers:\n  - {issuer: 'https://idp.example', audience: [api]}\n";
    let told = |name: &str, value: &str| {
        TestGate::new()
            .file(listed)
            .set(name, value)
            .configuration()
            .unwrap_err()
    };
    insta::assert_snapshot!(told("AUDIENCE", "api"), @"DOORWARD_AUDIENCE: belongs to one issuer, and there is a list of them (set it in `issuers`)");
    insta::assert_snapshot!(told("HMAC_SECRET_FILE", "/run/secret"), @"DOORWARD_HMAC_SECRET_FILE: belongs to one issuer, and there is a list of them (set it in `issuers`)");
    insta::assert_snapshot!(TestGate::new().set("ISSUERS", "https://a.example").configuration().unwrap_err(), @"DOORWARD_ISSUERS: has no form in the environment (write it to a YAML file, and name that by --config or DOORWARD_CONFIG)");
    assert!(
        TestGate::new()
            .file(listed)
            .set("JWKS_REFRESH", "1m")
            .configuration()
            .is_ok(),
        "said once for all"
    );
}

#[test]
fn secrets_are_never_told() {
    let told = each(&[
        "hmac_secret: [s3cr3t]\n",
        "hmac_secret: {s3cr3t: 1}\n",
        "hmac_secret: s3cr3t\nhmac_secret_encoding: hex\n",
        "hmac_secret: \"s3cr3t\n",
        "jwks_headers: [s3cr3t]\n",
    ]);
    assert!(!told.contains("s3cr3t"), "{told}");
}

/// What is told about this file.
fn problems(file: &str) -> String {
    TestGate::new().file(file).configuration().unwrap_err()
}

/// What is told about each of these, a line of dashes between them.
fn each(files: &[&str]) -> String {
    files
        .iter()
        .map(|file| problems(file))
        .collect::<Vec<_>>()
        .join("\n---\n")
}

#[test]
fn a_name_with_nothing_behind_it_is_no_text() {
    for text in [
        "realm: null",
        "realm: ~",
        "realm:",
        "audience: null",
        "audience: [null]",
        "hmac_secret_file: null",
    ] {
        let told = problems(&format!("{text}\n"));
        assert!(
            told.contains(
                ": no value (write one, or leave the name out; the text is \"null\", in quotes)"
            ),
            "{told}"
        );
    }
    for own in [
        "match:",
        "match: {host: null}",
        "match: {path: ~}",
        "match: {methods: [null]}",
        "match: {}, require:",
    ] {
        let told = problems(&format!("proxy: traefik\nroutes: [{{name: a, {own}}}]\n"));
        assert!(told.contains("no value"), "{own}: {told}");
    }
    assert!(!problems("realm: 'null'\n").contains("realm"));
}

#[test]
fn a_secret_of_the_environment_wins_over_one_of_the_file_in_either_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "f".repeat(32)).unwrap();
    let path = path.to_str().unwrap();
    let short = TestGate::new().set("AUDIENCE", "api");
    let gate = short
        .clone()
        .set("HMAC_SECRET", "e".repeat(32))
        .file("hmac_secret_file: /nowhere\n");
    assert!(gate.configuration().is_ok());
    let gate = short
        .clone()
        .set("HMAC_SECRET_FILE", path)
        .file("hmac_secret: short\n");
    assert!(gate.configuration().is_ok());
    let both = format!(
        "hmac_secret: {}\nhmac_secret_file: {path}\n",
        "f".repeat(32)
    );
    assert!(
        short
            .file(both)
            .configuration()
            .unwrap_err()
            .contains("given twice")
    );
}

#[test]
fn no_denial_stands_twice_in_a_text_of_the_environment() {
    for denials in [
        r#"{"token_missing": {"status": 400}, "token_missing": {"status": 401}}"#,
        r#"{"token_missing": {"status": 400, "status": 401}}"#,
        r#"{"*": {"body": {"a": 1, "a": 2}}}"#,
    ] {
        let gate = TestGate::new()
            .set("ISSUER", "https://a.example")
            .set("AUDIENCE", "a")
            .set("DENIALS", denials);
        let told = gate.configuration().map(drop).unwrap_err();
        assert_eq!(
            told,
            "DOORWARD_DENIALS: a member stands twice, or too deep (keep one of them)"
        );
    }
}

#[test]
fn no_issuer_is_called_as_if_there_were_none() {
    let told = problems("issuer: https://a.example\naudience: [a]\nname: none\n");
    insta::assert_snapshot!(told, @"doorward.yaml:3:1: name: in metrics it stands for tokens of no known issuer (choose another name)");
}

/// Checks that need several sections do not hide what comes after them.
#[test]
fn problems_across_sections_are_told_with_all_others() {
    let place = tempfile::tempdir().unwrap();
    let users = place.path().join("htpasswd");
    std::fs::write(&users, "").unwrap();
    let asked = "audience: api, introspection: opaque, introspection_auth: none";
    let issuers = format!(
        "issuers:
- {{issuer: http://127.0.0.1:1/a, introspection_url: http://127.0.0.1:1/i, {asked}}}
- {{name: b, issuer: http://127.0.0.1:1/b, introspection_url: http://127.0.0.1:1/j, {asked}}}
"
    );
    let unclear = "issuers[1]: gets every token that is no JWT, as issuers[0] does";
    let told = problems(&format!(
        "{issuers}routes: [{{name: 'a b', match: {{}}}}]\n"
    ));
    for part in [unclear, "routes[0].name: \"a b\""] {
        assert!(told.contains(part), "{told}");
    }
    let told = problems(&format!("{issuers}htpasswd_file: {}\n", users.display()));
    for part in [unclear, "no request is asked for these passwords"] {
        assert!(told.contains(part), "{told}");
    }
}

/// Editors of Windows write both.
#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let idp = TestIssuer::new();
    // A number is taken as it is written, so its place in the file must be right.
    let text = format!(
        "issuer: {}\r\naudience: 0012\r\nrealm: some\r\njwks: '{}'\r\n",
        idp.url(),
        idp.jwks()
    );
    for text in [text.clone(), format!("\u{feff}{text}")] {
        let gate = TestGate::new().by_time_of(&idp).file(&text).spawn();
        assert_eq!(
            gate.verdict(&idp.token().claim("aud", "0012").sign()),
            "200"
        );
        let denied = gate.get("/verify").send();
        let challenge = denied.get("www-authenticate").unwrap();
        assert!(challenge.contains("realm=\"some\""), "{challenge}");
    }
    let told = problems("\u{feff}issuer: https://idp.example\r\naudiense: [api]\r\n");
    assert!(
        told.contains("doorward.yaml:2:1: audiense: unknown setting"),
        "{told}"
    );
}
