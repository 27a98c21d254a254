//! Group D: what makes a single key usable, and how an operator learns why one is not.
//!
//! A refused key is named in `/status` with its reason, and a token that names it is `key_unknown`,
//! as if it were not there.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::jose::{Algorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Value, json};

use super::signatures::rsa;
use super::wire::assert_token_denied;
use crate::support::{GateBuilder, Service, TestGate, TestIssuer, key};

const MALFORMED: &str = "member `{}` is missing or malformed";
const EXPONENT: &str = "a bad RSA exponent";
const POINT: &str = "not a point of its curve";
const SMALL_ORDER: &str = "a degenerate key, for which anyone can sign";
const UNUSABLE: &str = "not a usable key";
const UNSUPPORTED: &str = "unsupported key type or curve";
const ALGORITHM: &str = "unsupported algorithm, or not one for this type of key";
const ROCA: &str = "made by a library whose keys can be factored (ROCA, CVE-2017-15361)";
const USE: &str = "meant for another use than signatures";
const OPERATIONS: &str = "not meant for verifying";
const SECRET: &str = "a shared secret in a key set";

/// An entry of a key set that must be refused: its id, the rest of it, and the reason.
type Refused = (String, Value, String);

#[test]
fn d5_rsa_keys_have_a_size_and_an_exponent_that_resist() {
    let refused = rsa_keys_that_do_not_resist();
    assert_refused(&refused);
    assert_logged(&refused);
}

#[test]
fn d5_zeros_in_front_of_rsa_numbers_say_nothing() {
    let own = rsa(Algorithm::RS256);
    let (modulus, exponent) = (bytes_of(&own, "n"), bytes_of(&own, "e"));
    let padded =
        |bytes: &[u8], zeros: usize| json!(encode_base64url([&vec![0; zeros], bytes].concat()));
    let usable = [
        ("as it is", public(&own)),
        (
            "a zero in front of n",
            with(public(&own), "n", padded(&modulus, 1)),
        ),
        (
            "many zeros in front of n",
            with(public(&own), "n", padded(&modulus, 300)),
        ),
        (
            "a zero in front of e",
            with(public(&own), "e", padded(&exponent, 1)),
        ),
        (
            "zeros in front of both",
            with(
                with(public(&own), "n", padded(&modulus, 3)),
                "e",
                padded(&exponent, 3),
            ),
        ),
        (
            "n padded",
            with(
                public(&own),
                "n",
                json!(format!("{}==", encode_base64url(&modulus))),
            ),
        ),
    ];
    assert_usable(usable.map(|(what, entry)| (what.to_owned(), entry, own.clone())));
}

fn rsa_keys_that_do_not_resist() -> Vec<Refused> {
    let own = rsa(Algorithm::RS256);
    let modulus = bytes_of(&own, "n");
    let n = |bytes: &[u8]| with(public(&own), "n", json!(encode_base64url(bytes)));
    let e = |bytes: &[u8]| with(public(&own), "e", json!(encode_base64url(bytes)));
    let bits = |bits: usize| format!("{bits} bits, but RSA keys need 2048 to 8192");
    let of_2047_bits = [&[modulus[0] & 0x7F | 0x40], &modulus[1..]].concat();
    let of_8193_bits = [vec![1], modulus.repeat(4)].concat();
    let even = [&modulus[..255], &[modulus[255] & 0xFE]].concat();
    let numbers = [
        ("512 bits", n(&modulus[..64]), bits(512)),
        ("1024 bits", n(&modulus[..128]), bits(1024)),
        ("2047 bits", n(&of_2047_bits), bits(2047)),
        ("8193 bits", n(&of_8193_bits), bits(8193)),
        ("65536 bits", n(&modulus.repeat(32)), bits(65536)),
        (
            "1024 bits behind zeros",
            n(&[&[0; 128], &modulus[..128]].concat()),
            bits(1024),
        ),
        ("n empty", n(&[]), bits(0)),
        ("n zero", n(&[0]), bits(0)),
        ("n zeros", n(&[0; 256]), bits(0)),
        ("n one", n(&[1]), bits(1)),
        ("n even", n(&even), UNUSABLE.into()),
        ("e empty", e(&[]), EXPONENT.into()),
        ("e zero", e(&[0]), EXPONENT.into()),
        ("e one", e(&[1]), EXPONENT.into()),
        ("e one behind zeros", e(&[0, 0, 1]), EXPONENT.into()),
        ("e two", e(&[2]), EXPONENT.into()),
        ("e even", e(&[1, 0, 0]), EXPONENT.into()),
        ("e of 34 bits", e(&[2, 0, 0, 0, 1]), EXPONENT.into()),
        ("e of 2048 bits", e(&modulus), EXPONENT.into()),
    ]
    .map(|(what, entry, reason)| (what.to_owned(), entry, reason));
    let texts = [
        ("n absent", without(public(&own), "n"), "n"),
        ("n null", with(public(&own), "n", Value::Null), "n"),
        ("n a number", with(public(&own), "n", json!(65537)), "n"),
        (
            "n padded too much",
            with(
                public(&own),
                "n",
                json!(format!("{}====", encode_base64url(&modulus))),
            ),
            "n",
        ),
        (
            "n padded in front",
            with(
                public(&own),
                "n",
                json!(format!("=={}", encode_base64url(&modulus))),
            ),
            "n",
        ),
        (
            "n in plain base64",
            with(
                public(&own),
                "n",
                json!(format!("+/{}", &encode_base64url(&modulus)[2..])),
            ),
            "n",
        ),
        (
            "n with a line end",
            with(
                public(&own),
                "n",
                json!(format!("{}\n", encode_base64url(&modulus))),
            ),
            "n",
        ),
        ("e absent", without(public(&own), "e"), "e"),
        ("e a number", with(public(&own), "e", json!(65537)), "e"),
        ("e in digits", with(public(&own), "e", json!("65537")), "e"),
    ]
    .map(|(what, entry, member)| (what.to_owned(), entry, MALFORMED.replace("{}", member)));
    numbers.into_iter().chain(texts).collect()
}

