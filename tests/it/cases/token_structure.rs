//! Group A: what is no token, or more than one reading of a token.

use doorward::jose::{Algorithm, encode_base64url};
use serde_json::{Value, json};

use super::wire::{assert_denied, assert_each_denied, assert_not_http, assert_token_denied, hits};
use crate::support::{TestGate, TestIssuer, TokenBuilder, key};

fn fixture() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    (idp, gate)
}

/// As large a token as may be configured.
fn roomy_fixture() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("MAX_TOKEN_BYTES", "98304")
        .spawn();
    (idp, gate)
}

#[test]
fn a1_nothing_behind_the_scheme_is_no_credential() {
    let (_idp, gate) = fixture();
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer      ",
        "bearer",
        "Bearer\t",
        "Bearer \t ",
    ] {
        let answer = gate.get("/verify").header("Authorization", value).send();
        assert_denied(&answer, "authorization_malformed", format!("{value:?}"));
    }
}

#[test]
fn a2_other_than_three_parts_are_malformed() {
    let (idp, gate) = fixture();
    let good = idp.token().sign();
    let [header, payload, signature] = parts(&good);
    let tokens = [
        header.clone(),
        format!("{header}.{payload}"),
        format!("{good}.{signature}"),
        format!("{good}."),
        format!("{good}.{header}.{payload}.{signature}"),
        format!(".{good}"),
        format!(".{payload}.{signature}"),
        ".".into(),
        "..".into(),
        "...".into(),
    ];
    assert_each_denied(
        &gate,
        "token_malformed",
        tokens.map(|token| (token.clone(), token)),
    );
    assert_token_denied(
        &gate,
        &format!("{good}.{payload}.{signature}"),
        "token_encrypted",
        "five parts",
    );
    assert_eq!(gate.verdict(&good), "200");
}

#[test]
fn a3_bytes_outside_base64url_are_malformed_or_not_even_http() {
    let (idp, gate) = fixture();
    let good = idp.token().sign();
    for part in 0..3 {
        let malformed: [&[u8]; 12] = [
            b"=",
            b"==",
            b"+",
            b"/",
            b" ",
            b"\t",
            b",",
            b"%",
            b"~",
            b"\"",
            b"\x80",
            "\u{a0}".as_bytes(),
        ];
        for stray in malformed {
            for value in [
                appended(&good, part, stray),
                inserted(&good, part, stray),
                prepended(&good, part, stray),
            ] {
                // A token behind a space is still the token: the scheme takes any number
                // of them.
                let is_separator = stray == b" " && value.starts_with(b"Bearer  ");
                let trimmed = part == 2 && stray.trim_ascii().is_empty() && value.ends_with(stray);
                if !is_separator && !trimmed {
                    let what = String::from_utf8_lossy(&value).into_owned();
                    let answer = gate.get("/verify").header("Authorization", &value).send();
                    assert_denied(&answer, "token_malformed", what);
                }
            }
        }
        for stray in [&b"\0"[..], b"\n", b"\r", b"\r\n", b"\r\n ", b"\x7f"] {
            let value = inserted(&good, part, stray);
            let request = gate.get("/verify").header("Authorization", value).bytes();
            assert_not_http(&gate, &request, &[400], format!("{stray:?} in part {part}"));
        }
    }
    assert_eq!(gate.verdict(&good), "200");
}

#[test]
fn a4_non_canonical_base64_is_refused_and_never_equal_to_the_good_token() {
    let (idp, gate) = fixture();
    let good = with_spare_bits(&idp);
    assert_eq!(gate.verdict(&good), "200");
    for part in 0..3 {
        let twin = twin_with_spare_bits_set(&good, part);
        assert_eq!(
            decoded_leniently(&twin),
            decoded_leniently(&good),
            "the twin says the same to a lenient reader"
        );
        assert_token_denied(&gate, &twin, "token_malformed", format!("part {part}"));
    }
    assert_eq!(hits(&gate), 0);
    assert_eq!(gate.verdict(&good), "200");
    assert_eq!(hits(&gate), 1);
}

#[test]
fn a5_text_that_is_not_plain_utf8_is_refused() {
    let (idp, gate) = fixture();
    let token = idp.token();
    let header = header_text(&idp);
    let claims = token.claims_text();
    for (what, spoil) in SPOILERS {
        assert_token_denied(
            &gate,
            &token.sign_text(spoil(&header), &claims),
            "token_malformed",
            format!("header: {what}"),
        );
        assert_token_denied(
            &gate,
            &token.sign_text(&header, spoil(&claims)),
            "claim_invalid",
            format!("claims: {what}"),
        );
    }
    let padded = token.sign_text(format!(" {header}\r\n"), format!("\t{claims}\n"));
    assert_eq!(
        gate.verdict(&padded),
        "200",
        "white space around JSON is JSON"
    );
}

