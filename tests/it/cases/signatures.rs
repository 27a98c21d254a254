//! Groups B and C: signatures that are nearly right, and good tokens as real issuers write them.

use std::sync::{Arc, OnceLock};

use doorward::jose::{Algorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Value, json};

use super::wire::{assert_each_denied, assert_token_denied};
use crate::support::{TestGate, TestIssuer, TokenBuilder, key};

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

const CURVES: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::ES256K,
];

/// The same RSA key for each of its algorithms, named after it.
pub fn rsa(algorithm: Algorithm) -> Arc<SigningKey> {
    static PEM: OnceLock<String> = OnceLock::new();
    let pem = PEM.get_or_init(|| {
        rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)
            .unwrap()
            .serialize_pem()
    });
    Arc::new(
        SigningKey::parse(pem, Some(algorithm))
            .unwrap()
            .with_id(format!("rsa-{algorithm}")),
    )
}

#[test]
fn b6_no_rsa_algorithm_stands_for_another() {
    let gates = RSA.map(|own| {
        let idp = TestIssuer::with_keys(vec![rsa(own)]);
        let gate = TestGate::new().trusting(&idp).spawn();
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{own}");
        (own, idp, gate)
    });
    for (own, idp, gate) in &gates {
        for used in RSA.into_iter().filter(|used| used != own) {
            let what = format!("{used} with a key for {own}");
            let hidden = idp.token().signed_by(rsa(used));
            assert_token_denied(
                gate,
                &hidden.sign(),
                "signature_invalid",
                format!("{what}, not admitted"),
            );
            let admitted = hidden.header("alg", used.name());
            assert_token_denied(
                gate,
                &admitted.sign(),
                "algorithm_not_allowed",
                format!("{what}, admitted"),
            );
            let nameless = admitted.clone().without_header("kid");
            assert_token_denied(
                gate,
                &nameless.sign(),
                "key_unknown",
                format!("{what}, admitted, no name"),
            );
            let pretended = idp.token().header("alg", used.name());
            assert_token_denied(
                gate,
                &pretended.sign(),
                "algorithm_not_allowed",
                format!("{what}, pretended"),
            );
        }
    }
}

#[test]
fn b6_no_curve_stands_for_another() {
    let idp = TestIssuer::with_keys(CURVES.map(key).to_vec());
    let gate = TestGate::new().trusting(&idp).spawn();
    for own in CURVES {
        for used in CURVES.into_iter().filter(|used| *used != own) {
            let what = format!("{used} with a key for {own}");
            let hidden = idp.token_by(key(own)).signed_by(key(used));
            assert_token_denied(&gate, &hidden.sign(), "signature_invalid", &what);
            assert_token_denied(
                &gate,
                &hidden.without_header("kid").sign(),
                "signature_invalid",
                &what,
            );
            let admitted = idp.token_by(key(own)).header("alg", used.name());
            assert_token_denied(&gate, &admitted.sign(), "algorithm_not_allowed", &what);
        }
    }
}

#[test]
fn b10_signatures_of_absurd_numbers_are_invalid() {
    for (algorithm, order) in CURVES.into_iter().zip(ORDERS) {
        let (idp, gate, input, signature) = signed_by(key(algorithm));
        let order = order_of_length(order, signature.len() / 2);
        let (r, s) = signature.split_at(signature.len() / 2);
        let (zero, one) = (vec![0; r.len()], number(1, r.len()));
        let spoiled: [(_, [&[u8]; 2]); 20] = [
            ("0, 0", [&zero, &zero]),
            ("1, 0", [&one, &zero]),
            ("0, 1", [&zero, &one]),
            ("1, 1", [&one, &one]),
            ("r, 0", [r, &zero]),
            ("0, s", [&zero, s]),
            ("n, n", [&order, &order]),
            ("n, s", [&order, s]),
            ("r, n", [r, &order]),
            ("0, n", [&zero, &order]),
            ("n, 0", [&order, &zero]),
            ("r, n + 1", [r, &plus(&order, &one)]),
            ("n - 1, n - 1", [&minus(&order, &one), &minus(&order, &one)]),
            // The same numbers to a reader that reduces them.
            ("r + n, s", [&plus(r, &order), s]),
            ("r, s + n", [r, &plus(s, &order)]),
            ("n - r, s", [&minus(&order, r), s]),
            ("s, r", [s, r]),
            ("r, r", [r, r]),
            ("s, s", [s, s]),
            ("all ones", [&vec![0xFF; r.len()], &vec![0xFF; r.len()]]),
        ];
        let spoiled = spoiled.map(|(what, halves)| {
            (
                format!("{algorithm}: {what}"),
                compact(&input, halves.concat()),
            )
        });
        assert_each_denied(&gate, "signature_invalid", spoiled);
        // That this one passes shows that the order is the right one (and B12 that it is the same
        // identity).
        assert_eq!(
            gate.verdict(&compact(&input, [r, &minus(&order, s)].concat())),
            "200",
            "{algorithm}: r, n - s"
        );
        drop(idp);
    }
}