#[test]
fn d6_a_published_secret_is_no_key() {
    let secret = [7; 64];
    let entry = json!({"kty": "oct", "k": encode_base64url(secret)});
    let variants = [
        ("a secret", entry.clone()),
        ("for HS256", with(entry.clone(), "alg", json!("HS256"))),
        ("for ES256", with(entry.clone(), "alg", json!("ES256"))),
        ("a short one", json!({"kty": "oct", "k": "AA"})),
        ("no secret", json!({"kty": "oct"})),
    ]
    .map(|(what, entry)| (what.to_owned(), entry, SECRET.to_owned()));
    let (idp, gate) = assert_refused(&variants);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let token = idp.token_by(Arc::new(
            SigningKey::secret(algorithm, &secret).with_id("a secret"),
        ));
        assert_token_denied(&gate, &token.sign(), "algorithm_not_allowed", algorithm);
    }
    let alone = trusting(&idp, &[entry]).configuration().err().unwrap();
    assert!(
        alone.contains("DOORWARD_JWKS") && alone.contains(SECRET),
        "{alone}"
    );
    let listed =
        trusting(&idp, &[public(&key(Algorithm::ES256))]).set("ALGORITHMS", "ES256, HS256");
    assert!(
        listed.configuration().is_err(),
        "a key set and secrets do not go together"
    );
}

#[test]
fn d7_a_published_private_part_is_told_and_never_shown() {
    let private = "cHJpdmF0ZS1wYXJ0LXRoYXQtbm9ib2R5LW1heS1zZWU";
    let own = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::ML_DSA_44]
        .map(key)
        .into_iter()
        .chain([rsa(Algorithm::RS256)]);
    let own: Vec<_> = own.collect();
    let mut entries = vec![with(public(&own[0]), "kid", json!("clean"))];
    for name in ["d", "p", "q", "dp", "dq", "qi", "priv"] {
        let published = own.iter().map(|key| {
            with(
                with(public(key), name, json!(private)),
                "kid",
                json!(format!("{name} {}", key.algorithm())),
            )
        });
        entries.extend(published);
    }
    entries.push(with(
        with(public(&own[3]), "oth", json!([{"r": private}])),
        "kid",
        json!("oth RS256"),
    ));
    let idp = TestIssuer::new();
    let gate = trusting(&idp, &entries).spawn();
    for entry in &entries {
        let id = entry["kid"].as_str().unwrap();
        let key = own
            .iter()
            .find(|key| id.ends_with(key.algorithm().name()))
            .unwrap_or(&own[0]);
        assert_eq!(
            gate.verdict(&idp.token_by(key.clone()).header("kid", id).sign()),
            "200",
            "{id}"
        );
    }
    let status = gate.admin("/status").send();
    let told: Vec<_> = keys_of(&status.json(), "keys")
        .iter()
        .map(|key| (key["id"] != "clean", key["private_part_published"] == true))
        .collect();
    assert_eq!(told.len(), entries.len());
    assert!(
        told.iter().all(|(published, told)| published == told),
        "{}",
        status.body
    );
    assert!(!status.body.contains(private));
    assert!(!gate.admin("/metrics").send().body.contains(private));

    let key_set = json!({ "keys": entries }).to_string();
    let mut service = serve(&idp, &key_set, "trace");
    for entry in &entries[1..] {
        let line = service.wait_for_line("private part");
        assert!(line.contains(entry["kid"].as_str().unwrap()), "{line}");
    }
    service.wait_for_line("admin listener");
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
    assert!(!service.log.contains(private), "{}", service.log);
}

