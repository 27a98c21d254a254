use std::time::Duration;

use super::{Files, api_key, entry, metric, with_keys};
use crate::support::{Answer, TestGate, TestIssuer};

fn identity(answer: &Answer) -> [&str; 4] {
    ["subject", "issuer", "client-id", "scopes"]
        .map(|name| answer.get(&format!("x-auth-{name}")).unwrap_or("absent"))
}

#[test]
fn a_key_brings_an_identity_without_any_issuer() {
    let (files, key) = (Files::new(), api_key());
    let lines = entry(
        "ci",
        &key,
        ", scopes: [read, write], claims: {email: r@x.example}",
    );
    let gate = with_keys(&files.write("keys.yaml", lines)).spawn();
    for _ in 0..2 {
        let answer = gate.get("/verify").bearer(&key).send();
        assert_eq!(answer.verdict(), "200");
        assert_eq!(identity(&answer), ["robot", "api-keys", "ci", "read write"]);
        assert_eq!(answer.get("x-auth-email"), Some("r@x.example"));
    }
    let log = gate.log_lines();
    assert_eq!(log[1]["issuer"], "api-keys");
    assert_eq!(
        (&log[0]["cache"], &log[1]["cache"]),
        (&"miss".into(), &"hit".into())
    );
    let allowed =
        r#"doorward_decisions_total{issuer="api-keys",reason="ok",route="none",verdict="allow"}"#;
    assert_eq!(metric(&gate, allowed), "2");
    assert_eq!(gate.admin("/readyz").send().status, 200);
    let status: serde_json::Value =
        serde_json::from_str(&gate.admin("/status").send().body).unwrap();
    let list = &status["credential_lists"][0];
    assert_eq!(
        (&list["name"], &list["entries"]),
        (&"api-keys".into(), &1.into())
    );
    assert!(list["last_error"].is_null(), "{list}");
    let shown = gate.log.text() + &gate.events_in_full().join("\n");
    assert!(!shown.contains(&key), "{shown}");
}

#[test]
fn unknown_expired_and_disabled_keys_are_one_answer() {
    let (files, keys) = (Files::new(), [api_key(), api_key(), api_key(), api_key()]);
    let gate = TestGate::new();
    let lines = [
        entry("expired", &keys[1], ", expires: '2026-05-01T00:00:00Z'"),
        entry("disabled", &keys[2], ", disabled: true"),
        entry("good", &keys[3], ""),
    ];
    let path = files.write("keys.yaml", lines.concat());
    let gate = gate.set("API_KEYS_FILE", path).spawn();
    let answers: Vec<_> = keys
        .iter()
        .map(|key| gate.get("/verify").bearer(key).send())
        .collect();
    assert_eq!(answers[0].verdict(), "401 credential_unknown");
    let challenge = answers[0].get("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer realm=") && challenge.contains("error=\"invalid_token\"")
    );
    let without_date = |answer: &Answer| {
        let mut answer = answer.clone();
        answer.fields.retain(|(name, _)| name != "date");
        // The order of fields is random.
        answer.fields.sort();
        answer
    };
    for other in &answers[1..3] {
        assert_eq!(without_date(other), without_date(&answers[0]));
    }
    assert_eq!(answers[3].verdict(), "200");
    let denied = r#"doorward_decisions_total{issuer="api-keys",reason="credential_unknown",route="none",verdict="deny"}"#;
    assert_eq!(metric(&gate, denied), "3");
}

#[test]
fn a_key_that_ends_while_it_is_remembered_is_unknown() {
    let (files, key) = (Files::new(), api_key());
    let gate = TestGate::new();
    // The clock of tests starts at 1780000000, which is 20:26:40.
    let lines = entry("ci", &key, ", expires: '2026-05-28T20:27:40Z'");
    let gate = gate
        .set("API_KEYS_FILE", files.write("keys.yaml", lines))
        .spawn();
    let end = 1_780_000_060;
    assert!(gate.clock.secs() < end, "the entry ends in a minute");
    assert_eq!(gate.verdict(&key), "200");
    gate.clock.advance(Duration::from_secs(59));
    assert_eq!(gate.verdict(&key), "200");
    gate.clock.advance(Duration::from_secs(1));
    assert_eq!(gate.verdict(&key), "401 credential_unknown");
}