#[test]
fn b10_rsa_signatures_are_numbers_below_the_modulus() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let (idp, gate, input, signature) = signed_by(rsa(algorithm));
        let jwk = rsa(algorithm).to_public_jwk(None).unwrap();
        let modulus = decode_base64url(jwk["n"].as_str().unwrap()).unwrap();
        let one = number(1, modulus.len());
        let longer = |bytes: &[u8]| [&[0], bytes].concat();
        let spoiled = [
            ("0", vec![0; modulus.len()]),
            ("1", one.clone()),
            ("n", modulus.clone()),
            ("n - 1", minus(&modulus, &one)),
            ("n + 1", plus(&modulus, &one)),
            ("n - s", minus(&modulus, &signature)),
            // The same number to a reader that reduces it.
            (
                "s + n",
                without_leading_zero(plus(&longer(&signature), &longer(&modulus))),
            ),
            ("s with a zero in front", longer(&signature)),
            ("the short form of 1", vec![1]),
        ]
        .map(|(what, signature)| (format!("{algorithm}: {what}"), compact(&input, signature)));
        assert_each_denied(&gate, "signature_invalid", spoiled);
        drop(idp);
    }
}

#[test]
fn b10_an_edwards_signature_has_one_spelling() {
    let (_idp, gate, input, signature) = signed_by(key(Algorithm::EdDSA));
    let (point, scalar) = signature.split_at(32);
    // Numbers are little-endian here.
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let order = hex(EDWARDS_ORDER);
    let same_to_a_reducer = reversed(&plus(&reversed(scalar), &order));
    let neutral = reversed(&number(1, 32));
    let spoiled = [
        ("R, S + L", [point, &same_to_a_reducer].concat()),
        ("R, L", [point, &reversed(&order)].concat()),
        ("R, 0", [point, &[0; 32]].concat()),
        (
            "R, L - S",
            [point, &reversed(&minus(&order, &reversed(scalar)))].concat(),
        ),
        (
            "the neutral point, 0",
            [neutral.as_slice(), &[0; 32]].concat(),
        ),
        (
            "the neutral point, S",
            [neutral.as_slice(), scalar].concat(),
        ),
        ("0, 0", vec![0; 64]),
        (
            "-R, S",
            [&[&point[..31], &[point[31] ^ 0x80]].concat(), scalar].concat(),
        ),
        ("S, R", [scalar, point].concat()),
    ]
    .map(|(what, signature)| (what, compact(&input, signature)));
    assert_each_denied(&gate, "signature_invalid", spoiled);
}

#[test]
fn b10_secrets_and_lattices_have_signatures_of_one_length() {
    let secret = "0123456789abcdef".repeat(8);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let idp = TestIssuer::new();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let gate = gate
            .set("HMAC_SECRET", secret.as_str())
            .set("ALGORITHMS", algorithm.name())
            .spawn();
        let by = |algorithm| Arc::new(SigningKey::secret(algorithm, secret.as_bytes()));
        let token = idp.token_by(by(algorithm)).without_header("kid");
        let others = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512]
            .into_iter()
            .filter(|own| *own != algorithm);
        let hidden = others.map(|other| {
            (
                format!("a {other} tag"),
                token.clone().signed_by(by(other)).sign(),
            )
        });
        assert_each_denied(&gate, "signature_invalid", hidden);
        assert_lengths_judged(&gate, &token.sign());
    }
    for algorithm in [
        Algorithm::ML_DSA_44,
        Algorithm::ML_DSA_65,
        Algorithm::ML_DSA_87,
    ] {
        let idp = TestIssuer::with_keys(vec![key(algorithm)]);
        let gate = TestGate::new().trusting(&idp).spawn();
        assert_lengths_judged(&gate, &idp.token().sign());
    }
}