#[test]
fn d8_points_lie_on_their_own_curve() {
    const CURVES: [(Algorithm, &str); 4] = [
        (Algorithm::ES256, "P-256"),
        (Algorithm::ES384, "P-384"),
        (Algorithm::ES512, "P-521"),
        (Algorithm::ES256K, "secp256k1"),
    ];
    let mut refused = Vec::new();
    for (algorithm, curve) in CURVES {
        let own = key(algorithm);
        let (x, y) = (bytes_of(&own, "x"), bytes_of(&own, "y"));
        let point = |x: &[u8], y: &[u8]| {
            with(
                with(public(&own), "x", json!(encode_base64url(x))),
                "y",
                json!(encode_base64url(y)),
            )
        };
        let zeros = vec![0; x.len()];
        let ones = vec![0xFF; x.len()];
        let beside = [&y[..y.len() - 1], &[y[y.len() - 1] ^ 1]].concat();
        for (what, entry) in [
            ("beside the curve", point(&x, &beside)),
            ("x for y", point(&x, &x)),
            ("exchanged", point(&y, &x)),
            ("(0, 0)", point(&zeros, &zeros)),
            ("(x, 0)", point(&x, &zeros)),
            ("beyond the field", point(&ones, &ones)),
            ("x too short", point(&x[..x.len() - 1], &y)),
            ("x too long", point(&[&[1], x.as_slice()].concat(), &y)),
            ("y too short", point(&x, &y[..y.len() - 1])),
            ("y too long", point(&x, &[y.as_slice(), &[0]].concat())),
            ("no bytes", point(&[], &[])),
            ("no x", point(&[], &y)),
            ("no y", point(&x, &[])),
            (
                "an encoded point as x",
                point(&[&[4], x.as_slice(), y.as_slice()].concat(), &[]),
            ),
            (
                "a compressed point as x",
                point(&[&[2 | y[y.len() - 1] & 1], x.as_slice()].concat(), &y),
            ),
        ] {
            refused.push((format!("{curve} {what}"), entry, POINT.to_owned()));
        }
        for (_, other) in CURVES.iter().filter(|(_, other)| *other != curve) {
            let labelled = with(public(&own), "crv", json!(other));
            refused.push((
                format!("{curve} as {other}"),
                labelled.clone(),
                ALGORITHM.to_owned(),
            ));
            refused.push((
                format!("{curve} as {other} without alg"),
                without(labelled, "alg"),
                POINT.to_owned(),
            ));
        }
        for member in ["x", "y", "crv"] {
            let reason = MALFORMED.replace("{}", member);
            refused.push((
                format!("{curve} without {member}"),
                without(public(&own), member),
                reason,
            ));
        }
    }
    for label in [
        "P-192",
        "P-224",
        "p-256",
        "P256",
        "prime256v1",
        "brainpoolP256r1",
        "Ed25519",
        "",
    ] {
        let labelled = with(public(&key(Algorithm::ES256)), "crv", json!(label));
        refused.push((
            format!("labelled {label:?}"),
            labelled,
            UNSUPPORTED.to_owned(),
        ));
    }
    assert!(refused.len() > 90, "{}", refused.len());
    // A set has at most a hundred keys.
    refused
        .chunks(50)
        .for_each(|some| drop(assert_refused(some)));
}

#[test]
fn d8_coordinates_are_numbers_however_many_zeros_are_in_front() {
    let mut usable = Vec::new();
    for algorithm in [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::ES256K,
    ] {
        let fresh = || Arc::new(SigningKey::generate(algorithm).unwrap());
        for member in ["x", "y"] {
            let own = std::iter::repeat_with(fresh)
                .find(|key| bytes_of(key, member)[0] == 0)
                .unwrap();
            let bytes = bytes_of(&own, member);
            let spelt = |bytes: &[u8]| with(public(&own), member, json!(encode_base64url(bytes)));
            let padded = STANDARD.encode(&bytes).replace('+', "-").replace('/', "_");
            for (what, entry) in [
                ("cut off", spelt(&bytes[1..])),
                ("one more", spelt(&[&[0], bytes.as_slice()].concat())),
                ("many more", spelt(&[vec![0; 40], bytes.clone()].concat())),
                ("padded", with(public(&own), member, json!(padded))),
            ] {
                usable.push((format!("{algorithm} {member} {what}"), entry, own.clone()));
            }
        }
    }
    assert_usable(usable);
}

#[test]
fn d5_keys_with_the_fingerprint_of_roca_are_refused() {
    let own = rsa(Algorithm::RS256);
    let entry = |name: &str, n: &[u8]| {
        (
            name.to_owned(),
            with(public(&own), "n", json!(encode_base64url(n))),
            ROCA.into(),
        )
    };
    let of_roca = decode_base64url(OF_ROCA).unwrap();
    let refused = [
        entry("as it is", &of_roca),
        entry("behind zeros", &[&[0], of_roca.as_slice()].concat()),
    ];
    assert_refused(&refused);
    assert_logged(&refused);
    let pem = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        STANDARD.encode(pkcs1(&of_roca))
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let gate = TestGate::new()
        .set("ISSUER", "me")
        .set("AUDIENCE", "api")
        .set("PUBLIC_KEY_FILE", file.path().to_str().unwrap());
    assert_eq!(
        gate.configuration().err().unwrap(),
        format!(
            "DOORWARD_PUBLIC_KEY_FILE: {ROCA} (give an RSA key of 2048 to 8192 bits, or one on P-256, P-384, P-521 or Ed25519)"
        )
    );
}

