//! What arrives on the wire at the verify listener: methods, bodies, broken framing, odd paths,
//! doubled credentials.
//!
//! Whatever it is, nothing but an allowed request is 200, and a connection never gets out of step.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use doorward::domain::{DenialClass, Reason};
use serde_json::{Value, json};

use crate::support::{
    Answer, Client, GateBuilder, Request, Service, TestGate, TestIssuer, eventually,
    open_connections,
};

#[test]
fn g1_a_request_without_a_token_is_challenged_without_an_error() {
    let (_, gate) = issuer_and_gate();
    for answer in [
        gate.get("/verify").send(),
        gate.get("/verify").header("Authorization", "").send(),
    ] {
        assert_eq!(answer.verdict(), "401 token_missing");
        assert_eq!(
            answer.get("www-authenticate"),
            Some("Bearer realm=\"doorward\"")
        );
        assert_is_a_clean_denial(&answer);
    }
}

#[test]
fn g2_the_scheme_has_any_case_and_one_or_more_spaces() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for (authorization, expected) in [
        (format!("Bearer {token}"), "200"),
        (format!("bearer {token}"), "200"),
        (format!("BEARER {token}"), "200"),
        (format!("bEaReR    {token}"), "200"),
        (format!("Bearer\t{token}"), "401 token_malformed"),
        ("Bearer".to_owned(), "401 authorization_malformed"),
        ("Basic".to_owned(), "401 authorization_malformed"),
        (format!("Bearer{token}"), "401 authorization_malformed"),
        (token.clone(), "401 authorization_malformed"),
        (format!("{token}   "), "401 authorization_malformed"),
        (" ".to_owned(), "401 token_missing"),
        (format!("DPoP {token}"), "401 scheme_unsupported"),
        (format!("Token {token}"), "401 scheme_unsupported"),
        ("Basic dXNlcjpwYXNz".to_owned(), "401 scheme_unsupported"),
    ] {
        let answer = gate
            .get("/verify")
            .header("Authorization", &authorization)
            .send();
        assert_eq!(answer.verdict(), expected, "{authorization}");
    }
}

#[test]
fn g3_a_comma_or_a_blank_inside_the_token_is_malformed() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for credentials in [
        format!("{token}, Bearer {token}"),
        format!("{token},Bearer {token}"),
        format!("{token} {token}"),
        format!("{token},{token}"),
        format!("{token},"),
        format!("{token} x"),
        format!(",{token}"),
        "a, Bearer b".to_owned(),
        "a b".to_owned(),
    ] {
        let answer = gate.get("/verify").bearer(&credentials).send();
        assert_eq!(answer.verdict(), "401 token_malformed", "{credentials}");
    }
}

#[test]
fn g4_two_authorization_fields_are_ambiguous_in_every_order() {
    let (idp, gate) = issuer_and_gate();
    assert_two_fields_are_ambiguous(&idp, &gate);
}

#[test]
fn g4_two_authorization_fields_are_ambiguous_while_keys_are_missing_too() {
    let idp = TestIssuer::new();
    let gate = gate_of_a_dead_issuer(&idp).spawn();
    assert_eq!(
        gate.verdict(&idp.token().claim("iss", "http://127.0.0.1:9").sign()),
        "503 keys_unavailable"
    );
    assert_two_fields_are_ambiguous(&idp, &gate);
}

fn assert_two_fields_are_ambiguous(idp: &TestIssuer, gate: &TestGate) {
    let (good, bad) = (idp.token().sign(), idp.token().expires_in(-3600).sign());
    let (good, bad) = (format!("Bearer {good}"), format!("Bearer {bad}"));
    let basic = "Basic dXNlcjpwYXNz".to_owned();
    for (first, second) in [
        (&good, &bad),
        (&bad, &good),
        (&good, &good),
        (&good, &basic),
        (&basic, &good),
    ] {
        let request = gate
            .get("/verify")
            .header("Authorization", first)
            .header("authorization", second);
        assert_eq!(
            request.send().verdict(),
            "401 token_ambiguous",
            "{first}, {second}"
        );
    }
    let with_empty = gate
        .get("/verify")
        .header("Authorization", "")
        .header("Authorization", &good);
    assert_eq!(with_empty.send().verdict(), "401 token_ambiguous");
}