#[test]
fn a6_every_crit_is_refused() {
    let (idp, gate) = fixture();
    let variants = [
        json!(["unheard-of"]),
        json!([]),
        json!("exp"),
        json!(["b64"]),
        json!(["alg"]),
        json!(["exp"]),
        json!(["unheard-of", "unheard-of"]),
        json!([1]),
        json!({}),
        Value::Null,
        json!(false),
    ];
    let tokens = variants.map(|crit| {
        let token = idp
            .token()
            .header("crit", crit.clone())
            .header("exp", 1)
            .header("unheard-of", true);
        (crit, token.sign())
    });
    assert_each_denied(&gate, "header_critical_unsupported", tokens);
}

#[test]
fn a7_unencoded_and_detached_payloads_are_refused() {
    let (idp, gate) = fixture();
    let token = idp.token();
    let unencoded = token.clone().header("b64", false);
    let with_crit = unencoded.clone().header("crit", json!(["b64"]));
    assert_token_denied(
        &gate,
        &unencoded.sign(),
        "token_malformed",
        "b64 without crit",
    );
    assert_eq!(
        gate.verdict(&token.clone().header("b64", true).sign()),
        "200",
        "b64 true is what holds without it"
    );
    let critical = token
        .clone()
        .header("b64", true)
        .header("crit", json!(["b64"]));
    assert_token_denied(
        &gate,
        &critical.sign(),
        "header_critical_unsupported",
        "b64 true with crit",
    );
    assert_token_denied(
        &gate,
        &token.clone().header("b64", "true").sign(),
        "token_malformed",
        "b64 a text",
    );
    assert_token_denied(
        &gate,
        &with_crit.sign(),
        "header_critical_unsupported",
        "b64 with crit",
    );
    let header = encode_base64url(header_text(&idp));
    let raw = r#"{"sub":"mallory"}"#;
    assert_token_denied(
        &gate,
        &signed(&header, raw, raw),
        "token_malformed",
        "a raw payload",
    );
    let claims = encode_base64url(token.claims_text());
    assert_token_denied(
        &gate,
        &signed(&header, "", &claims),
        "token_malformed",
        "detached, signed with its payload",
    );
    assert_token_denied(
        &gate,
        &signed(&header, "", ""),
        "token_malformed",
        "detached, signed without",
    );
    assert_eq!(
        gate.verdict(&signed(&header, &claims, &claims)),
        "200",
        "the same, attached"
    );
}

#[test]
fn a8_nested_and_compressed_tokens_are_refused() {
    let (idp, gate) = fixture();
    let inner = idp.token().sign();
    for cty in [
        json!("JWT"),
        json!("jwt"),
        json!("application/jwt"),
        json!("Application/JWT"),
        json!(1),
        json!(["JWT"]),
    ] {
        let token = idp.token().header("cty", cty.clone());
        assert_token_denied(
            &gate,
            &token.sign(),
            "token_malformed",
            format!("cty {cty}, claims inside"),
        );
        assert_token_denied(
            &gate,
            &token.sign_payload(&inner),
            "token_malformed",
            format!("cty {cty}, a token inside"),
        );
    }
    assert_token_denied(
        &gate,
        &idp.token().sign_payload(&inner),
        "claim_invalid",
        "a token inside, and no cty",
    );
    for zip in [
        json!("NONE"),
        json!(""),
        json!("GZIP"),
        json!("def"),
        Value::Null,
    ] {
        assert_eq!(
            gate.verdict(&idp.token().header("zip", zip.clone()).sign()),
            "200",
            "{zip} means nothing here"
        );
    }
    for zip in [json!(1), json!(["DEF"]), json!({})] {
        assert_token_denied(
            &gate,
            &idp.token().header("zip", zip.clone()).sign(),
            "token_malformed",
            zip,
        );
    }
    let members = [
        ("zip", "DEF"),
        ("enc", "A128GCM"),
        ("enc", ""),
        ("enc", "none"),
    ];
    let tokens = members.map(|(name, value)| {
        (
            format!("{name} {value}"),
            idp.token().header(name, value).sign(),
        )
    });
    assert_each_denied(&gate, "token_malformed", tokens);
}

