use serde_json::{Value, json};

use super::*;
use crate::jose::{Algorithm, SigningKey};

fn jwk(algorithm: Algorithm, id: &str) -> Value {
    SigningKey::generate(algorithm)
        .unwrap()
        .to_public_jwk(Some(id))
        .unwrap()
}

fn read(entries: &Value) -> Result<KeySet, InvalidKeySet> {
    KeySet::from_jwks(
        json!({ "keys": entries }).to_string().as_bytes(),
        &Algorithms::asymmetric(),
    )
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

fn refusal_of(entry: &Value) -> JwkRefusal {
    match read(&json!([entry])) {
        Err(InvalidKeySet::NoUsableKey(refused)) => refused[0].refusal.clone(),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn one_bad_entry_never_spoils_the_rest() {
    let good = jwk(Algorithm::ES256, "good");
    let twice =
        serde_json::value::RawValue::from_string(r#"{"kty":"EC","kty":"RSA"}"#.into()).unwrap();
    let set = read(
        &json!([null, 1, {}, {"kid": 1}, {"kty": "oct", "k": "c2VjcmV0"}, good, with(jwk(Algorithm::ES256, "x5c"), "use", json!(1))]),
    );
    let set = set.unwrap();
    assert_eq!((set.len(), set.refused().len()), (1, 6));
    let text = format!(r#"{{"keys":[{twice},{good}]}}"#);
    assert_eq!(
        KeySet::from_jwks(text.as_bytes(), &Algorithms::asymmetric())
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn documents_that_are_no_key_set() {
    let allowed = Algorithms::asymmetric();
    for text in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        "<html>",
        "\u{feff}{\"keys\":[]}",
        r#"{"keys":[],"keys":[]}"#,
        "[[]]",
    ] {
        assert_eq!(
            KeySet::from_jwks(text.as_bytes(), &allowed).unwrap_err(),
            InvalidKeySet::Malformed,
            "{text}"
        );
    }
    assert_eq!(
        read(&json!([])).unwrap_err(),
        InvalidKeySet::NoUsableKey(Vec::new())
    );
    let many = vec![jwk(Algorithm::EdDSA, "k"); 101];
    assert_eq!(
        read(&json!(many)).unwrap_err(),
        InvalidKeySet::TooManyKeys(101)
    );
    assert!(read(&json!(many[1..])).is_ok(), "100 are not too many");
}

#[test]
fn the_error_describes_the_first_refused_keys() {
    let long = "\n".repeat(1000);
    let error =
        read(&json!([{"kty": "oct", "kid": "s"}, {}, {"kty": "oct", "kid": long}, 1])).unwrap_err();
    let expected = format!(
        r#"no usable key; key "s": {}; key "without id": {}; key "{}": {}"#,
        JwkRefusal::Secret,
        JwkRefusal::Member("kty"),
        r"\n".repeat(64),
        JwkRefusal::Secret,
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn bad_keys_are_refused() {
    let rsa = || jwk(Algorithm::RS256, "r");
    let ec = || jwk(Algorithm::ES256, "e");
    let ed = || jwk(Algorithm::EdDSA, "d");
    assert_eq!(
        refusal_of(&json!({"kty": "oct", "k": "c2VjcmV0"})),
        JwkRefusal::Secret
    );
    assert_eq!(
        refusal_of(&with(rsa(), "use", json!("enc"))),
        JwkRefusal::Encryption
    );
    assert_eq!(
        refusal_of(&with(rsa(), "use", json!("tls"))),
        JwkRefusal::Use
    );
    assert_eq!(
        refusal_of(&with(rsa(), "key_ops", json!(["sign"]))),
        JwkRefusal::Operations
    );
    assert_eq!(
        refusal_of(&with(rsa(), "key_ops", json!("verify"))),
        JwkRefusal::Member("key_ops")
    );
    assert_eq!(
        refusal_of(&with(rsa(), "alg", json!("ES256"))),
        JwkRefusal::Algorithm
    );
    assert_eq!(
        refusal_of(&with(rsa(), "alg", json!("RSA-OAEP"))),
        JwkRefusal::Algorithm
    );
    assert_eq!(
        refusal_of(&with(rsa(), "n", json!("AQAB"))),
        JwkRefusal::RsaBits(17)
    );
    assert_eq!(
        refusal_of(&with(rsa(), "n", json!(""))),
        JwkRefusal::RsaBits(0)
    );
    for exponent in ["AQ", "Ag", "AAAA", "", "AgAAAAAB_w"] {
        assert_eq!(
            refusal_of(&with(rsa(), "e", json!(exponent))),
            JwkRefusal::RsaExponent,
            "{exponent}"
        );
    }
    assert_eq!(
        refusal_of(&with(ec(), "crv", json!("P-384"))),
        JwkRefusal::Algorithm
    );
    assert_eq!(
        refusal_of(&with(ec(), "crv", json!("secp256k1"))),
        JwkRefusal::Algorithm
    );
    assert_eq!(
        refusal_of(&with(ec(), "crv", json!("P-192"))),
        JwkRefusal::Unsupported
    );
    assert_eq!(
        refusal_of(&with(ec(), "x", json!("AAAA"))),
        JwkRefusal::Point
    );
    assert_eq!(
        refusal_of(&with(ec(), "x", json!("A".repeat(43)))),
        JwkRefusal::Point
    );
    assert_eq!(
        refusal_of(&with(ed(), "x", json!("AAAA"))),
        JwkRefusal::Point
    );
    assert_eq!(
        refusal_of(&with(ed(), "crv", json!("Ed448"))),
        JwkRefusal::Unsupported
    );
}

#[test]
fn points_lie_on_their_curve() {
    for algorithm in [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::ES256K,
    ] {
        let good = jwk(algorithm, "e");
        let x = good["x"].as_str().unwrap().to_owned();
        assert_eq!(
            refusal_of(&with(good.clone(), "y", json!(x))),
            JwkRefusal::Point,
            "{algorithm}"
        );
        let zeros = json!("A".repeat(x.len()));
        let origin = with(with(good.clone(), "x", zeros.clone()), "y", zeros);
        assert_eq!(refusal_of(&origin), JwkRefusal::Point, "{algorithm}");
        let longer = crate::jose::decode_base64url(&x).unwrap();
        let longer = crate::jose::encode_base64url([&[1], longer.as_slice()].concat());
        assert_eq!(
            refusal_of(&with(good, "x", json!(longer))),
            JwkRefusal::Point,
            "{algorithm}"
        );
    }
}

#[test]
fn edwards_points_lie_on_the_curve_and_have_a_large_order() {
    let refusal = |point: [u8; 32]| {
        refusal_of(&with(
            jwk(Algorithm::EdDSA, "d"),
            "x",
            json!(crate::jose::encode_base64url(point)),
        ))
    };
    let least = |byte: u8, highest: u8| {
        let mut point = [0; 32];
        (point[0], point[31]) = (byte, highest);
        point
    };
    assert_eq!(refusal(least(2, 0)), JwkRefusal::Point, "no x for this y");
    assert_eq!(refusal(least(0, 0)), JwkRefusal::Degenerate, "order 4");
    assert_eq!(
        refusal(least(1, 0)),
        JwkRefusal::Degenerate,
        "the neutral element"
    );
    let order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let order_8: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&order_8[2 * at..][..2], 16).unwrap())
        .collect();
    assert_eq!(refusal(order_8.try_into().unwrap()), JwkRefusal::Degenerate);
    // p + 1, another encoding of the neutral element.
    let mut other_spelling = [0xFF; 32];
    (other_spelling[0], other_spelling[31]) = (0xEE, 0x7F);
    assert_eq!(refusal(other_spelling), JwkRefusal::Point);
}

#[test]
fn lattice_keys_name_their_algorithm() {
    let good = || jwk(Algorithm::ML_DSA_44, "l");
    let mut without = good();
    without.as_object_mut().unwrap().remove("alg");
    assert_eq!(refusal_of(&without), JwkRefusal::Algorithm);
    assert_eq!(
        refusal_of(&with(good(), "alg", json!("ES256"))),
        JwkRefusal::Algorithm
    );
    let length = JwkRefusal::Length(1312, Algorithm::ML_DSA_65);
    assert_eq!(refusal_of(&with(good(), "alg", json!("ML-DSA-65"))), length);
    assert_eq!(
        refusal_of(&with(good(), "pub", json!("AAAA"))),
        JwkRefusal::Length(3, Algorithm::ML_DSA_44)
    );
    assert_eq!(
        refusal_of(&with(good(), "pub", json!(1))),
        JwkRefusal::Member("pub")
    );
    let zeros = crate::jose::encode_base64url([vec![1; 32], vec![0; 1280]].concat());
    assert_eq!(
        refusal_of(&with(good(), "pub", json!(zeros))),
        JwkRefusal::Degenerate
    );
    assert_eq!(
        read(&json!([good()]))
            .unwrap()
            .iter()
            .next()
            .unwrap()
            .algorithm(),
        Algorithm::ML_DSA_44
    );
}

#[test]
fn a_published_private_part_is_recorded_and_not_used() {
    let key = jwk(Algorithm::ES256, "e");
    for member in ["d", "priv", "p"] {
        let set = read(&json!([
            key,
            with(jwk(Algorithm::EdDSA, "x"), member, json!("AAAA"))
        ]))
        .unwrap();
        let recorded: Vec<_> = set
            .iter()
            .map(VerificationKey::is_private_part_published)
            .collect();
        assert_eq!(recorded, [false, true], "{member}");
        let twice = [key.clone(), with(key.clone(), member, json!("AAAA"))];
        let set = read(&json!(twice)).unwrap();
        let recorded: Vec<_> = set
            .iter()
            .map(VerificationKey::is_private_part_published)
            .collect();
        assert_eq!(recorded, [true], "{member} beside the same key without it");
    }
}

#[test]
fn coordinates_may_have_more_or_fewer_leading_zeros() {
    let decoded = |key: &Value, name: &str| {
        crate::jose::decode_base64url(key[name].as_str().unwrap()).unwrap()
    };
    for algorithm in [Algorithm::ES256, Algorithm::ES512] {
        // One coordinate in 256 starts with a zero byte; for P-521 it is every second one.
        let short = loop {
            let key = jwk(algorithm, "e");
            if decoded(&key, "x")[0] == 0 {
                break key;
            }
        };
        let x = decoded(&short, "x");
        let with_x = |bytes: &[u8]| {
            with(
                short.clone(),
                "x",
                json!(crate::jose::encode_base64url(bytes)),
            )
        };
        let encodings = [
            &x[1..],
            &[&[0], x.as_slice()].concat(),
            &[&[0; 9], x.as_slice()].concat(),
        ]
        .map(with_x);
        let set = read(&json!([short, encodings[0], encodings[1], encodings[2]])).unwrap();
        assert_eq!(
            (set.len(), set.refused()),
            (1, &[][..]),
            "{algorithm}: the same point"
        );
        assert_eq!(
            refusal_of(&with_x(&[])),
            JwkRefusal::Point,
            "{algorithm}: nothing is no number"
        );
    }
}

#[test]
fn leading_zeros_of_a_modulus_are_cut_off() {
    let rsa = jwk(Algorithm::RS256, "r");
    let n = crate::jose::decode_base64url(rsa["n"].as_str().unwrap()).unwrap();
    let padded = crate::jose::encode_base64url([&[0, 0], n.as_slice()].concat());
    assert_eq!(
        read(&json!([rsa, with(rsa.clone(), "n", json!(padded))]))
            .unwrap()
            .len(),
        1,
        "the same key"
    );
}

#[test]
fn a_modulus_is_odd() {
    let rsa = jwk(Algorithm::RS256, "r");
    let n = crate::jose::decode_base64url(rsa["n"].as_str().unwrap()).unwrap();
    let ending_in = |last: u8| {
        let n = [&n[..n.len() - 1], &[last]].concat();
        with(rsa.clone(), "n", json!(crate::jose::encode_base64url(n)))
    };
    for even in [0, 2, 0xFE] {
        assert_eq!(refusal_of(&ending_in(even)), JwkRefusal::Unusable, "{even}");
    }
    for odd in [1, 0xFF] {
        assert!(read(&json!([ending_in(odd)])).is_ok(), "{odd}");
    }
}

#[test]
fn a_key_is_its_material_with_its_id_and_issuer() {
    let of = |entries: &[&Value]| read(&json!(entries)).unwrap();
    let (a, b) = (jwk(Algorithm::ES256, "a"), jwk(Algorithm::ES256, "b"));
    let (a_as_b, other_a) = (
        with(a.clone(), "kid", json!("b")),
        jwk(Algorithm::ES256, "a"),
    );
    let (a_of_x, a_of_y) = (
        with(a.clone(), "issuer", json!("x")),
        with(a.clone(), "issuer", json!("y")),
    );
    let set = of(&[&a, &b]);
    assert!(set.iter().all(|key| set.contains(key)) && set.len() == 2 && !set.is_empty());
    for stranger in [&a_as_b, &other_a, &a_of_x] {
        assert!(
            !set.contains(of(&[stranger]).iter().next().unwrap()),
            "{stranger}"
        );
    }
    assert!(set.has_same_keys_as(&of(&[&b, &a])));
    let c = jwk(Algorithm::ES256, "c");
    for entries in [
        &[&a][..],
        &[&a, &a_as_b],
        &[&other_a, &b],
        &[&a, &b, &c],
        &[&a_of_x, &b],
    ] {
        let other = of(entries);
        assert!(
            !set.has_same_keys_as(&other) && !other.has_same_keys_as(&set),
            "{entries:?}"
        );
    }
    assert!(
        !of(&[&a_of_x]).has_same_keys_as(&of(&[&a_of_y]))
            && of(&[&a_of_x]).has_same_keys_as(&of(&[&a_of_x]))
    );
    assert!(KeySet::default().is_empty());
}

#[test]
fn duplicate_ids() {
    let (a, b) = (jwk(Algorithm::ES256, "k"), jwk(Algorithm::ES256, "k"));
    assert_eq!(
        read(&json!([a, a])).unwrap().len(),
        1,
        "the same key twice is one"
    );
    let of_x = with(a.clone(), "issuer", json!("x"));
    assert_eq!(
        read(&json!([of_x, of_x])).unwrap().len(),
        1,
        "the same limit twice too"
    );
    assert!(
        read(&json!([of_x, a])).is_err() && read(&json!([a, of_x])).is_err(),
        "for whom?"
    );
    let set = read(&json!([a, jwk(Algorithm::EdDSA, "k")])).unwrap();
    assert_eq!(
        set.candidates(Some("k"), Algorithm::EdDSA)
            .unwrap()
            .iter()
            .count(),
        1,
        "told apart by algorithm"
    );
    let set = read(&json!([a, b, jwk(Algorithm::ES256, "other")])).unwrap();
    assert_eq!(set.len(), 1, "both are refused");
    assert!(
        set.refused()
            .iter()
            .all(|key| key.refusal == JwkRefusal::Duplicate)
    );
}

#[test]
fn empty_members_count_as_absent() {
    for member in ["use", "key_ops", "alg", "kid", "d", "oth", "priv"] {
        for nothing in [Value::Null, json!(""), json!([])] {
            let set = read(&json!([with(jwk(Algorithm::ES256, "e"), member, nothing)])).unwrap();
            let key = set.iter().next().unwrap();
            assert!(!key.is_private_part_published(), "{member}");
            assert_eq!(key.id(), (member != "kid").then_some("e"));
        }
    }
    assert_eq!(
        refusal_of(&with(jwk(Algorithm::ES256, "e"), "kty", Value::Null)),
        JwkRefusal::Member("kty")
    );
}

#[test]
fn keys_for_encryption_are_not_refused() {
    let good = jwk(Algorithm::ES256, "e");
    let bare = |algorithm, id: &str| with(jwk(algorithm, id), "use", Value::Null);
    let set = read(&json!([
        with(jwk(Algorithm::RS256, "use"), "use", json!("enc")),
        with(bare(Algorithm::RS256, "alg"), "alg", json!("RSA-OAEP-256")),
        with(
            bare(Algorithm::RS256, "ops"),
            "key_ops",
            json!(["encrypt", "wrapKey"])
        ),
        good,
    ]));
    let set = set.unwrap();
    assert_eq!((set.len(), set.refused()), (1, &[][..]));
    assert_eq!(
        set.for_encryption().collect::<Vec<_>>(),
        [Some("use"), Some("alg"), Some("ops")]
    );
    let contradicts = with(jwk(Algorithm::RS256, "r"), "alg", json!("RSA-OAEP"));
    assert_eq!(
        refusal_of(&contradicts),
        JwkRefusal::Algorithm,
        "and use is sig"
    );
}

#[test]
fn a_key_without_alg_gets_all_of_its_family() {
    let mut rsa = jwk(Algorithm::RS256, "r");
    rsa.as_object_mut().unwrap().remove("alg");
    let text = json!({ "keys": [rsa] }).to_string();
    let by = |allowed: &Algorithms| {
        let set = KeySet::from_jwks(text.as_bytes(), allowed).unwrap();
        assert_eq!(set.len(), 1, "one key, whatever it is used with");
        set.published()[0].algorithm_names()
    };
    assert_eq!(
        by(&Algorithms::asymmetric()),
        "RS256, RS384, RS512, PS256, PS384, PS512"
    );
    assert_eq!(
        by(&Algorithms::new(vec![Algorithm::PS384, Algorithm::RS256])),
        "RS256, PS384"
    );
    assert_eq!(
        by(&Algorithms::new(vec![Algorithm::RS512, Algorithm::RS512])),
        "RS512"
    );
}

#[test]
fn duplicates_are_refused_for_all_of_their_algorithms() {
    let mut any = jwk(Algorithm::RS256, "k");
    any.as_object_mut().unwrap().remove("alg");
    let other = jwk(Algorithm::PS384, "k");
    let set = read(&json!([any, other, jwk(Algorithm::ES256, "k")])).unwrap();
    assert_eq!(set.len(), 1);
    assert!(
        set.refused()
            .iter()
            .all(|key| key.refusal == JwkRefusal::Duplicate)
            && set.refused().len() == 2
    );
    assert_eq!(set.iter().next().unwrap().algorithm(), Algorithm::ES256);
}