#[test]
fn g5_two_places_must_hold_the_same_token() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "bearer,cookie:at")
        .spawn();
    let (one, other) = (idp.token().sign(), idp.token().subject("bob").sign());
    let verdict = |bearer: &str, cookie: &str| {
        gate.get("/verify")
            .bearer(bearer)
            .header("Cookie", format!("at={cookie}"))
            .send()
            .verdict()
    };
    assert_eq!(verdict(&one, &one), "200");
    assert_eq!(verdict(&one, &other), "401 token_ambiguous");
    assert_eq!(verdict(&other, &one), "401 token_ambiguous");
    assert_eq!(verdict(&one, "x"), "401 token_ambiguous");
}

#[test]
fn g5_a_token_in_a_query_or_an_unconfigured_place_is_no_token() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for target in [
        format!("/verify?access_token={token}"),
        format!("/verify?token={token}"),
    ] {
        assert_eq!(gate.get(&target).send().verdict(), "401 token_missing");
    }
    for (name, value) in [
        ("Cookie", format!("access_token={token}")),
        ("X-Forwarded-Uri", format!("/?access_token={token}")),
        ("Proxy-Authorization", format!("Bearer {token}")),
        ("X-Forwarded-Authorization", format!("Bearer {token}")),
    ] {
        assert_eq!(
            gate.get("/verify").header(name, value).send().verdict(),
            "401 token_missing",
            "{name}"
        );
    }
}

#[test]
fn g6_bytes_that_no_field_has_are_refused_and_others_do_not_notice() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    let mut other = Client::connect(gate.verify);
    let (start, end) = token.as_bytes().split_at(token.len() / 2);
    let field = |inside: &[u8]| [b"Authorization: Bearer ", start, inside, end].concat();
    let refused = [
        &b"\0"[..],
        b"\r",
        b"\n",
        b"\x01",
        b"\x1f",
        b"\x7f",
        b"\r\n ",
        b"\r\n\t",
    ]
    .map(|inside| (field(inside), 400));
    let odd = (0x80..=0xFF).map(|byte: u8| (field(&[byte]), 401));
    let names = [
        &b"Authorization : "[..],
        b" Authorization: ",
        b"Auth\0orization: ",
        b"Authorizati\xC3\xB6n: ",
        b"Authorization\n: ",
    ]
    .map(|name| ([name, b"Bearer ", token.as_bytes()].concat(), 400));
    for (field, status) in refused.into_iter().chain(odd).chain(names) {
        let head = [
            b"GET /verify HTTP/1.1\r\nHost: x\r\n",
            field.as_slice(),
            b"\r\n\r\n",
        ]
        .concat();
        let what = field.escape_ascii().to_string();
        if status == 400 {
            assert_eq!(refusal(&gate, &head), 400, "{what}");
        } else {
            let mut client = Client::connect(gate.verify);
            assert_eq!(
                client.send_bytes(&head, false).verdict(),
                "401 token_malformed",
                "{what}"
            );
            assert_still_in_step(&gate, client);
        }
        assert_eq!(
            other.send(&gate.get("/verify").bearer(&token)).verdict(),
            "200"
        );
    }
}