#[test]
fn d16_a_pem_key_for_rsassa_pss_makes_no_other_signatures() {
    // RFC 4055 sections 3.1 and 3.3: the hash, the same for the mask, and the length of the salt.
    let restricted_to_sha384 = "3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130";
    let own = rsa(Algorithm::RS256);
    let idp = TestIssuer::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pss.pem");
    for (parameters, expected) in [
        (
            "",
            &[Algorithm::PS256, Algorithm::PS384, Algorithm::PS512][..],
        ),
        (restricted_to_sha384, &[Algorithm::PS384]),
    ] {
        let key_type = [hex("06092a864886f70d01010a"), hex(parameters)].concat();
        let bits = [&[0], pkcs1(&bytes_of(&own, "n")).as_slice()].concat();
        let spki = tagged(0x30, &[tagged(0x30, &key_type), tagged(3, &bits)].concat());
        std::fs::write(
            &file,
            format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
                STANDARD.encode(spki)
            ),
        )
        .unwrap();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let gate = gate.set("PUBLIC_KEY_FILE", file.to_str().unwrap()).spawn();
        for used in RSA {
            let as_expected = if expected.contains(&used) {
                "200"
            } else {
                "401 algorithm_not_allowed"
            };
            assert_eq!(
                gate.verdict(&idp.token_by(rsa(used)).sign()),
                as_expected,
                "{used} {parameters}"
            );
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap())
        .collect()
}

/// In DER, with a body under 128 or over 255 bytes.
fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(length @ ..128) => [&[tag, length], body].concat(),
        _ => [
            &[tag, 0x82],
            &u16::try_from(body.len()).unwrap().to_be_bytes()[..],
            body,
        ]
        .concat(),
    }
}

/// An RSA key with the exponent 65537 (RFC 8017 appendix A.1.1).
fn pkcs1(modulus: &[u8]) -> Vec<u8> {
    let integer = [
        &[2, 0x82],
        &u16::try_from(modulus.len() + 1).unwrap().to_be_bytes()[..],
        &[0],
        modulus,
    ]
    .concat();
    let body = [integer.as_slice(), &[2, 3, 1, 0, 1]].concat();
    [
        &[0x30, 0x82],
        &u16::try_from(body.len()).unwrap().to_be_bytes()[..],
        &body,
    ]
    .concat()
}

/// The product of two primes of 1024 bits, each `k * M + (65537^a mod M)`, where `M` is the product
/// of the primes up to 701: so makes the library its keys of 2048 bits (Nemec and others, "The
/// Return of Coppersmith's Attack", section 2.1).
const OF_ROCA: &str = concat!(
    "4Zkg85G4BkSzuu_P37P9XB0h9xGq_ucqIyuS-3qRoLbgoySPysK5VTTuC2KlRpRc10WEB5jZTz64iERGycFEnTzXVn7xoagGRhKk2xIg",
    "tZre6JdEbOCU13cEbJYUhWZR2VR1AubPZZv13FXpTGz1FCFYBosh1nCaY1R7QbCRdpeJ7H3_2Tfn72XU-vCbTjWizoxX94_9fmjG2YZN",
    "rDbFtYK12LoDx5JWnvO3DHiEyoKxwpwN4u8hpkLATEbrJnzfItTHjh6FLTj1MRCZUrTbZLrhsBdzCDg4aSBJjs0I2Kt9g1qS0agTxomx",
    "9PPzSg9m_24jjmceL_XQ2ea_Vjja-Q",
);