#[test]
fn a9_encrypted_tokens_are_refused_before_any_work_is_done_for_them() {
    let (idp, gate) = fixture();
    let nothing = String::new();
    let (wrapped, text) = ("A".repeat(342), "A".repeat(600));
    for alg in KEY_MANAGEMENT {
        for enc in [
            "A128CBC-HS256",
            "A256CBC-HS512",
            "A128GCM",
            "A192GCM",
            "A256GCM",
            "XC20P",
            "none",
            "",
        ] {
            let header = json!({"alg": alg, "enc": enc, "kid": "key-ES256"});
            for key in [&wrapped, &nothing] {
                let token = encrypted(header.to_string(), key, &text);
                assert_token_denied(&gate, &token, "token_encrypted", format!("{alg} {enc}"));
            }
        }
    }
    // Deflated, this would be a thousand times as long; it is never inflated.
    let bomb = "A".repeat(14_000);
    for header in [
        json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
        json!({"alg": "PBES2-HS512+A256KW", "enc": "A128GCM", "zip": "DEF", "p2c": 2_147_483_648_u64, "p2s": "AAAA"}),
        json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": -1, "p2s": ""}),
        json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "", "y": ""}}),
        json!({"alg": "dir", "enc": "A128GCM", "crit": ["exp"], "exp": 1, "cty": "JWT"}),
        json!({"alg": "none", "enc": "A128GCM"}),
        json!({"alg": "ES256", "kid": "key-ES256"}),
        json!({"alg": 1}),
        json!({}),
        json!([]),
        json!("no header"),
        Value::Null,
    ] {
        assert_token_denied(
            &gate,
            &encrypted(header.to_string(), "AAAA", &bomb),
            "token_encrypted",
            header,
        );
    }
    for header in ["", "{", "\u{feff}{}", "\0"] {
        assert_token_denied(
            &gate,
            &encrypted(header, "AAAA", &bomb),
            "token_encrypted",
            header,
        );
    }
    assert_token_denied(&gate, "....", "token_encrypted", "five parts of nothing");
    let [header, payload, signature] = parts(&idp.token().sign());
    let around = format!("{header}..{payload}.{signature}.{signature}");
    assert_token_denied(
        &gate,
        &around,
        "token_encrypted",
        "the parts of a good token among them",
    );
    for broken in ["A.A.A.A.A=", "A.A.A+.A.A", "A.A.A.A.A ,", "A.A.\u{e9}.A.A"] {
        assert_token_denied(&gate, broken, "token_malformed", broken);
    }
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

/// How a JWE may bring its key (RFC 7518 section 4.1), and names that are none.
const KEY_MANAGEMENT: [&str; 20] = [
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-512",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
    "HPKE-0",
    "none",
];

/// A JWE in compact serialisation, or what looks like one from outside.
fn encrypted(header: impl AsRef<[u8]>, key: &str, text: &str) -> String {
    format!(
        "{}.{key}.AAAAAAAAAAAAAAAA.{text}.AAAAAAAAAAAAAAAAAAAAAA",
        encode_base64url(header)
    )
}

#[test]
fn a10_json_serialisations_are_malformed() {
    let (idp, gate) = fixture();
    let [protected, payload, signature] = parts(&idp.token().sign());
    let jwe = json!({"protected": protected, "encrypted_key": "AA", "iv": "AA", "ciphertext": payload, "tag": "AA"});
    let flattened = json!({"payload": payload, "protected": protected, "signature": signature});
    let member =
        json!({"protected": protected, "signature": signature, "header": {"kid": "key-ES256"}});
    let general = json!({"payload": payload, "signatures": [member]});
    for (what, document) in [
        ("flattened", &flattened),
        ("general", &general),
        ("encrypted", &jwe),
    ] {
        let text = document.to_string();
        assert_token_denied(&gate, &text, "token_malformed", what);
        assert_token_denied(
            &gate,
            &encode_base64url(&text),
            "token_malformed",
            format!("{what}, in base64url"),
        );
    }
}

#[test]
fn a11_claims_that_are_no_object_are_invalid() {
    let (idp, gate) = fixture();
    let now = idp.clock.secs();
    let in_order = json!([now + 300, now, "alice", "https://idp.example", "api"]).to_string();
    let pairs = format!("[{}]", idp.token().claims_text());
    let payloads = [
        "[]",
        &in_order,
        &pairs,
        "\"alice\"",
        "\"\"",
        "1",
        "0",
        "-0.5",
        "null",
        "true",
        " ",
        "{",
        "{}{}",
        "nil",
    ];
    let tokens = payloads.map(|payload| (payload.to_owned(), idp.token().sign_payload(payload)));
    assert_each_denied(&gate, "claim_invalid", tokens);
    assert_token_denied(
        &gate,
        &idp.token().sign_payload(""),
        "token_malformed",
        "nothing at all is a detached payload",
    );
}

