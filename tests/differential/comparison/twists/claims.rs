//! The claims but for the dates.

use super::super::members::{escaped, quoted};
use super::super::twist::Effect::{Differs, Fatal, Harmless};
use super::super::twist::Twist;
use super::super::{AUDIENCE, Difference, ISSUER, random_json};

pub static TWISTS: &[Twist] = &[
    Twist::new("claims/aud", "one of several", Harmless, |draft, rng| {
        let mut names: Vec<_> = (0..rng.usize(..100))
            .map(|_| quoted(&random_json::text(rng)))
            .collect();
        names.push(quoted(AUDIENCE));
        rng.shuffle(&mut names);
        draft.claims.set("aud", format!("[{}]", names.join(",")));
    }),
    Twist::new("claims/aud", "escaped", Harmless, |draft, rng| {
        draft
            .claims
            .set("aud", format!("\"{}\"", escaped(AUDIENCE, rng)));
        draft.claims.rename("aud", escaped("aud", rng));
    }),
    Twist::new(
        "claims/aud",
        "said twice in one list",
        Harmless,
        |draft, _| {
            draft.claims.set("aud", r#"["api","api"]"#);
        },
    ),
    Twist::new("claims/aud", "missing", Fatal, |draft, _| {
        draft.claims.remove("aud");
    }),
    Twist::new("claims/aud", "another", Fatal, |draft, rng| {
        draft
            .claims
            .set("aud", *rng.choice(OTHER_AUDIENCES).unwrap());
    }),
    Twist::new("claims/aud", "of another type", Fatal, |draft, rng| {
        draft.claims.set("aud", *rng.choice(NO_AUDIENCES).unwrap());
    }),
    Twist::new("claims/aud", "twice", Fatal, |draft, rng| {
        draft
            .claims
            .repeat("aud", rng.choice(["\"api\"", "\"other\"", "[]"]).unwrap());
    }),
    Twist::new("claims/iss", "escaped", Harmless, |draft, rng| {
        let written = if rng.bool() {
            ISSUER.replace('/', "\\/")
        } else {
            escaped(ISSUER, rng)
        };
        draft.claims.set("iss", format!("\"{written}\""));
        draft.claims.rename("iss", escaped("iss", rng));
    }),
    Twist::new("claims/iss", "missing", Fatal, |draft, _| {
        draft.claims.remove("iss");
    }),
    Twist::new("claims/iss", "nearly the same", Fatal, |draft, rng| {
        let nearly = [
            format!("{ISSUER}/"),
            format!(" {ISSUER}"),
            format!("{ISSUER}\0"),
            ISSUER.to_uppercase(),
            ISSUER.replace("https", "http"),
            ISSUER.replace("https", "HTTPS"),
            ISSUER.replace('e', "е"),
            ISSUER[..ISSUER.len() - 1].into(),
            format!("{ISSUER}@evil.example"),
            format!("{ISSUER}:443"),
            random_json::text(rng),
        ];
        draft
            .claims
            .set("iss", quoted(rng.choice(nearly.iter()).unwrap()));
    }),
    Twist::new("claims/iss", "of another type", Fatal, |draft, rng| {
        draft.claims.set(
            "iss",
            rng.choice([
                "null",
                "1",
                "true",
                "{}",
                "[]",
                r#"["other"]"#,
                "[1]",
                "1.5",
            ])
            .unwrap(),
        );
    }),
    Twist::new("claims/iss", "in an object", Fatal, |draft, _| {
        draft
            .claims
            .set("iss", format!("{{\"{ISSUER}\":\"{ISSUER}\"}}"));
    }),
    Twist::new(
        "claims/iss",
        "one of several",
        Differs(Difference::IssArray),
        |draft, rng| {
            let others = if rng.bool() {
                ""
            } else {
                r#""https://other.example","#
            };
            draft.claims.set("iss", format!("[{others}\"{ISSUER}\"]"));
        },
    ),
    Twist::new("claims/iss", "one of several types", Fatal, |draft, _| {
        draft.claims.set("iss", format!("[1,\"{ISSUER}\"]"));
    }),
    Twist::new("claims/iss", "twice", Fatal, |draft, rng| {
        let others = [
            quoted(ISSUER),
            quoted("https://other.example"),
            "null".into(),
        ];
        draft
            .claims
            .repeat("iss", rng.choice(others.iter()).unwrap().as_str());
    }),
    Twist::new("claims/sub", "missing", Harmless, |draft, _| {
        draft.claims.remove("sub");
    }),
    Twist::new("claims/sub", "null", Harmless, |draft, _| {
        draft.claims.set("sub", "null");
    }),
    Twist::new("claims/sub", "any text", Harmless, |draft, rng| {
        draft.claims.set("sub", quoted(&random_json::text(rng)));
    }),
    Twist::new("claims/sub", "a long text", Harmless, |draft, rng| {
        draft
            .claims
            .set("sub", quoted(&"a".repeat(rng.usize(100..1000))));
    }),
    Twist::new(
        "claims/sub",
        "a text too long for a header",
        Differs(Difference::ClaimHeaders),
        |draft, rng| {
            draft
                .claims
                .set("sub", quoted(&"a".repeat(rng.usize(3100..5000))));
        },
    ),
    Twist::new(
        "claims/sub",
        "a number or boolean",
        Differs(Difference::Sub),
        |draft, rng| {
            draft.claims.set(
                "sub",
                rng.choice(["0", "1", "-1", "1.5", "1e20", "true", "false"])
                    .unwrap(),
            );
        },
    ),
    Twist::new("claims/sub", "an array or object", Fatal, |draft, rng| {
        draft.claims.set(
            "sub",
            rng.choice(["[]", r#"["alice"]"#, "{}", r#"{"sub":"alice"}"#])
                .unwrap(),
        );
    }),
    Twist::new("claims/sub", "twice", Fatal, |draft, rng| {
        draft.claims.repeat(
            "sub",
            rng.choice(["\"alice\"", "\"root\"", "null"]).unwrap(),
        );
    }),
    Twist::new(
        "claims/cnf",
        "bound to a key",
        Differs(Difference::Cnf),
        |draft, rng| {
            let values = [
                r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
                "{}",
                "null",
                "1",
            ];
            draft.claims.set("cnf", rng.choice(values).unwrap());
        },
    ),
    Twist::new(
        "claims/scope",
        "a text or a list",
        Harmless,
        |draft, rng| {
            draft.claims.set(
                "scope",
                rng.choice([
                    "\"\"",
                    "\"a b\"",
                    "\" a  b \"",
                    r#"["a","b"]"#,
                    "[]",
                    "null",
                ])
                .unwrap(),
            );
        },
    ),
    Twist::new(
        "claims/scope",
        "of another type",
        Differs(Difference::Scope),
        |draft, rng| {
            draft.claims.set(
                "scope",
                rng.choice(["1", "true", "{}", "[1]", r#"["a",null]"#, r#"[["a"]]"#])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "claims/scope",
        "the other claim of another type",
        Differs(Difference::Scope),
        |draft, rng| {
            draft.claims.remove("scope");
            draft
                .claims
                .set("scp", rng.choice(["1", "true", "{}", "[1]"]).unwrap());
        },
    ),
    Twist::new(
        "claims/email",
        "a number no header can hold",
        Differs(Difference::ClaimHeaders),
        |draft, _| {
            draft.claims.set("email", "1234567890123456789012345");
        },
    ),
    Twist::new(
        "claims/email",
        "of any ordinary type",
        Harmless,
        |draft, rng| {
            let values = [
                "null",
                "1",
                "-1",
                "true",
                "\"a@b\"",
                "\"\\r\\nX-Auth-Subject: root\"",
                "[1,2]",
                "{\"a\":1}",
            ];
            draft.claims.set("email", rng.choice(values).unwrap());
        },
    ),
    Twist::new(
        "claims/further",
        "twice",
        Differs(Difference::Duplicate),
        |draft, rng| {
            let other = if rng.bool() {
                "role".into()
            } else {
                escaped("role", rng)
            };
            draft.claims.set("role", "\"user\"");
            draft.claims.repeat("role", "\"root\"");
            draft.claims.rename("role", other);
        },
    ),
    Twist::new(
        "claims/further",
        "twice inside",
        Differs(Difference::Duplicate),
        |draft, rng| {
            let values = [
                r#"{"a":1,"a":2}"#,
                r#"[{"a":1,"\u0061":1}]"#,
                r#"{"x":{"":0,"":0}}"#,
            ];
            draft.claims.set("inside", rng.choice(values).unwrap());
        },
    ),
    Twist::new(
        "claims/further",
        "a mark of the JSON reader",
        Differs(Difference::Marker),
        |draft, _| {
            draft
                .claims
                .set("inside", r#"{"$serde_json::private::RawValue":"no JSON"}"#);
        },
    ),
    Twist::new(
        "claims/further",
        "a mark of another JSON reader",
        Harmless,
        |draft, _| {
            draft
                .claims
                .set("inside", r#"{"$serde_json::private::Number":"no number"}"#);
        },
    ),
    Twist::new(
        "claims/further",
        "nested somewhat",
        Harmless,
        |draft, rng| {
            draft
                .claims
                .set("inside", random_json::nested(rng.usize(..24)));
        },
    ),
    Twist::new(
        "claims/further",
        "nested deeply",
        Differs(Difference::Depth),
        |draft, rng| {
            draft
                .claims
                .set("inside", random_json::nested(rng.usize(40..100)));
        },
    ),
    Twist::new("claims/further", "nested absurdly", Fatal, |draft, rng| {
        draft
            .claims
            .set("inside", random_json::nested(rng.usize(140..3000)));
    }),
    Twist::new("claims/further", "large", Harmless, |draft, rng| {
        draft
            .claims
            .set("inside", quoted(&"x".repeat(rng.usize(..2000))));
    }),
    Twist::new(
        "claims/further",
        "too large",
        Differs(Difference::Size),
        |draft, rng| {
            draft
                .claims
                .set("inside", quoted(&"x".repeat(rng.usize(12_300..30_000))));
        },
    ),
    Twist::new("claims/further", "half a character", Fatal, |draft, rng| {
        draft.claims.set(
            "inside",
            rng.choice([r#""\ud800""#, r#""\udc00x""#, r#"{"\ud83d":1}"#])
                .unwrap(),
        );
    }),
    Twist::new(
        "claims/further",
        "a number beyond all numbers",
        Fatal,
        |draft, _| {
            draft.claims.set("inside", "[1e999]");
        },
    ),
    Twist::new("claims/further", "no JSON text", Fatal, |draft, rng| {
        draft.claims.set(
            "inside",
            rng.choice([
                "\"\n\"",
                "\"\\x41\"",
                "'a'",
                "\"\u{1}\"",
                "undefined",
                "True",
            ])
            .unwrap(),
        );
    }),
];

const OTHER_AUDIENCES: &[&str] = &[
    "\"other\"",
    "\"API\"",
    "\"api \"",
    "\"ap\"",
    "\"apis\"",
    "\"api,other\"",
    "\"api other\"",
    "\"*\"",
    "\"\"",
    "\"api\\u0000\"",
    "\"аpi\"",
    r#"["other"]"#,
    r#"["",""]"#,
    r#"["API","api/"]"#,
    "[]",
    "null",
];

/// Some of them name the right one, but not as RFC 7519 section 4.1.3 has it.
const NO_AUDIENCES: &[&str] = &[
    "1",
    "true",
    "{}",
    r#"{"api":"api"}"#,
    "[1]",
    r#"["api",1]"#,
    r#"["api",null]"#,
    r#"[["api"]]"#,
    "1.5",
    "-1",
];