#[test]
fn d9_edwards_points_are_32_bytes_on_the_curve_in_the_one_spelling() {
    let own = key(Algorithm::EdDSA);
    let good = bytes_of(&own, "x");
    let x = |bytes: &[u8]| with(public(&own), "x", json!(encode_base64url(bytes)));
    let point =
        |first: u8, middle: u8, last: u8| [vec![first], vec![middle; 30], vec![last]].concat();
    // A point of order eight, and the number of the field minus it (RFC 8032 section 5.1).
    let order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let order_8: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&order_8[2 * at..][..2], 16).unwrap())
        .collect();
    let order_8_negative = [&order_8[..31], &[order_8[31] | 0x80]].concat();
    let refused = [
        ("no bytes", x(&[]), POINT),
        ("one byte", x(&[1]), POINT),
        ("31 bytes", x(&good[..31]), POINT),
        ("33 bytes", x(&[good.as_slice(), &[0]].concat()), POINT),
        (
            "33 bytes, zero in front",
            x(&[&[0], good.as_slice()].concat()),
            POINT,
        ),
        ("64 bytes", x(&good.repeat(2)), POINT),
        ("no x for this y", x(&point(2, 0, 0)), POINT),
        ("neutral", x(&point(1, 0, 0)), SMALL_ORDER),
        ("order 2", x(&point(0xEC, 0xFF, 0x7F)), SMALL_ORDER),
        ("order 4", x(&point(0, 0, 0)), SMALL_ORDER),
        ("order 4, negative", x(&point(0, 0, 0x80)), SMALL_ORDER),
        ("order 8", x(&order_8), SMALL_ORDER),
        ("order 8, negative", x(&order_8_negative), SMALL_ORDER),
        ("neutral, spelt p + 1", x(&point(0xEE, 0xFF, 0x7F)), POINT),
        ("order 4, spelt p", x(&point(0xED, 0xFF, 0x7F)), POINT),
        ("all ones", x(&[0xFF; 32]), POINT),
        (
            "X25519",
            with(public(&own), "crv", json!("X25519")),
            UNSUPPORTED,
        ),
        (
            "Ed448",
            with(public(&own), "crv", json!("Ed448")),
            UNSUPPORTED,
        ),
        (
            "P-256",
            with(public(&own), "crv", json!("P-256")),
            UNSUPPORTED,
        ),
        (
            "ed25519",
            with(public(&own), "crv", json!("ed25519")),
            UNSUPPORTED,
        ),
        (
            "of type EC",
            with(public(&own), "kty", json!("EC")),
            UNSUPPORTED,
        ),
    ]
    .map(|(what, entry, reason)| (what.to_owned(), entry, reason.to_owned()));
    let (idp, gate) = assert_refused(&refused);
    // What such a key would accept for any text: the neutral point and zero.
    let anyones = [point(1, 0, 0), vec![0; 32]].concat();
    for id in ["neutral", "order 4", "order 8"] {
        let token = idp.token().header("alg", "EdDSA").header("kid", id).sign();
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_token_denied(
            &gate,
            &format!("{input}.{}", encode_base64url(&anyones)),
            "key_unknown",
            id,
        );
    }
}

#[test]
fn d12_certificates_beside_a_key_are_not_looked_at() {
    let own = key(Algorithm::ES256);
    let entry = |name: &str, value: Value| with(public(&own), name, value);
    let links = ["x5u", "jku"].map(|name| {
        (
            name.to_owned(),
            entry(name, json!("https://127.0.0.1:1/certificates")),
            own.clone(),
        )
    });
    let usable = [
        (
            "valid, of another key",
            entry("x5c", json!([certificate(2000, 4000)])),
        ),
        ("expired", entry("x5c", json!([certificate(2000, 2001)]))),
        (
            "not valid yet",
            entry("x5c", json!([certificate(4000, 4001)])),
        ),
        (
            "a chain",
            entry(
                "x5c",
                json!([certificate(2000, 2001), certificate(2000, 4000)]),
            ),
        ),
        ("no certificate", entry("x5c", json!(["AAAA"]))),
        ("none", entry("x5c", json!([]))),
        ("a text", entry("x5c", json!("AAAA"))),
        ("null", entry("x5c", Value::Null)),
        (
            "a digest of nothing",
            entry("x5t", json!(encode_base64url([0; 20]))),
        ),
        ("a digest that is none", entry("x5t#S256", json!(7))),
    ]
    .map(|(what, entry)| (what.to_owned(), entry, own.clone()));
    assert_usable(usable.into_iter().chain(links));
}