#[test]
fn g7_too_many_fields_or_too_large_a_head_are_431_and_others_do_not_notice() {
    let (idp, gate) = issuer_and_gate();
    let mut other = Client::connect(gate.verify);
    assert_eq!(
        other
            .send(&gate.get("/verify").bearer(&idp.token().sign()))
            .verdict(),
        "200"
    );
    let token = idp.token().sign();
    let fields = |count: usize| {
        (0..count)
            .map(|n| format!("X-Field-{n}: x\r\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    // Host and Authorization are two more.
    let head = |rest: String| {
        format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{rest}\r\n")
    };
    let mut client = Client::connect(gate.verify);
    assert_eq!(
        client.send_bytes(head(fields(94)).as_bytes(), false).status,
        200
    );
    for bytes in [
        head(fields(95)),
        head(fields(200)),
        head(format!("X-Large: {}\r\n", "x".repeat(200_000))),
    ] {
        assert_eq!(refusal(&gate, bytes.as_bytes()), 431);
    }
    assert_eq!(
        other.send(&gate.get("/verify").bearer(&token)).verdict(),
        "200"
    );
}

#[test]
fn g8_a_head_that_does_not_arrive_in_time_is_408() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLIENT_HEADER_TIMEOUT", "1s")
        .spawn();
    let token = idp.token().sign();
    let whole = gate.get("/verify").bearer(&token).bytes();
    let begun = [1, 20, whole.len() - 2].map(|sent| {
        let mut client = Client::connect(gate.verify);
        client.write(&whole[..sent]);
        (sent, client)
    });
    assert_eq!(gate.verdict(&token), "200", "others do not wait");
    for (sent, mut client) in begun {
        assert_eq!(refused_on(&mut client), 408, "after {sent} bytes");
    }
}

#[test]
fn g9_a_body_is_ignored_and_never_read_as_another_request() {
    let (idp, gate) = issuer_and_gate();
    let good_request = gate.get("/verify").bearer(&idp.token().sign()).bytes();
    let large = vec![b'x'; 300_000];
    for body in [&b"{}"[..], &good_request, &large] {
        let mut client = Client::connect(gate.verify);
        let request = gate.request("POST", "/verify").body(body);
        client.write_what_is_taken(&request.bytes());
        assert_eq!(
            client.read_answer(false).unwrap().verdict(),
            "401 token_missing"
        );
        assert_still_in_step(&gate, client);
    }
}

#[test]
fn g9_a_chunked_body_is_ignored_and_never_read_as_another_request() {
    let (idp, gate) = issuer_and_gate();
    let good_request =
        String::from_utf8(gate.get("/verify").bearer(&idp.token().sign()).bytes()).unwrap();
    for body in [
        "0\r\n\r\n".to_owned(),
        format!("{:x}\r\n{good_request}\r\n0\r\n\r\n", good_request.len()),
    ] {
        let mut client = Client::connect(gate.verify);
        client.write(
            format!("POST /verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
                .as_bytes(),
        );
        assert_eq!(
            client.read_answer(false).unwrap().verdict(),
            "401 token_missing"
        );
        assert_still_in_step(&gate, client);
    }
}

#[test]
fn g9_a_length_whose_body_never_comes_does_not_delay_the_answer() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for framing in [
        "Content-Length: 5",
        "Content-Length: 1073741824",
        "Transfer-Encoding: chunked",
    ] {
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            let head = format!(
                "{method} /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{framing}\r\n\r\n"
            );
            let mut client = Client::connect(gate.verify);
            let answer = client.send_bytes(head.as_bytes(), method == "HEAD");
            assert_eq!(answer.verdict(), "200", "{method} with {framing}");
        }
    }
}

#[test]
fn g9_a_body_that_is_announced_with_expect_is_not_waited_for() {
    let (_, gate) = issuer_and_gate();
    let mut client = Client::connect(gate.verify);
    client.write(
        b"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    );
    let first = client.read_answer(false).unwrap();
    let answer = if first.status == 100 {
        client.read_answer(false).unwrap()
    } else {
        first
    };
    assert_eq!(answer.verdict(), "401 token_missing");
}

#[test]
fn g10_every_method_gets_the_same_decision() {
    let (idp, gate) = issuer_and_gate();
    let (good, expired) = (idp.token().sign(), idp.token().expires_in(-3600).sign());
    let methods = [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "REPORT",
        "X-UNHEARD-OF",
    ];
    for method in methods {
        let allowed = gate.request(method, "/verify").bearer(&good).send();
        assert_eq!(
            (allowed.verdict().as_str(), allowed.body.as_str()),
            ("200", ""),
            "{method}"
        );
        assert_eq!(allowed.get("x-auth-subject"), Some("alice"), "{method}");
        let denied = gate.request(method, "/verify").bearer(&expired).send();
        assert_eq!(denied.verdict(), "401 token_expired", "{method}");
        assert_eq!(denied.body.is_empty(), method == "HEAD", "{method}");
        assert_eq!(
            gate.request(method, "/verify").send().verdict(),
            "401 token_missing",
            "{method}"
        );
    }
}

#[test]
fn g10_an_answer_to_head_has_no_body_on_the_wire() {
    let (_, gate) = issuer_and_gate();
    let mut client = Client::connect(gate.verify);
    let head = gate.request("HEAD", "/verify");
    // A stray body would be taken for the head of the second answer.
    for _ in 0..3 {
        let answer = client.send(&head);
        assert_eq!(answer.verdict(), "401 token_missing");
        assert!(
            answer.get("content-length").is_some(),
            "as GET would have it"
        );
    }
    assert_eq!(client.send(&gate.get("/denial/token_missing")).status, 401);
}

#[test]
fn g10_a_preflight_passes_only_where_it_is_configured_and_without_identity() {
    let idp = TestIssuer::new();
    for (proxy, method_field) in [
        ("traefik", "X-Forwarded-Method"),
        ("nginx", "X-Original-Method"),
    ] {
        let configured = TestGate::new().trusting(&idp).set("PROXY", proxy);
        let ask = |gate: &TestGate, fields: &[(&str, &str)]| {
            let request = fields
                .iter()
                .fold(gate.get("/verify"), |request, (name, value)| {
                    request.header(name, value)
                });
            request.send()
        };
        let origin = ("Origin", "https://app.example");
        let asked_for = ("Access-Control-Request-Method", "PUT");
        let preflight = [(method_field, "OPTIONS"), origin, asked_for];

        let unconfigured = configured.clone().spawn();
        assert_eq!(
            ask(&unconfigured, &preflight).verdict(),
            "401 token_missing",
            "{proxy}"
        );

        let gate = configured.clone().set("ALLOW_PREFLIGHT", "true").spawn();
        let allowed = ask(&gate, &preflight);
        assert_eq!(
            (allowed.verdict().as_str(), allowed.get("x-auth-subject")),
            ("200", Some("")),
            "{proxy}"
        );
        for (fields, expected) in [
            (&[(method_field, "OPTIONS")][..], "401 token_missing"),
            (&[(method_field, "OPTIONS"), origin], "401 token_missing"),
            (&[(method_field, "OPTIONS"), asked_for], "401 token_missing"),
            (
                &[(method_field, "options"), origin, asked_for],
                "401 token_missing",
            ),
            (
                &[(method_field, "GET"), origin, asked_for],
                "401 token_missing",
            ),
            (&[origin, asked_for], "403 forwarded_headers_missing"),
            (
                &[(method_field, ""), origin, asked_for],
                "403 forwarded_headers_ambiguous",
            ),
            (
                &[(method_field, "OPTIONS GET"), origin, asked_for],
                "403 forwarded_headers_ambiguous",
            ),
            (
                &[
                    (method_field, "OPTIONS"),
                    (method_field, "OPTIONS"),
                    origin,
                    asked_for,
                ],
                "403 forwarded_headers_ambiguous",
            ),
            (
                &[("X-Method", "OPTIONS"), origin, asked_for],
                "403 forwarded_headers_missing",
            ),
        ] {
            assert_eq!(
                ask(&gate, fields).verdict(),
                expected,
                "{proxy}: {fields:?}"
            );
        }
        let other_dialect = if proxy == "nginx" {
            "X-Forwarded-Method"
        } else {
            "X-Original-Method"
        };
        let foreign = ask(&gate, &[(other_dialect, "OPTIONS"), origin, asked_for]);
        assert_eq!(
            foreign.verdict(),
            "403 forwarded_headers_missing",
            "{proxy}"
        );

        let elsewhere = configured
            .set("ALLOW_PREFLIGHT", "true")
            .set("TRUSTED_PROXIES", "10.0.0.0/8")
            .spawn();
        assert_eq!(
            ask(&elsewhere, &preflight).verdict(),
            "403 forwarded_headers_untrusted",
            "{proxy}"
        );
        let with_token = [
            (method_field, "GET"),
            ("Authorization", &format!("Bearer {}", idp.token().sign())),
        ];
        assert_eq!(
            ask(&elsewhere, &with_token).verdict(),
            "403 forwarded_headers_untrusted",
            "{proxy}"
        );
    }
}

#[test]
fn g10_the_method_of_the_verify_request_itself_makes_no_preflight() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("ALLOW_PREFLIGHT", "true")
        .spawn();
    let request = gate
        .request("OPTIONS", "/verify")
        .header("X-Forwarded-Method", "GET");
    let request = request
        .header("Origin", "https://x.example")
        .header("Access-Control-Request-Method", "PUT");
    assert_eq!(request.send().verdict(), "401 token_missing");
}

#[test]
fn g11_conflicting_framing_is_400_and_the_end_of_the_connection() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    let smuggled = String::from_utf8(gate.get("/verify").bearer(&token).bytes()).unwrap();
    for framing in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4\r\nContent-Length: 4",
        "Content-Length: 4, 4",
        "Content-Length: +4",
        "Content-Length: -1",
        "Content-Length: 0x4",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: gzip",
    ] {
        let head =
            format!("POST /verify HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n0\r\n\r\n{smuggled}");
        assert_eq!(refusal(&gate, head.as_bytes()), 400, "{framing}");
    }
}