#[test]
fn b10_a_signature_is_of_one_text_by_one_key() {
    let stranger = |algorithm| Arc::new(SigningKey::generate(algorithm).unwrap());
    for (algorithm, stranger) in [
        (Algorithm::ES256, stranger(Algorithm::ES256)),
        (Algorithm::EdDSA, stranger(Algorithm::EdDSA)),
        (Algorithm::ML_DSA_44, stranger(Algorithm::ML_DSA_44)),
        (Algorithm::RS256, rsa(Algorithm::RS256)),
    ] {
        let idp = TestIssuer::with_keys(vec![key(algorithm)]);
        let gate = TestGate::new().trusting(&idp).spawn();
        let token = idp.token();
        let good = token.sign();
        let [header, payload, signature] = parts(&good);
        let bytes = decode_base64url(&signature).unwrap();
        let respaced = |part: &str| {
            encode_base64url([b" ", decode_base64url(part).unwrap().as_slice()].concat())
        };
        let reordered = {
            let members = String::from_utf8(decode_base64url(&header).unwrap()).unwrap();
            let kid = format!(",\"kid\":\"key-{algorithm}\"");
            encode_base64url(format!(
                "{{{},{}",
                &kid[1..],
                &members.replace(&kid, "")[1..]
            ))
        };
        let of_text =
            |text: String| encode_base64url(key(algorithm).signature(text.as_bytes()).unwrap());
        let (of_header, of_payload) = (of_text(header.clone()), of_text(payload.clone()));
        let of_bytes = of_text(token.claims_text());
        let forgeries = [
            (
                "another key of the same kind",
                token.clone().signed_by(stranger).sign(),
            ),
            (
                "the signature of another subject",
                [
                    &header,
                    &payload,
                    &parts(&token.clone().subject("bob").sign())[2],
                ]
                .map(String::as_str)
                .join("."),
            ),
            (
                "another subject",
                [
                    &header,
                    &parts(&token.clone().subject("bob").sign())[1],
                    &signature,
                ]
                .map(String::as_str)
                .join("."),
            ),
            (
                "a blank more in the header",
                [respaced(&header), payload.clone(), signature.clone()].join("."),
            ),
            (
                "a blank more in the claims",
                [header.clone(), respaced(&payload), signature.clone()].join("."),
            ),
            (
                "members in another order",
                [reordered, payload.clone(), signature.clone()].join("."),
            ),
            (
                "of the header alone",
                [header.clone(), payload.clone(), of_header].join("."),
            ),
            (
                "of the payload alone",
                [header.clone(), payload.clone(), of_payload].join("."),
            ),
            (
                "of the bare claims",
                [header.clone(), payload.clone(), of_bytes].join("."),
            ),
            (
                "in hexadecimal",
                compact(&format!("{header}.{payload}"), hexadecimal(&bytes)),
            ),
            (
                "in base64url twice",
                compact(&format!("{header}.{payload}"), &signature),
            ),
            ("nothing", format!("{header}.{payload}.")),
            (
                "the payload",
                [header.clone(), payload.clone(), payload.clone()].join("."),
            ),
        ];
        assert_each_denied(
            &gate,
            "signature_invalid",
            forgeries.map(|(what, token)| (format!("{algorithm}: {what}"), token)),
        );
        assert_eq!(gate.verdict(&good), "200");
    }
}