#[test]
fn a12_oversized_tokens_are_refused_unread() {
    let (idp, gate) = fixture();
    assert_eq!(
        gate.verdict(&of_length(&idp, 16384)),
        "200",
        "the limit itself"
    );
    assert_token_denied(
        &gate,
        &of_length(&idp, 16386),
        "token_too_large",
        "two bytes more",
    );
    let small = TestGate::new()
        .trusting(&idp)
        .set("MAX_TOKEN_BYTES", "8192")
        .spawn();
    assert_eq!(small.verdict(&of_length(&idp, 8192)), "200");
    for (gate, limit) in [(&gate, 16384), (&small, 8192)] {
        // Whatever is too large is not looked at: not even for characters that no token has.
        for length in [limit + 1, 64 * 1024, 120 * 1024] {
            for character in ["A", ".", "="] {
                assert_token_denied(gate, &character.repeat(length), "token_too_large", length);
            }
        }
    }
    // Not much more than a head may have: of a request that is refused while it is sent, the answer
    // can be lost.
    let huge = gate.get("/verify").bearer(&"A".repeat(132 * 1024)).bytes();
    assert_not_http(&gate, &huge, &[431], "132 KiB");
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

#[test]
fn a13_a_token_of_dots_is_malformed() {
    let (idp, gate) = roomy_fixture();
    assert_token_denied(
        &gate,
        &".".repeat(98304),
        "token_malformed",
        "as many dots as fit",
    );
    assert_token_denied(&gate, &".".repeat(98305), "token_too_large", "one more");
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

#[test]
fn a14_nesting_over_32_is_refused() {
    let (idp, gate) = roomy_fixture();
    let token = idp.token();
    let with = |text: &str, arrays: usize| {
        let nested = format!("{}1{}", "[".repeat(arrays), "]".repeat(arrays));
        text.replacen('{', &format!("{{\"deep\":{nested},"), 1)
    };
    let (header, claims) = (header_text(&idp), token.claims_text());
    // The object itself is the first of the 32.
    assert_eq!(
        gate.verdict(&token.sign_text(with(&header, 31), with(&claims, 31))),
        "200"
    );
    for arrays in [32, 127, 128, 30_000] {
        assert_token_denied(
            &gate,
            &token.sign_text(with(&header, arrays), &claims),
            "token_malformed",
            arrays,
        );
        assert_token_denied(
            &gate,
            &token.sign_text(&header, with(&claims, arrays)),
            "claim_invalid",
            arrays,
        );
    }
}

#[test]
fn a15_a_member_that_stands_twice_is_refused() {
    let idp = TestIssuer::new();
    let mapping = "sub=X-Auth-Subject, role=X-Auth-Role";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS", mapping)
        .spawn();
    let token = idp.token().claim("role", "user");
    let (header, claims) = (header_text(&idp), token.claims_text());
    let and = |text: &str, more: &str| format!("{},{more}}}", text.strip_suffix('}').unwrap());
    for more in [
        r#""alg":"ES256""#,
        r#""alg":"none""#,
        r#""kid":"key-ES256""#,
        r#""kid":"other""#,
        r#""\u0061lg":"ES256""#,
        r#""typ":"JWT","typ":"JWT""#,
        r#""crit":["exp"],"crit":["exp"]"#,
        r#""x":{"y":1,"y":1}"#,
    ] {
        assert_token_denied(
            &gate,
            &token.sign_text(and(&header, more), &claims),
            "token_malformed",
            more,
        );
    }
    for more in [
        r#""iss":"https://idp.example""#,
        r#""iss":"https://evil.example""#,
        r#""exp":9999999999"#,
        r#""aud":"api""#,
        r#""sub":"admin""#,
        r#""role":"admin""#,
        r#""role":"user""#,
        r#""r\u006fle":"admin""#,
        r#""x":[{"y":1,"y":2}]"#,
    ] {
        assert_token_denied(
            &gate,
            &token.sign_text(&header, and(&claims, more)),
            "claim_invalid",
            more,
        );
    }
    assert_eq!(
        gate.verdict(&token.sign_text(
            and(&header, r#""x":{"alg":"none"}"#),
            and(&claims, r#""Role":"admin""#)
        )),
        "200"
    );
}

/// A way to spoil a JSON text.
type Spoiler = (&'static str, fn(&str) -> Vec<u8>);

const SPOILERS: [Spoiler; 11] = [
    ("a byte order mark", |text| {
        format!("\u{feff}{text}").into_bytes()
    }),
    ("UTF-16, little end first", |text| {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    ("UTF-16, big end first", |text| {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }),
    ("UTF-16 with its mark", |text| {
        format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect()
    }),
    ("Latin-1 in a value", |text| with_member(text, b"caf\xe9")),
    ("an overlong slash", |text| with_member(text, b"\xc0\xaf")),
    ("half a surrogate pair", |text| {
        with_member(text, b"\xed\xa0\x80")
    }),
    ("half a surrogate pair, escaped", |text| {
        with_member(text, b"\\ud800")
    }),
    ("a letter behind it", |text| format!("{text}x").into_bytes()),
    ("NUL behind it", |text| format!("{text}\0").into_bytes()),
    ("another object behind it", |text| {
        format!("{text}{text}").into_bytes()
    }),
];

fn with_member(text: &str, value: &[u8]) -> Vec<u8> {
    let rest = text.strip_prefix('{').unwrap();
    [b"{\"x\":\"", value, b"\",", rest.as_bytes()].concat()
}

fn header_text(idp: &TestIssuer) -> String {
    let token = idp.token().sign();
    let [header, ..] = parts(&token);
    String::from_utf8(doorward::jose::decode_base64url(&header).unwrap()).unwrap()
}

/// A token of these parts, signed by the issuer's key as if its payload were another.
fn signed(header: &str, shown_payload: &str, signed_payload: &str) -> String {
    let signature = key(Algorithm::ES256)
        .signature(format!("{header}.{signed_payload}").as_bytes())
        .unwrap();
    format!("{header}.{shown_payload}.{}", encode_base64url(signature))
}

fn parts(token: &str) -> [String; 3] {
    token
        .split('.')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

fn appended(token: &str, part: usize, stray: &[u8]) -> Vec<u8> {
    spoiled(token, part, |text| [text, stray].concat())
}

fn prepended(token: &str, part: usize, stray: &[u8]) -> Vec<u8> {
    spoiled(token, part, |text| [stray, text].concat())
}

fn inserted(token: &str, part: usize, stray: &[u8]) -> Vec<u8> {
    spoiled(token, part, |text| {
        [&text[..10], stray, &text[10..]].concat()
    })
}

/// The value of the header with one part of the token spoiled.
fn spoiled(token: &str, part: usize, spoil: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut parts = parts(token).map(String::into_bytes);
    parts[part] = spoil(&parts[part]);
    [b"Bearer ", parts.join(&b'.').as_slice()].concat()
}

/// A good token none of whose parts ends at a boundary of three bytes.
fn with_spare_bits(idp: &TestIssuer) -> String {
    let fillers = ["", "x", "xx"];
    let all = fillers
        .iter()
        .flat_map(|a| fillers.map(|b| idp.token().header("fill", *a).claim("fill", b).sign()));
    let uneven = |token: &String| parts(token).iter().all(|part| part.len() % 4 != 0);
    all.into_iter().find(uneven).unwrap()
}

fn twin_with_spare_bits_set(token: &str, part: usize) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut parts = parts(token);
    let last = parts[part].pop().unwrap();
    let position = ALPHABET.find(last).unwrap() | 1;
    parts[part].push(char::from(ALPHABET.as_bytes()[position]));
    let twin = parts.join(".");
    assert_ne!(twin, token);
    twin
}

fn decoded_leniently(token: &str) -> Vec<Vec<u8>> {
    use base64::Engine;
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::URL_SAFE, lenient);
    parts(token)
        .iter()
        .map(|part| engine.decode(part).unwrap())
        .collect()
}

/// A good token of exactly this many bytes.
fn of_length(idp: &TestIssuer, length: usize) -> String {
    let with = |header: usize, claims: usize| -> TokenBuilder {
        idp.token()
            .header("fill", "x".repeat(header))
            .claim("fill", "x".repeat(claims))
    };
    let base = with(0, 0).sign().len();
    let about = (length - base) / 4 * 3;
    let mut tries = (0..4)
        .flat_map(|header| (0..12).map(move |more| (header, (about + 6).saturating_sub(more))));
    tries
        .find_map(|(header, claims)| {
            Some(with(header, claims).sign()).filter(|token| token.len() == length)
        })
        .unwrap()
}