#[test]
fn g11_broken_chunks_never_get_another_request_answered() {
    let (idp, gate) = issuer_and_gate();
    let smuggled =
        String::from_utf8(gate.get("/verify").bearer(&idp.token().sign()).bytes()).unwrap();
    for body in [
        format!("zz\r\n{smuggled}"),
        format!("-1\r\n{smuggled}"),
        format!("FFFFFFFFFFFFFFFFF\r\n{smuggled}"),
        format!("3\r\nabcdef\r\n0\r\n\r\n{smuggled}"),
    ] {
        let mut client = Client::connect(gate.verify);
        let head = "POST /verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.write(format!("{head}{body}").as_bytes());
        while let Some(answer) = client.read_answer(false) {
            assert_ne!(answer.status, 200, "{body:?}");
        }
    }
}

#[test]
fn g11_what_is_no_http_is_refused_and_the_end_of_the_connection() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for head in [
        format!("GET /verify HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"),
        format!(
            "GET /verify HTTP/1.1\r\nHost: x\r\nHost: y\r\nAuthorization: Bearer {token}\r\n\r\n"
        ),
        format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n {token}\r\n\r\n"),
        format!(
            "GET /verify HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\nAuthorization: Bearer {token}\r\n\r\n"
        ),
        format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\0\r\n\r\n"),
        format!(
            "GET /verify HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nAuthorization: Bearer {token}\r\n\r\n"
        ),
        format!("GET /verify\0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"),
        format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\rX: y\r\n\r\n"),
        format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {token}\r\n\r\n"),
        format!("GET /verify HTTP/1.1\r\nHost: x\r\n: Bearer {token}\r\n\r\n"),
        format!("GET /verify HTTP/3.0\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"),
        format!("GET  /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
    ] {
        assert_eq!(refusal(&gate, head.as_bytes()), 400, "{head:?}");
    }
}