#[test]
fn d13_a_key_says_what_it_is_for() {
    let (ec, ed, rsa) = (
        key(Algorithm::ES256),
        key(Algorithm::EdDSA),
        rsa(Algorithm::RS256),
    );
    let ops = |operations: Value| with(public(&ec), "key_ops", operations);
    let both = |purpose: &str, operations: Value| with(ops(operations), "use", json!(purpose));
    let bare = |key: &SigningKey| without(without(public(key), "use"), "alg");
    let usable = [
        ("no use", without(public(&ec), "use")),
        ("use sig", with(public(&ec), "use", json!("sig"))),
        ("verify", ops(json!(["verify"]))),
        ("sign and verify", ops(json!(["sign", "verify"]))),
        (
            "verify and something new",
            ops(json!(["verify", "x-audit"])),
        ),
        ("verify and no use", without(ops(json!(["verify"])), "use")),
        ("nothing said", bare(&ec)),
        (
            "unknown members",
            with(with(public(&ec), "exp", json!(1)), "ext", json!(true)),
        ),
    ];
    assert_usable(usable.map(|(what, entry)| (what.to_owned(), entry, ec.clone())));
    let nothing = [Value::Null, json!(""), json!([])]
        .into_iter()
        .flat_map(|nothing| {
            let members = ["use", "alg", "key_ops"];
            members.map(|member| {
                (
                    format!("{member} is {nothing}"),
                    with(public(&ec), member, nothing.clone()),
                    ec.clone(),
                )
            })
        });
    assert_usable(nothing);
    let purposes = ["SIG", "Sig", "sig ", "tls", "verify", " "].map(|purpose| {
        (
            format!("use {purpose:?}"),
            with(public(&ec), "use", json!(purpose)),
            USE.to_owned(),
        )
    });
    let operations = [
        json!(["sign"]),
        json!(["encrypt"]),
        json!(["Verify"]),
        json!(["wrapKey", "deriveKey"]),
        json!([1]),
    ]
    .map(|operations| {
        (
            format!("for {operations}"),
            ops(operations),
            OPERATIONS.to_owned(),
        )
    });
    let contradictions = [
        (
            "use sig, but to encrypt",
            both("sig", json!(["encrypt"])),
            OPERATIONS.to_owned(),
        ),
        (
            "operations as text",
            ops(json!("verify")),
            MALFORMED.replace("{}", "key_ops"),
        ),
        (
            "use a list",
            with(public(&ec), "use", json!(["sig"])),
            MALFORMED.replace("{}", "use"),
        ),
        (
            "alg a list",
            with(public(&ec), "alg", json!(["ES256"])),
            MALFORMED.replace("{}", "alg"),
        ),
    ]
    .map(|(what, entry, reason)| (what.to_owned(), entry, reason));
    let other_algorithms = [
        (
            &ec,
            &[
                "ES384", "ES512", "ES256K", "RS256", "EdDSA", "HS256", "ECDH-ES", "none", "es256",
                "ES256 ",
            ][..],
        ),
        (&ed, &["ES256", "Ed448", "RS256", "HS512", "ed25519"]),
        (
            &rsa,
            &[
                "ES256", "EdDSA", "HS256", "RSA-OAEP", "RSA1_5", "RS1", "RS", "PS",
            ],
        ),
    ]
    .into_iter()
    .flat_map(|(key, names)| {
        let entry = |name: &str| with(public(key), "alg", json!(name));
        names.iter().map(move |name| {
            (
                format!("{} as {name:?}", key.algorithm()),
                entry(name),
                ALGORITHM.to_owned(),
            )
        })
    });
    let types = ["ec", "DSA", "", "OKP2"].map(|kind| {
        (
            format!("of type {kind:?}"),
            with(public(&ec), "kty", json!(kind)),
            UNSUPPORTED.to_owned(),
        )
    });
    let refused: Vec<_> = purposes
        .into_iter()
        .chain(operations)
        .chain(contradictions)
        .chain(other_algorithms)
        .chain(types)
        .collect();
    assert_refused(&refused);
}

#[test]
fn d13_a_key_for_encryption_is_not_refused_and_no_key() {
    let idp = TestIssuer::new();
    let own = rsa(Algorithm::RS256);
    let bare = without(without(public(&own), "use"), "alg");
    let for_encryption = [
        ("use", with(public(&own), "use", json!("enc"))),
        (
            "as Keycloak does",
            with(
                with(bare.clone(), "use", json!("enc")),
                "alg",
                json!("RSA-OAEP"),
            ),
        ),
        ("alg", with(bare.clone(), "alg", json!("RSA-OAEP-256"))),
        (
            "key_ops",
            with(bare, "key_ops", json!(["wrapKey", "encrypt"])),
        ),
        (
            "use, but to verify",
            with(
                with(public(&own), "use", json!("enc")),
                "key_ops",
                json!(["verify"]),
            ),
        ),
    ];
    let mut entries: Vec<_> = for_encryption
        .iter()
        .map(|(id, entry)| with(entry.clone(), "kid", json!(id)))
        .collect();
    entries.push(with(
        public(&key(Algorithm::ES256)),
        "kid",
        json!("key-ES256"),
    ));
    let gate = trusting(&idp, &entries).spawn();
    let status = gate.admin("/status").send().json();
    assert_eq!(keys_of(&status, "refused_keys"), Vec::<Value>::new());
    let ids: Vec<_> = for_encryption.iter().map(|(id, _)| json!(id)).collect();
    assert_eq!(keys_of(&status, "encryption_keys"), ids);
    for (id, _) in &for_encryption {
        assert_token_denied(
            &gate,
            &idp.token_by(own.clone()).header("kid", *id).sign(),
            "key_unknown",
            id,
        );
    }
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    let mut service = serve(&idp, &json!({ "keys": entries }).to_string(), "trace");
    service.wait_for_line("admin listener");
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
    assert!(!service.log.contains("WARN"), "{}", service.log);
    let alone = trusting(&idp, &entries[..1]).configuration().err().unwrap();
    assert!(
        alone.contains("no usable key; key \"use\": meant for encryption"),
        "{alone}"
    );
}

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