#[test]
fn c2_good_tokens_pass_as_real_issuers_write_them() {
    let idp = TestIssuer::with_keys(vec![
        rsa(Algorithm::RS256),
        key(Algorithm::ES256),
        key(Algorithm::EdDSA),
    ]);
    let gate = TestGate::new().trusting(&idp).spawn();
    let now = idp.clock.secs();
    for (what, token) in as_issuers_write_them(&idp.token(), now) {
        assert_eq!(gate.verdict(&token.sign()), "200", "{what}");
    }
    let claims = idp.token().claims_text();
    for (what, header, payload) in [
        (
            "indented",
            r#"{ "alg" : "RS256",\n  "kid" : "rsa-RS256" }"#.replace("\\n", "\n"),
            claims.replace(',', ",\r\n\t"),
        ),
        (
            "typ in front",
            r#"{"typ":"JWT","kid":"rsa-RS256","alg":"RS256"}"#.into(),
            claims.clone(),
        ),
        (
            "escaped",
            r#"{"\u0061lg":"RS\u003256","kid":"rsa\u002dRS256"}"#.into(),
            claims.replace("alice", "\\u0061lice"),
        ),
        ("no kid", r#"{"alg":"RS256"}"#.into(), claims.clone()),
        (
            "a fraction",
            r#"{"alg":"RS256"}"#.into(),
            claims.replace(&format!("\"iat\":{now}"), &format!("\"iat\":{now}.25")),
        ),
        (
            "an exponent",
            r#"{"alg":"RS256"}"#.into(),
            claims.replace(&format!("\"exp\":{}", now + 300), "\"exp\":1.9e9"),
        ),
    ] {
        assert_eq!(
            gate.verdict(&idp.token().sign_text(&header, payload)),
            "200",
            "{what}: {header}"
        );
    }
    let by_its_later_name = idp.token_by(key(Algorithm::EdDSA)).header("alg", "Ed25519");
    assert_eq!(gate.verdict(&by_its_later_name.sign()), "200", "RFC 9864");
}

/// Tokens with the members that well-known issuers put into theirs.
fn as_issuers_write_them(token: &TokenBuilder, now: i64) -> Vec<(&'static str, TokenBuilder)> {
    let with = |header: &[(&str, Value)], claims: &[(&str, Value)]| {
        let token = header.iter().fold(token.clone(), |token, (name, value)| {
            token.header(name, value.clone())
        });
        claims.iter().fold(token, |token, (name, value)| {
            token.claim(name, value.clone())
        })
    };
    let digest = encode_base64url([7; 20]);
    vec![
        (
            "realms and roles",
            with(
                &[("typ", json!("JWT"))],
                &[
                    ("jti", json!("trrtcc:1c9d")),
                    ("aud", json!(["account", "api"])),
                    ("typ", json!("Bearer")),
                    ("azp", json!("web")),
                    ("sid", json!("0d2f")),
                    ("acr", json!("1")),
                    ("allowed-origins", json!(["https://app.example"])),
                    ("realm_access", json!({"roles": ["offline_access", "user"]})),
                    (
                        "resource_access",
                        json!({"account": {"roles": ["view-profile"]}}),
                    ),
                    ("scope", json!("openid email")),
                    ("email_verified", json!(true)),
                ],
            ),
        ),
        (
            "claims named by URLs",
            with(
                &[("typ", json!("at+jwt"))],
                &[
                    ("aud", json!(["api", "https://tenant.example/userinfo"])),
                    ("https://app.example/roles", json!(["admin"])),
                    ("azp", json!("Zk3")),
                    ("permissions", json!([])),
                    ("gty", json!("password")),
                ],
            ),
        ),
        (
            "a certificate's digest and short names",
            with(
                &[("typ", json!("JWT")), ("x5t", json!(digest))],
                &[
                    ("nbf", json!(now)),
                    ("aio", json!("ASQA2/8TAAAA")),
                    ("appid", json!("6731de76")),
                    ("scp", json!("Files.Read User.Read")),
                    ("ver", json!("2.0")),
                    ("xms_tcdt", json!(1_500_000_000)),
                    ("amr", json!(["pwd", "mfa"])),
                ],
            ),
        ),
        (
            "groups under a name with a colon",
            with(
                &[],
                &[
                    ("token_use", json!("access")),
                    ("cognito:groups", json!(["a", "b"])),
                    ("client_id", json!("7abc")),
                    ("auth_time", json!(now - 10)),
                    ("origin_jti", json!("x")),
                ],
            ),
        ),
        (
            "identities inside",
            with(
                &[],
                &[
                    ("user_id", json!("alice")),
                    (
                        "firebase",
                        json!({"identities": {"email": ["a@example.com"]}, "sign_in_provider": "password"}),
                    ),
                    ("email", json!("a@example.com")),
                    ("picture", json!("https://example.com/a.png?x=1&y=2")),
                ],
            ),
        ),
        (
            "an ID token's",
            with(
                &[],
                &[
                    ("nonce", json!("n-0S6")),
                    ("at_hash", json!("77Qm")),
                    ("auth_time", json!(now)),
                ],
            ),
        ),
        (
            "links to certificates, which nobody follows",
            with(
                &[("x5u", json!("https://idp.example/x")), ("x5c", json!([]))],
                &[],
            ),
        ),
        (
            "names in other scripts",
            with(
                &[],
                &[
                    ("name", json!("Алиса 日本 \u{1f600}")),
                    ("given_name", json!("")),
                ],
            ),
        ),
        (
            "null where there is nothing",
            with(
                &[],
                &[
                    ("email", Value::Null),
                    ("scope", Value::Null),
                    ("azp", Value::Null),
                ],
            ),
        ),
    ]
}

fn assert_lengths_judged(gate: &TestGate, good: &str) {
    let (input, signature) = good.rsplit_once('.').unwrap();
    let signature = decode_base64url(signature).unwrap();
    let spoiled = [
        ("nothing", Vec::new()),
        ("one byte", signature[..1].to_vec()),
        ("half", signature[..signature.len() / 2].to_vec()),
        ("one byte less", signature[..signature.len() - 1].to_vec()),
        ("one byte more", [signature.as_slice(), &[0]].concat()),
        ("a zero in front", [&[0], signature.as_slice()].concat()),
        ("zeros", vec![0; signature.len()]),
        ("ones", vec![0xFF; signature.len()]),
        (
            "the first bit flipped",
            [&[signature[0] ^ 0x80], &signature[1..]].concat(),
        ),
        ("in hexadecimal", hexadecimal(&signature)),
    ];
    assert_each_denied(
        gate,
        "signature_invalid",
        spoiled.map(|(what, bytes)| (what, compact(input, bytes))),
    );
    assert_eq!(gate.verdict(good), "200");
}

/// An issuer with this key, a service that trusts it, and what is signed in a good token, with its
/// signature.
fn signed_by(key: Arc<SigningKey>) -> (TestIssuer, TestGate, String, Vec<u8>) {
    let idp = TestIssuer::with_keys(vec![key]);
    let gate = TestGate::new().trusting(&idp).spawn();
    let good = idp.token().sign();
    assert_eq!(gate.verdict(&good), "200");
    let (input, signature) = good.rsplit_once('.').unwrap();
    (
        idp,
        gate,
        input.to_owned(),
        decode_base64url(signature).unwrap(),
    )
}

fn compact(input: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{input}.{}", encode_base64url(signature))
}

fn parts(token: &str) -> [String; 3] {
    token
        .split('.')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// The orders of the groups of [`CURVES`] (SEC 2 section 2).
const ORDERS: [&str; 4] = [
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
];

/// The order of the group that Ed25519 signs in (RFC 8032 section 5.1).
const EDWARDS_ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

fn order_of_length(order: &str, length: usize) -> Vec<u8> {
    let order = hex(order);
    assert_eq!(order.len(), length);
    order
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).unwrap())
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)])
        .collect()
}

fn number(value: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[length - 1] = value;
    bytes
}

/// The sum of two numbers of one length, big-endian; what does not fit is lost.
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let [high, low] = carry.to_be_bytes();
            carry = high.into();
            low
        })
        .collect();
    sum.reverse();
    sum
}

fn without_leading_zero(mut number: Vec<u8>) -> Vec<u8> {
    if number[0] == 0 {
        number.remove(0);
    }
    number
}

/// The difference of two numbers of one length, big-endian, below zero modulo what fits.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = b.iter().map(|byte| !byte).collect();
    plus(&plus(a, &complement), &number(1, a.len()))
}