#[test]
fn g12_towards_nginx_a_denial_is_401_403_or_503_and_nothing_else() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("DENIALS", DENIALS)
        .set("REQUIRED_SCOPES", "read")
        .spawn();
    let dead = gate_of_a_dead_issuer(&idp).set("DENIALS", DENIALS).spawn();
    let no_scope = idp.token().sign();
    let of_dead = idp.token().claim("iss", "http://127.0.0.1:9").sign();
    for (gate, token, expected, elsewhere) in [
        (&gate, "x", "401 token_malformed", "418 token_malformed"),
        (
            &gate,
            no_scope.as_str(),
            "403 scope_insufficient",
            "451 scope_insufficient",
        ),
        (
            &dead,
            of_dead.as_str(),
            "503 keys_unavailable",
            "599 keys_unavailable",
        ),
    ] {
        let answer = gate.get("/verify/nginx").bearer(token).send();
        assert_eq!(
            (answer.verdict().as_str(), answer.body.as_str()),
            (expected, "")
        );
        assert_eq!(
            answer.get("content-length"),
            Some("0"),
            "a body would cost nginx its connection"
        );
        assert_eq!(answer.get("content-type"), None);
        assert_eq!(
            gate.get("/verify/traefik").bearer(token).send().verdict(),
            elsewhere
        );
    }
}

const DENIALS: &str =
    r#"{"401": {"status": 418, "body": "tea"}, "403": {"status": 451}, "503": {"status": 599}}"#;