#[test]
fn d14_a_key_that_does_not_say_has_the_algorithm_of_its_curve() {
    let keys = [
        key(Algorithm::ES256),
        key(Algorithm::ES384),
        key(Algorithm::ES512),
        key(Algorithm::ES256K),
        key(Algorithm::EdDSA),
    ];
    let idp = TestIssuer::new();
    let entries = keys.each_ref().map(|key| {
        with(
            without(public(key), "alg"),
            "kid",
            json!(key.algorithm().name()),
        )
    });
    let gate = trusting(&idp, &entries).spawn();
    for key in &keys {
        let name = key.algorithm().name();
        let token = idp.token_by(key.clone()).header("kid", name);
        assert_eq!(gate.verdict(&token.sign()), "200", "{name}");
        for other in [
            "RS256",
            "RS512",
            "PS256",
            "ES256",
            "ES384",
            "ES512",
            "ES256K",
            "EdDSA",
            "ML-DSA-44",
        ] {
            if other != name {
                assert_token_denied(
                    &gate,
                    &token.clone().header("alg", other).sign(),
                    "algorithm_not_allowed",
                    name,
                );
            }
        }
    }
    let status = gate.admin("/status").send().json();
    assert!(
        keys_of(&status, "keys")
            .iter()
            .all(|key| json!([key["id"]]) == key["algorithms"]),
        "{status}"
    );
    let without_alg = without(public(&key(Algorithm::ML_DSA_65)), "alg");
    assert_refused(&[("lattice".to_owned(), without_alg, ALGORITHM.to_owned())]);
}

#[test]
fn d14_an_rsa_key_that_does_not_say_has_every_rsa_algorithm_of_the_issuers_list() {
    let idp = TestIssuer::new();
    let entry = with(
        without(public(&rsa(Algorithm::RS256)), "alg"),
        "kid",
        json!("r"),
    );
    for (list, expected) in [
        (None, &RSA[..]),
        (Some("PS384, RS256"), &[Algorithm::RS256, Algorithm::PS384]),
        (
            Some("ES256, RS512, PS256"),
            &[Algorithm::RS512, Algorithm::PS256],
        ),
        (Some("PS512"), &[Algorithm::PS512]),
    ] {
        let gate = trusting(&idp, std::slice::from_ref(&entry));
        let gate = list
            .map_or(gate.clone(), |list| gate.set("ALGORITHMS", list))
            .spawn();
        for used in RSA {
            for token in [
                idp.token_by(rsa(used)).header("kid", "r"),
                idp.token_by(rsa(used)).without_header("kid"),
            ] {
                let as_expected = if expected.contains(&used) {
                    "200"
                } else {
                    "401 algorithm_not_allowed"
                };
                assert_eq!(gate.verdict(&token.sign()), as_expected, "{list:?} {used}");
                // A signature is by the algorithm that the token names, and by no other of the
                // key's.
                let other = expected
                    .iter()
                    .find(|other| **other != used)
                    .filter(|_| expected.contains(&used));
                if let Some(other) = other {
                    let renamed = token.clone().header("alg", other.name());
                    assert_token_denied(
                        &gate,
                        &renamed.sign(),
                        "signature_invalid",
                        format!("{used} as {other}"),
                    );
                }
            }
            let not_rsa = idp
                .token_by(rsa(used))
                .header("kid", "r")
                .header("alg", "ES256");
            assert_token_denied(
                &gate,
                &not_rsa.sign(),
                "algorithm_not_allowed",
                "another type of key",
            );
        }
        let status = gate.admin("/status").send().json();
        let names: Vec<_> = expected.iter().map(|algorithm| algorithm.name()).collect();
        assert_eq!(keys_of(&status, "keys").len(), 1, "{status}");
        assert_eq!(keys_of(&status, "keys")[0]["algorithms"], json!(names));
        let page = gate.admin("/metrics").send().body;
        assert!(
            page.contains("doorward_jwks_keys{issuer=\"idp.example\"} 1\n"),
            "{page}"
        );
    }
    let no_rsa = trusting(&idp, std::slice::from_ref(&entry))
        .set("ALGORITHMS", "ES256")
        .configuration()
        .err()
        .unwrap();
    assert!(
        no_rsa.contains("its algorithm is not in the issuer's list"),
        "{no_rsa}"
    );
}

#[test]
fn d15_lattice_keys_have_the_length_of_their_algorithm() {
    let all = [
        (Algorithm::ML_DSA_44, 1312),
        (Algorithm::ML_DSA_65, 1952),
        (Algorithm::ML_DSA_87, 2592),
    ];
    let mut refused = Vec::new();
    for (algorithm, length) in all {
        let own = key(algorithm);
        let bytes = bytes_of(&own, "pub");
        assert_eq!(bytes.len(), length);
        let of_length =
            |length: usize| format!("{length} bytes, but {algorithm} keys have another length");
        let public_part = |bytes: &[u8]| with(public(&own), "pub", json!(encode_base64url(bytes)));
        for (what, cut) in [
            ("no bytes", &[][..]),
            ("32 bytes", &bytes[..32]),
            ("a byte less", &bytes[1..]),
            ("a byte more", &[&bytes[..], &[0]].concat()),
            ("twice", &bytes.repeat(2)),
        ] {
            refused.push((
                format!("{algorithm} {what}"),
                public_part(cut),
                of_length(cut.len()),
            ));
        }
        for (other, _) in all.iter().filter(|(other, _)| *other != algorithm) {
            let reason = format!("{length} bytes, but {other} keys have another length");
            refused.push((
                format!("{algorithm} as {other}"),
                with(public(&own), "alg", json!(other.name())),
                reason,
            ));
        }
        for (what, entry, reason) in [
            (
                "without pub",
                without(public(&own), "pub"),
                MALFORMED.replace("{}", "pub"),
            ),
            (
                "pub a list",
                with(public(&own), "pub", json!([1])),
                MALFORMED.replace("{}", "pub"),
            ),
            (
                "as EdDSA",
                with(public(&own), "alg", json!("EdDSA")),
                ALGORITHM.to_owned(),
            ),
            (
                "as ML-DSA",
                with(public(&own), "alg", json!("ML-DSA")),
                ALGORITHM.to_owned(),
            ),
            (
                "as SLH-DSA",
                with(public(&own), "alg", json!("SLH-DSA-SHA2-128s")),
                ALGORITHM.to_owned(),
            ),
        ] {
            refused.push((format!("{algorithm} {what}"), entry, reason));
        }
    }
    assert_refused(&refused);
    assert_usable(all.map(|(algorithm, _)| {
        (
            algorithm.to_string(),
            public(&key(algorithm)),
            key(algorithm),
        )
    }));
}