#[test]
fn only_the_form_decides_that_it_is_a_key() {
    let (files, key) = (Files::new(), api_key());
    let idp = TestIssuer::new();
    let path = files.write("keys.yaml", entry("ci", &key, ""));
    let gate = TestGate::new()
        .trusting(&idp)
        .set("API_KEYS_FILE", path.clone())
        .spawn();
    let changed = format!(
        "{}{}",
        &key[..key.len() - 1],
        if key.ends_with('0') { "1" } else { "0" }
    );
    for (token, verdict) in [
        (key.clone(), "200"),
        (idp.token().sign(), "200"),
        // A check sum, a character, a length: refused without a look-up.
        (changed, "401 token_malformed"),
        (format!("{key}-"), "401 token_malformed"),
        ("dw_".to_owned(), "401 token_malformed"),
        // A token behind the prefix is no token any more.
        (format!("dw_{}", idp.token().sign()), "401 token_malformed"),
        // Keys of another prefix are no keys here.
        (key.replacen("dw_", "DW_", 1), "401 token_malformed"),
        (key.replacen("dw_", "acme_", 1), "401 token_malformed"),
        (key.replacen("dw_", "dw-", 1), "401 token_malformed"),
        (api_key(), "401 credential_unknown"),
    ] {
        assert_eq!(gate.verdict(&token), verdict, "{token}");
    }
    // With another prefix, and keys that were made elsewhere.
    let lines = [entry("a", "acme_x-1", ""), entry("b", &key, "")].concat();
    let gate = with_keys(&files.write("keys.yaml", lines))
        .set("API_KEY_PREFIX", "acme")
        .set("API_KEY_CHECKSUM", "false")
        .spawn();
    for (token, verdict) in [
        ("acme_x-1", "200"),
        ("acme_x-2", "401 credential_unknown"),
        ("acme_", "401 token_malformed"),
        (key.as_str(), "401 token_malformed"),
    ] {
        assert_eq!(gate.verdict(token), verdict, "{token}");
    }
}

#[test]
fn keys_are_found_in_every_source_of_tokens() {
    let (files, key) = (Files::new(), api_key());
    let gate = with_keys(&files.write("keys.yaml", entry("ci", &key, "")))
        .set("PROXY", "traefik")
        .set(
            "TOKEN_SOURCES",
            "bearer, header:x-api-key, cookie:key, query:key, websocket",
        )
        .spawn();
    let asked = || {
        gate.get("/verify")
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Host", "h")
    };
    let at = |uri: &str| asked().header("X-Forwarded-Uri", uri);
    for (name, request) in [
        ("bearer", at("/").bearer(&key)),
        ("header", at("/").header("X-API-Key", &key)),
        ("cookie", at("/").header("Cookie", format!("key={key}"))),
        ("query", at(&format!("/?key={key}"))),
        (
            "websocket",
            at("/").header("Sec-WebSocket-Protocol", format!("bearer, {key}")),
        ),
    ] {
        assert_eq!(request.send().verdict(), "200", "{name}");
    }
    let two = at("/").bearer(&key).header("X-API-Key", api_key());
    assert_eq!(two.send().verdict(), "401 token_ambiguous");
    // A key is no password.
    assert_eq!(
        at("/").basic("ci", &key).send().verdict(),
        "401 scheme_unsupported"
    );
}

const ROUTES: &str = "
routes:
  - {name: tokens, match: {path: /tokens}}
  - {name: both, match: {path: /both}, issuers: [main, api-keys]}
  - {name: keys, match: {path: /keys}, issuers: [api-keys]}
  - {name: scoped, match: {path: /scoped}, issuers: [api-keys], require: {scopes: ['write']}}
  - {name: team, match: {path: /team}, issuers: [api-keys], require: {when: claims.team == 'a' && claims.client_id == 'full'}}
  - {name: audience, match: {path: /audience}, issuers: [api-keys], audience: [orders]}
";

#[test]
fn routes_take_keys_only_where_they_name_them() {
    let (files, full, bare) = (Files::new(), api_key(), api_key());
    let idp = TestIssuer::new();
    let lines = [
        entry(
            "full",
            &full,
            ", scopes: [write], claims: {team: a, aud: [orders]}",
        ),
        entry("bare", &bare, ""),
    ];
    let gate = TestGate::new()
        .trusting(&idp)
        .set("NAME", "main")
        .set("PROXY", "traefik")
        .set("API_KEYS_FILE", files.write("keys.yaml", lines.concat()))
        .file(ROUTES)
        .spawn();
    let verdict = |path: &str, token: &str| {
        let request = gate.get("/verify").header("X-Forwarded-Method", "GET");
        let request = request
            .header("X-Forwarded-Host", "h")
            .header("X-Forwarded-Uri", path);
        request.bearer(token).send().verdict()
    };
    let token = idp.token().sign();
    for (path, of_full, of_bare, of_token) in [
        ("/tokens", "401 issuer_unknown", "401 issuer_unknown", "200"),
        ("/both", "200", "200", "200"),
        ("/keys", "200", "200", "401 issuer_unknown"),
        (
            "/scoped",
            "200",
            "403 scope_insufficient",
            "401 issuer_unknown",
        ),
        ("/team", "200", "403 policy_denied", "401 issuer_unknown"),
        (
            "/audience",
            "200",
            "401 audience_mismatch",
            "401 issuer_unknown",
        ),
    ] {
        // Twice: fresh, and from the cache.
        for _ in 0..2 {
            assert_eq!(verdict(path, &full), of_full, "{path}");
            assert_eq!(verdict(path, &bare), of_bare, "{path}");
            assert_eq!(verdict(path, &token), of_token, "{path}");
        }
    }
}

#[test]
fn a_token_of_an_issuer_never_passes_for_a_key() {
    let (files, key) = (Files::new(), api_key());
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set(
            "API_KEYS_FILE",
            files.write("keys.yaml", entry("ci", &key, "")),
        )
        .spawn();
    let forged = idp
        .token()
        .claim("iss", "api-keys")
        .claim("client_id", "ci")
        .sign();
    assert_eq!(gate.verdict(&forged), "401 issuer_unknown");
}