#[test]
fn g12_each_code_has_its_answer_for_error_pages() {
    let (_, gate) = issuer_and_gate();
    for reason in Reason::ALL {
        let answer = gate.get(&format!("/denial/{}", reason.code())).send();
        let status = match reason.class() {
            DenialClass::Unauthenticated => 401,
            DenialClass::Forbidden => 403,
            DenialClass::Limited => 429,
            DenialClass::Unavailable => 503,
        };
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(reason.code()))
        );
        assert_eq!(answer.json()["error_description"], reason.meaning());
        assert_eq!(
            (answer.get("www-authenticate"), answer.get("content-type")),
            (None, Some("application/json"))
        );
        assert_is_a_clean_denial(&answer);
        let head = gate
            .request("HEAD", &format!("/denial/{}", reason.code()))
            .send();
        assert_eq!((head.status, head.body.as_str()), (status, ""));
    }
}

#[test]
fn g12_each_code_has_its_configured_answer_for_error_pages() {
    let idp = TestIssuer::new();
    let custom = |status: u16, body: Value| json!({"status": status, "body": body});
    let by_code = Reason::ALL.iter().enumerate().map(|(n, reason)| {
        let status = 400 + u16::try_from(n).unwrap();
        (
            reason.code().to_owned(),
            custom(status, json!({"promised": reason.code()})),
        )
    });
    let denials = Value::Object(by_code.collect());
    let gate = TestGate::new()
        .trusting(&idp)
        .set("DENIALS", denials.to_string())
        .spawn();
    for (n, reason) in (400..).zip(Reason::ALL) {
        let answer = gate.get(&format!("/denial/{}", reason.code())).send();
        assert_eq!(
            (answer.status, answer.json()),
            (n, json!({"promised": reason.code()}))
        );
    }
    let denied = gate.get("/verify").send();
    assert_eq!(
        (denied.status, denied.json()),
        (400, json!({"promised": "token_missing"}))
    );
}

#[test]
fn g12_the_most_specific_denial_wins_and_bodies_are_any_json() {
    let idp = TestIssuer::new();
    let denials = r#"{"*": {"status": 400, "body": null}, "403": {"body": [1, 2]}, "token_missing": {"status": 499}}"#;
    let gate = TestGate::new()
        .trusting(&idp)
        .set("DENIALS", denials)
        .spawn();
    let answer = |code: &str| gate.get(&format!("/denial/{code}")).send();
    assert_eq!(
        (
            answer("token_expired").status,
            answer("token_expired").json()
        ),
        (400, Value::Null)
    );
    assert_eq!(
        (answer("route_denied").status, answer("route_denied").json()),
        (403, json!([1, 2]))
    );
    assert_eq!(
        (
            answer("token_missing").status,
            answer("token_missing").json()["code"].clone()
        ),
        (499, "token_missing".into())
    );
}

#[test]
fn g12_a_route_with_denials_of_its_own_has_its_own_answers_for_error_pages() {
    let idp = TestIssuer::new();
    let file = r"
denials: {token_missing: {status: 410}}
routes:
- {name: own, match: {path: /own}, denials: {token_missing: {status: 400, body: own}}}
- {name: rest, match: {}}
";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "nginx")
        .file(file)
        .spawn();
    let described = |place: &str| gate.get(place).send().verdict();
    assert_eq!(described("/policy/own/denial/token_missing"), "400");
    assert_eq!(described("/policy/own/denial/token_expired"), "401");
    for place in [
        "/denial/token_missing",
        "/policy/rest/denial/token_missing",
        "/policy/nobody/denial/token_missing",
    ] {
        assert_eq!(described(place), "410", "{place}");
    }
    for place in [
        "/policy/own/denial/ok",
        "/policy/own/denial/",
        "/policy/own/denial",
        "/policy/denial/token_missing",
    ] {
        assert_eq!(described(place), "404", "{place}");
    }
    // A proxy that cannot pass the denial on learns where it is, and no other proxy does.
    let ask = |verify: &str, path: &str| {
        let request = gate
            .get(verify)
            .header("X-Original-URL", format!("http://a{path}"))
            .header("X-Original-Method", "GET");
        request.send().get("x-auth-denial").map(str::to_owned)
    };
    assert_eq!(
        ask("/verify/nginx", "/own").as_deref(),
        Some("/policy/own/denial/token_missing")
    );
    assert_eq!(
        ask("/policy/own/verify/nginx", "/").as_deref(),
        Some("/policy/own/denial/token_missing")
    );
    assert_eq!(
        ask("/verify/nginx", "/").as_deref(),
        Some("/denial/token_missing")
    );
    assert_eq!(ask("/policy/own/verify/traefik", "/"), None);
    let allowed = gate
        .get("/policy/rest/verify/nginx")
        .bearer(&idp.token().sign())
        .send();
    assert_eq!((allowed.status, allowed.get("x-auth-denial")), (200, None));
}

