//! The members of the header.

use doorward::jose::{Algorithm, Family};

use super::super::Difference;
use super::super::members::{escaped, quoted};
use super::super::random_json;
use super::super::twist::Effect::{Differs, Fatal, Harmless};
use super::super::twist::Twist;

pub static TWISTS: &[Twist] = &[
    Twist::new("header/alg", "escaped", Harmless, |draft, rng| {
        draft
            .header
            .set("alg", format!("\"{}\"", escaped(draft.algorithm, rng)));
        draft.header.rename("alg", escaped("alg", rng));
    }),
    Twist::new("header/alg", "missing", Fatal, |draft, _| {
        draft.header.remove("alg");
    }),
    Twist::new("header/alg", "none", Fatal, |draft, rng| {
        draft.header.set(
            "alg",
            quoted(rng.choice(["none", "None", "NONE", "nOnE", ""]).unwrap()),
        );
    }),
    Twist::new("header/alg", "another", Fatal, |draft, rng| {
        let all = Algorithm::ALL
            .iter()
            .map(|algorithm| algorithm.name())
            .chain(["Ed448", "HS1", "A256KW", "dir"]);
        let others: Vec<_> = all.filter(|name| *name != draft.algorithm).collect();
        draft.header.set("alg", quoted(rng.choice(others).unwrap()));
    }),
    Twist::new("header/alg", "nearly the same", Fatal, |draft, rng| {
        let name = draft.algorithm;
        let nearly = [
            name.to_lowercase(),
            format!("{name} "),
            format!("{name}\0"),
            name[1..].into(),
        ];
        draft
            .header
            .set("alg", quoted(rng.choice(nearly.iter()).unwrap()));
    }),
    Twist::new("header/alg", "of another type", Fatal, |draft, rng| {
        let list = format!("[\"{}\"]", draft.algorithm);
        draft.header.set(
            "alg",
            rng.choice(["null", "0", "true", "{}", &list]).unwrap(),
        );
    }),
    Twist::new(
        "header/alg",
        "an object",
        Differs(Difference::AlgObject),
        |draft, _| {
            draft
                .header
                .set("alg", format!("{{\"{}\":null}}", draft.algorithm));
        },
    ),
    Twist::new("header/alg", "twice", Fatal, |draft, rng| {
        draft.header.repeat(
            "alg",
            quoted(rng.choice([draft.algorithm, "none"]).unwrap()),
        );
    }),
    Twist::new(
        "header/alg",
        "the curve's name",
        Differs(Difference::Ed25519),
        |draft, _| {
            draft.header.set("alg", "\"Ed25519\"");
        },
    )
    .only(|algorithm| algorithm == Algorithm::EdDSA),
    Twist::new(
        "header/alg",
        "the curve's name for another key",
        Fatal,
        |draft, _| {
            draft.header.set("alg", "\"Ed25519\"");
        },
    )
    .only(|algorithm| algorithm != Algorithm::EdDSA),
    Twist::new("header/typ", "missing", Harmless, |draft, _| {
        draft.header.remove("typ");
    }),
    Twist::new(
        "header/typ",
        "of an access token",
        Harmless,
        |draft, rng| {
            let types = [
                "jwt",
                "Jwt",
                "at+jwt",
                "AT+JWT",
                "application/at+jwt",
                "application/jwt",
                "APPLICATION/JWT",
            ];
            draft.header.set("typ", quoted(rng.choice(types).unwrap()));
        },
    ),
    Twist::new(
        "header/typ",
        "of another token",
        Differs(Difference::Typ),
        |draft, rng| {
            let types = [
                "",
                "JOSE",
                "JWT ",
                "dpop+jwt",
                "logout+jwt",
                "secevent+jwt",
                "application/x/jwt",
                "text/jwt",
                "JWE",
            ];
            draft.header.set("typ", quoted(rng.choice(types).unwrap()));
        },
    ),
    Twist::new("header/typ", "of another type", Fatal, |draft, rng| {
        draft.header.set(
            "typ",
            rng.choice(["1", "true", r#"["JWT"]"#, "{}"]).unwrap(),
        );
    }),
    Twist::new("header/typ", "twice", Fatal, |draft, _| {
        draft.header.repeat("typ", "\"JWT\"");
    }),
    Twist::new(
        "header/typ",
        "null",
        Differs(Difference::NullMember),
        |draft, _| draft.header.set("typ", "null"),
    ),
    Twist::new("header/kid", "missing", Harmless, |draft, _| {
        draft.header.remove("kid");
    }),
    Twist::new(
        "header/kid",
        "empty, which names no key",
        Harmless,
        |draft, _| {
            draft.header.set("kid", "\"\"");
        },
    ),
    Twist::new(
        "header/kid",
        "of no key",
        Differs(Difference::Kid),
        |draft, rng| {
            draft.header.set("kid", strange_id(rng));
        },
    )
    .only(|algorithm| algorithm.family() != Family::Secret),
    Twist::new(
        "header/kid",
        "of no key, but a secret stands for any",
        Harmless,
        |draft, rng| {
            draft.header.set("kid", strange_id(rng));
        },
    )
    .only(|algorithm| algorithm.family() == Family::Secret),
    Twist::new("header/kid", "of another type", Fatal, |draft, rng| {
        draft
            .header
            .set("kid", rng.choice(["1", "false", r#"["k"]"#, "{}"]).unwrap());
    }),
    Twist::new("header/kid", "twice", Fatal, |draft, _| {
        draft.header.repeat("kid", "\"k\"");
    }),
    Twist::new(
        "header/kid",
        "null",
        Differs(Difference::NullMember),
        |draft, _| draft.header.set("kid", "null"),
    ),
    Twist::new("header/crit", "a list", Fatal, |draft, rng| {
        let lists = [
            r#"["exp"]"#,
            r#"["alg","kid"]"#,
            "[]",
            r#"["https://example/x"]"#,
        ];
        draft.header.set("crit", rng.choice(lists).unwrap());
    }),
    Twist::new(
        "header/crit",
        "null",
        Differs(Difference::NullMember),
        |draft, _| draft.header.set("crit", "null"),
    ),
    Twist::new("header/crit", "no list of names", Fatal, |draft, rng| {
        draft.header.set(
            "crit",
            rng.choice(["\"exp\"", "1", "true", "{}", "[1]", r#"["exp",null]"#])
                .unwrap(),
        );
    }),
    Twist::new("header/b64", "true", Harmless, |draft, _| {
        draft.header.set("b64", "true");
    }),
    Twist::new("header/b64", "of any other value", Fatal, |draft, rng| {
        draft.header.set(
            "b64",
            rng.choice(["false", "null", "1", "\"false\"", "\"true\""])
                .unwrap(),
        );
    }),
    Twist::new(
        "header/zip",
        "`DEF`",
        Differs(Difference::Encryption),
        |draft, rng| {
            draft
                .header
                .set("zip", rng.choice(["\"DEF\"", "\"\\u0044EF\""]).unwrap());
        },
    ),
    Twist::new("header/zip", "any other text", Harmless, |draft, rng| {
        draft.header.set(
            "zip",
            rng.choice(["\"GZ\"", "\"NONE\"", "\"def\"", "\"\"", "null"])
                .unwrap(),
        );
    }),
    Twist::new("header/zip", "of another type", Fatal, |draft, rng| {
        draft
            .header
            .set("zip", rng.choice(["1", "true", "{}", "[]"]).unwrap());
    }),
    Twist::new(
        "header/enc",
        "any text",
        Differs(Difference::Encryption),
        |draft, rng| {
            draft.header.set(
                "enc",
                rng.choice(["\"A128GCM\"", "\"A256CBC-HS512\"", "\"x\"", "null"])
                    .unwrap(),
            );
        },
    ),
    Twist::new("header/enc", "of another type", Fatal, |draft, rng| {
        draft
            .header
            .set("enc", rng.choice(["1", "true", "{}", "[]"]).unwrap());
    }),
    Twist::new(
        "header/cty",
        "any type but a token",
        Harmless,
        |draft, rng| {
            draft.header.set(
                "cty",
                rng.choice(["\"json\"", "\"text/plain\"", "\"\"", "\"JWT2\""])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "header/cty",
        "a token",
        Differs(Difference::Nested),
        |draft, rng| {
            draft.header.set(
                "cty",
                rng.choice(["\"JWT\"", "\"jwt\"", "\"application/jwt\"", "\"\\u004aWT\""])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "header/cty",
        "null",
        Differs(Difference::NullMember),
        |draft, _| draft.header.set("cty", "null"),
    ),
    Twist::new("header/cty", "of another type", Fatal, |draft, rng| {
        draft
            .header
            .set("cty", rng.choice(["1", "true", "{}", "[]"]).unwrap());
    }),
    Twist::new("header/jwk", "somebody else's key", Harmless, |draft, _| {
        draft.header.set("jwk", draft.other_public_key.as_str());
    }),
    Twist::new(
        "header/jwk",
        "a broken key or none",
        Harmless,
        |draft, rng| {
            draft.header.set(
                "jwk",
                rng.choice(["null", "{}", r#"{"kty":1}"#, r#"{"kty":"RSA"}"#])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "header/jwk",
        "no key",
        Differs(Difference::Unread),
        |draft, rng| {
            draft
                .header
                .set("jwk", rng.choice(["1", "\"k\"", "true"]).unwrap());
        },
    ),
    Twist::new("header/link", "any text or null", Harmless, |draft, rng| {
        draft.header.set(
            rng.choice(LINKS).unwrap(),
            rng.choice(["\"https://evil.example\"", "\"\"", "null"])
                .unwrap(),
        );
    }),
    Twist::new(
        "header/link",
        "of another type",
        Differs(Difference::Unread),
        |draft, rng| {
            draft.header.set(
                rng.choice(LINKS).unwrap(),
                rng.choice(["1", "true", "[]", "{}"]).unwrap(),
            );
        },
    ),
    Twist::new("header/link", "twice", Fatal, |draft, rng| {
        let name = *rng.choice(LINKS).unwrap();
        draft.header.set(name, "\"a\"");
        draft.header.repeat(name, "\"a\"");
    }),
    Twist::new("header/x5c", "a list", Harmless, |draft, rng| {
        draft.header.set(
            "x5c",
            rng.choice([r#"["AAAA"]"#, "[]", r#"["no base64"]"#, "null"])
                .unwrap(),
        );
    }),
    Twist::new(
        "header/x5c",
        "no list",
        Differs(Difference::Unread),
        |draft, rng| {
            draft
                .header
                .set("x5c", rng.choice(["\"AAAA\"", "[1]", "{}", "1"]).unwrap());
        },
    ),
    Twist::new(
        "header/further",
        "twice",
        Differs(Difference::Duplicate),
        |draft, rng| {
            let other = if rng.bool() {
                "iss".into()
            } else {
                escaped("iss", rng)
            };
            draft.header.set("iss", "1");
            draft.header.repeat("iss", "2");
            draft.header.rename("iss", other);
        },
    ),
    Twist::new(
        "header/further",
        "twice inside",
        Differs(Difference::Duplicate),
        |draft, rng| {
            draft.header.set(
                "inside",
                rng.choice([r#"{"a":1,"a":2}"#, r#"[{"a":1,"\u0061":1}]"#])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "header/further",
        "in another case",
        Harmless,
        |draft, rng| {
            draft.header.set(
                rng.choice(["CRIT", "Crit", "B64", "ZIP", "ALG", "Typ", "KID"])
                    .unwrap(),
                "\"none\"",
            );
        },
    ),
    Twist::new(
        "header/further",
        "nested somewhat",
        Harmless,
        |draft, rng| {
            draft
                .header
                .set("inside", random_json::nested(rng.usize(..24)));
        },
    ),
    Twist::new(
        "header/further",
        "nested deeply",
        Differs(Difference::Depth),
        |draft, rng| {
            draft
                .header
                .set("inside", random_json::nested(rng.usize(40..100)));
        },
    ),
    Twist::new("header/further", "nested absurdly", Fatal, |draft, rng| {
        draft
            .header
            .set("inside", random_json::nested(rng.usize(140..3000)));
    }),
    Twist::new("header/further", "half a character", Fatal, |draft, _| {
        draft.header.set("inside", r#""\ud800""#);
    }),
    Twist::new(
        "header/further",
        "a number beyond all numbers",
        Fatal,
        |draft, _| {
            draft.header.set("inside", "[1e999]");
        },
    ),
];

/// Members that lead to keys, and others whose type the other implementation knows.
const LINKS: &[&str] = &["jku", "x5u", "x5t", "x5t#S256", "url", "nonce"];

fn strange_id(rng: &mut fastrand::Rng) -> String {
    let long = "k".repeat(500);
    let any = format!("x{}", random_json::text(rng));
    let ids = [
        "K",
        "k ",
        "../../dev/null",
        "' OR 1=1 --",
        "k\0",
        &long,
        &any,
    ];
    quoted(rng.choice(ids).unwrap())
}