/// Each is refused for its reason and unknown to tokens, while a good key among them works.
fn assert_refused(refused: &[Refused]) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let mut entries = named(refused);
    entries.insert(
        entries.len() / 2,
        with(public(&key(Algorithm::ES256)), "kid", json!("key-ES256")),
    );
    let gate = trusting(&idp, &entries).spawn();
    let status = gate.admin("/status").send().json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found: Vec<_> = keys_of(&status, "refused_keys")
        .iter()
        .map(|key| (text(&key["id"]), text(&key["reason"])))
        .collect();
    let expected: Vec<_> = refused
        .iter()
        .map(|(id, _, reason)| (id.clone(), reason.clone()))
        .collect();
    assert_eq!(found, expected);
    for (id, ..) in refused {
        assert_token_denied(
            &gate,
            &idp.token().header("kid", id.as_str()).sign(),
            "key_unknown",
            id,
        );
    }
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    (idp, gate)
}

/// The program itself reports each in its log.
fn assert_logged(refused: &[Refused]) {
    let idp = TestIssuer::new();
    let mut entries = named(refused);
    entries.push(public(&key(Algorithm::ES256)));
    let mut service = serve(&idp, &json!({ "keys": entries }).to_string(), "info");
    for (id, _, reason) in refused {
        let line: Value = serde_json::from_str(&service.wait_for_line("key refused")).unwrap();
        let text = line.to_string();
        assert!(
            text.contains(id) && text.contains(reason) && text.contains("WARN"),
            "{id}: {line}"
        );
    }
}

/// Each is used, and verifies what its key has signed.
fn assert_usable(usable: impl IntoIterator<Item = (String, Value, Arc<SigningKey>)>) {
    let usable: Vec<_> = usable.into_iter().collect();
    let idp = TestIssuer::new();
    let entries: Vec<_> = usable
        .iter()
        .map(|(id, entry, _)| with(entry.clone(), "kid", json!(id)))
        .collect();
    let gate = trusting(&idp, &entries).spawn();
    let status = gate.admin("/status").send().json();
    assert_eq!(keys_of(&status, "refused_keys"), Vec::<Value>::new());
    assert_eq!(keys_of(&status, "keys").len(), usable.len());
    for (id, _, key) in usable {
        assert_eq!(
            gate.verdict(&idp.token_by(key).header("kid", id.as_str()).sign()),
            "200",
            "{id}"
        );
    }
}

fn serve(idp: &TestIssuer, key_set: &str, level: &str) -> Service {
    let settings = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("ISSUER", &idp.url()),
        ("AUDIENCE", "api"),
        ("JWKS", key_set),
        ("LOG", level),
        ("LOG_FORMAT", "json"),
    ];
    Service::start(&["serve"], &settings)
}

fn trusting(idp: &TestIssuer, entries: &[Value]) -> GateBuilder {
    TestGate::new()
        .trusting(idp)
        .set("JWKS", json!({ "keys": entries }).to_string())
}

fn keys_of(status: &Value, list: &str) -> Vec<Value> {
    status["issuers"][0][list].as_array().unwrap().clone()
}

fn named(refused: &[Refused]) -> Vec<Value> {
    refused
        .iter()
        .map(|(id, entry, _)| with(entry.clone(), "kid", json!(id)))
        .collect()
}

/// The public half, without a name.
fn public(key: &SigningKey) -> Value {
    without(key.to_public_jwk(None).unwrap(), "kid")
}

fn bytes_of(key: &SigningKey, member: &str) -> Vec<u8> {
    decode_base64url(public(key)[member].as_str().unwrap()).unwrap()
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

/// A certificate that is good from one year to another, as `x5c` writes it.
fn certificate(from: i32, until: i32) -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut parameters = rcgen::CertificateParams::default();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    STANDARD.encode(parameters.self_signed(&key).unwrap().der())
}