#[test]
fn g12_an_unknown_code_is_404() {
    let (idp, gate) = issuer_and_gate();
    for target in [
        "/denial/",
        "/denial",
        "/denial/x",
        "/denial/token_missing/",
        "/denial/TOKEN_MISSING",
        "/denial/ok",
    ] {
        assert_eq!(
            gate.get(target)
                .bearer(&idp.token().sign())
                .send()
                .verdict(),
            "404",
            "{target}"
        );
    }
}

#[test]
fn g13_paths_are_taken_to_the_letter() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for (target, expected, without_token) in [
        ("/verify", "200", "401 token_missing"),
        ("/verify?x", "200", "401 token_missing"),
        ("/verify?/../metrics", "200", "401 token_missing"),
        ("/verify/nginx", "200", "401 token_missing"),
        ("/verify/traefik", "200", "401 token_missing"),
        ("/verify/caddy?a=b", "200", "401 token_missing"),
        ("/verify/haproxy", "200", "401 token_missing"),
        (
            "http://elsewhere.example/verify",
            "200",
            "401 token_missing",
        ),
        ("/verify/", "404", "404"),
        ("//verify", "404", "404"),
        ("/VERIFY", "404", "404"),
        ("/verify%2f", "404", "404"),
        ("/%76erify", "404", "404"),
        ("/verify/nginx/", "404", "404"),
        ("/verify/auto", "404", "404"),
        ("/verify/../verify", "404", "404"),
        ("/./verify", "404", "404"),
        ("/verify;x", "404", "404"),
        ("/", "404", "404"),
        ("*", "404", "404"),
    ] {
        let answer = gate.get(target).bearer(&token).send();
        assert_eq!(answer.verdict(), expected, "{target}");
        assert_eq!(
            (answer.get("location"), answer.get("cache-control")),
            (None, Some("no-store")),
            "{target}"
        );
        assert_eq!(gate.get(target).send().verdict(), without_token, "{target}");
    }
}

#[test]
fn g13_http_1_0_is_answered_and_the_connection_closed() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for (head, expected) in [
        (
            format!("GET /verify HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"),
            "200",
        ),
        (
            format!("GET /verify HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n"),
            "200",
        ),
        (
            "GET /verify HTTP/1.0\r\n\r\n".to_owned(),
            "401 token_missing",
        ),
    ] {
        let mut client = Client::connect(gate.verify);
        assert_eq!(
            client.send_bytes(head.as_bytes(), false).verdict(),
            expected,
            "{head}"
        );
        assert!(client.is_closed());
    }
}

#[test]
fn g14_pipelined_requests_are_answered_in_order() {
    let (idp, gate) = issuer_and_gate();
    let mut bytes = Vec::new();
    for n in 0..500 {
        let token = idp.token().subject(&n.to_string()).sign();
        bytes.extend(gate.get("/verify").bearer(&token).bytes());
        bytes.extend(gate.get("/verify").bytes());
    }
    let mut client = Client::connect(gate.verify);
    client.write(&bytes);
    for n in 0..500 {
        assert_eq!(
            client.read_answer(false).unwrap().get("x-auth-subject"),
            Some(n.to_string().as_str())
        );
        assert_eq!(
            client.read_answer(false).unwrap().verdict(),
            "401 token_missing"
        );
    }
}

#[test]
fn g14_clients_that_leave_halfway_leave_nothing_behind() {
    let settings = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("WORKERS", "1"),
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
        ("LOG_FORMAT", "json"),
        ("ACCESS_LOG", "off"),
    ];
    let mut service = Service::start(&["serve"], &settings);
    let verify = service.address("verify");
    let request = Request::new(verify, "GET", "/verify").bytes();
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().verdict(),
        "401 token_missing"
    );
    for sent in (0..request.len()).step_by(5).chain([request.len(); 50]) {
        // Half closed: what was asked is still answered, and then the connection is over.
        let mut stream = TcpStream::connect(verify).unwrap();
        stream.write_all(&request[..sent]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(
            answer.contains("x-auth-reason: token_missing"),
            sent == request.len(),
            "{sent}: {answer}"
        );
        // Who leaves while an answer waits to be read resets the connection, here in the middle of
        // the next request.
        let mut stream = TcpStream::connect(verify).unwrap();
        stream
            .write_all(&[&request, &request[..sent]].concat())
            .unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        drop(stream);
    }
    eventually("the end of all connections", || {
        (open_connections(verify.port()) == 0).then_some(())
    });
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().verdict(),
        "401 token_missing"
    );
}

#[test]
fn g15_each_listener_knows_nothing_of_the_other_ones_paths() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for path in ["/metrics", "/healthz", "/readyz", "/status", "/explain"] {
        assert_eq!(
            gate.get(path).bearer(&token).send().verdict(),
            "404",
            "{path}"
        );
    }
    for path in ["/verify", "/verify/nginx", "/denial/token_missing"] {
        assert_eq!(
            gate.admin(path).bearer(&token).send().verdict(),
            "404",
            "{path}"
        );
    }
}

#[test]
fn g15_who_asks_does_not_matter() {
    let (_, gate) = issuer_and_gate();
    for agent in [
        "kube-probe/1.31",
        "ELB-HealthChecker/2.0",
        "GoogleHC/1.0",
        "doorward",
    ] {
        assert_eq!(
            gate.get("/verify")
                .header("User-Agent", agent)
                .send()
                .verdict(),
            "401 token_missing",
            "{agent}"
        );
    }
}

#[test]
fn g16_wishes_to_upgrade_are_ignored() {
    let (idp, gate) = issuer_and_gate();
    let token = idp.token().sign();
    for fields in [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0",
        "Upgrade: websocket",
    ] {
        for (authorization, expected) in [
            (format!("Authorization: Bearer {token}\r\n"), "200"),
            (String::new(), "401 token_missing"),
        ] {
            let head =
                format!("GET /verify HTTP/1.1\r\nHost: x\r\n{authorization}{fields}\r\n\r\n");
            let mut client = Client::connect(gate.verify);
            let answer = client.send_bytes(head.as_bytes(), false);
            assert_eq!(answer.verdict(), expected, "{fields}");
            assert_eq!(answer.get("upgrade"), None, "{fields}");
            assert_eq!(
                answer.get("connection"),
                Some("close"),
                "whoever closes says so: {fields}"
            );
            assert_still_in_step(&gate, client);
        }
    }
}

fn issuer_and_gate() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    (idp, gate)
}

/// A service whose issuer, `http://127.0.0.1:9`, does not answer.
fn gate_of_a_dead_issuer(idp: &TestIssuer) -> GateBuilder {
    let refused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let jwks = format!("http://{refused}/jwks");
    TestGate::new()
        .by_time_of(idp)
        .set("ISSUER", "http://127.0.0.1:9")
        .set("JWKS_URL", jwks)
        .set("AUDIENCE", "api")
}

fn assert_is_a_clean_denial(answer: &Answer) {
    assert_eq!(answer.get("cache-control"), Some("no-store"));
    let identity = answer
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with("x-auth-") && name != "x-auth-reason");
    assert_eq!(identity.count(), 0, "{answer:?}");
}

/// The status with which these bytes are refused by the HTTP layer. The connection is over then.
fn refusal(gate: &TestGate, bytes: &[u8]) -> u16 {
    let mut client = Client::connect(gate.verify);
    client.write_what_is_taken(bytes);
    refused_on(&mut client)
}

fn refused_on(client: &mut Client) -> u16 {
    let answer = client.read_answer(false).expect("an answer");
    assert_eq!(answer.get("x-auth-reason"), None, "{answer:?}");
    assert_eq!(
        client.read_answer(false),
        None,
        "the connection stayed open after {answer:?}"
    );
    answer.status
}

/// Whatever the service thinks of the connection: the next request is answered for itself, or not
/// at all.
fn assert_still_in_step(gate: &TestGate, mut client: Client) {
    client.write_what_is_taken(&gate.get("/denial/route_denied").bytes());
    if let Some(answer) = client.read_answer(false) {
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (403, Some("route_denied"))
        );
        assert_eq!(
            client.send(&gate.get("/verify")).verdict(),
            "401 token_missing"
        );
    }
}
