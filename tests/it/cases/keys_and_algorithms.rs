//! Groups B and D: who may sign a token and how, and which entries of a key set count.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Value, json};

use super::wire::{assert_allowed_as, assert_each_denied, assert_token_denied};
use crate::support::{TestGate, TestIssuer, TokenBuilder, key};

#[test]
fn b1_alg_none_in_any_spelling_is_refused() {
    let (idp, gate) = fixture();
    let variants = [
        (json!("none"), "algorithm_not_allowed"),
        (json!("None"), "algorithm_not_allowed"),
        (json!("NONE"), "algorithm_not_allowed"),
        (json!("nOnE"), "algorithm_not_allowed"),
        (json!(""), "algorithm_not_allowed"),
        (json!(" none"), "algorithm_not_allowed"),
        (json!("none\u{0}"), "algorithm_not_allowed"),
        (Value::Null, "token_malformed"),
        (json!(1), "token_malformed"),
        (json!(0), "token_malformed"),
        (json!(["RS256"]), "token_malformed"),
        (json!(["ES256"]), "token_malformed"),
        (json!({"alg": "ES256"}), "token_malformed"),
    ];
    for (alg, reason) in variants {
        assert_denied_signed_or_not(
            &gate,
            &idp.token().header("alg", alg.clone()),
            reason,
            &alg.to_string(),
        );
    }
    assert_denied_signed_or_not(
        &gate,
        &idp.token().without_header("alg"),
        "token_malformed",
        "missing",
    );
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

#[test]
fn b2_algorithms_outside_the_list_are_refused() {
    let keys = [
        Algorithm::ES256,
        Algorithm::RS256,
        Algorithm::EdDSA,
        Algorithm::ES384,
    ]
    .map(key);
    let idp = TestIssuer::with_keys(keys.to_vec());
    let gate = TestGate::new().trusting(&idp).spawn();
    let claimed = [
        "HS256", "HS384", "HS512", "ES512", "ES256K", "Ed448", "RS1", "HS1", "RSA-OAEP", "dir",
        "es256", "ES256 ",
    ];
    let tokens = claimed.map(|alg| (alg, idp.token().header("alg", alg).sign()));
    assert_each_denied(&gate, "algorithm_not_allowed", tokens);
    let narrow = TestGate::new()
        .trusting(&idp)
        .set("ALGORITHMS", "ES256")
        .spawn();
    for key in &keys[1..] {
        let token = idp.token_by(key.clone()).sign();
        assert_eq!(gate.verdict(&token), "200", "{}", key.algorithm());
        assert_token_denied(&narrow, &token, "algorithm_not_allowed", key.algorithm());
    }
    assert_eq!(narrow.verdict(&idp.token().sign()), "200");
}

#[test]
fn b3_a_public_key_is_nobodys_secret() {
    for (generator, algorithm) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::ES256),
        (&rcgen::PKCS_RSA_SHA256, Algorithm::RS256),
    ] {
        let pair = rcgen::KeyPair::generate_for(generator).unwrap();
        let own = Arc::new(
            SigningKey::parse(&pair.serialize_pem(), Some(algorithm))
                .unwrap()
                .with_id("own"),
        );
        let idp = TestIssuer::with_keys(vec![own]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pair.public_key_pem()).unwrap();
        let by_pem = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let by_pem = by_pem
            .set("PUBLIC_KEY_FILE", file.path().to_str().unwrap())
            .spawn();
        for gate in [TestGate::new().trusting(&idp).spawn(), by_pem] {
            assert_eq!(gate.verdict(&idp.token().sign()), "200");
            for (what, secret) in published_forms(&pair, &idp.jwks()) {
                for forged in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                    let token = idp.token().header("alg", forged.name());
                    let token = token.signed_by(Arc::new(SigningKey::secret(forged, &secret)));
                    let what = format!("{algorithm} as {forged}: {what}");
                    assert_token_denied(&gate, &token.sign(), "algorithm_not_allowed", &what);
                    assert_token_denied(
                        &gate,
                        &token.without_header("kid").sign(),
                        "algorithm_not_allowed",
                        &what,
                    );
                }
            }
        }
    }
}

#[test]
fn b4_guessed_secrets_open_nothing() {
    let (idp, by_key) = fixture();
    let secret = "8c3f1e0b5d7a49268c3f1e0b5d7a4926";
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", idp.url())
        .set("AUDIENCE", "api");
    let by_secret = gate.set("HMAC_SECRET", secret).spawn();
    let guess = |guess: &[u8]| {
        idp.token_by(Arc::new(SigningKey::secret(Algorithm::HS256, guess)))
            .without_header("kid")
    };
    assert_eq!(
        by_secret.verdict(&guess(secret.as_bytes()).sign()),
        "200",
        "who knows the secret may pass"
    );
    let guesses: Vec<&str> = guesses().collect();
    assert!(guesses.len() >= 97, "{}", guesses.len());
    for password in guesses {
        let token = guess(password.as_bytes()).sign();
        assert_token_denied(&by_key, &token, "algorithm_not_allowed", password);
        assert_token_denied(&by_secret, &token, "signature_invalid", password);
        let weak = TestGate::new()
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api")
            .set("HMAC_SECRET", password);
        assert_eq!(
            weak.configuration().is_err(),
            password.len() < 32,
            "{password:?}"
        );
    }
}

#[test]
fn b5_a_key_is_used_with_its_own_algorithm_only() {
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)
        .unwrap()
        .serialize_pem();
    let rsa = |algorithm| {
        Arc::new(
            SigningKey::parse(&pem, Some(algorithm))
                .unwrap()
                .with_id("rsa"),
        )
    };
    let all = [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    for own in all {
        let idp = TestIssuer::with_keys(vec![rsa(own)]);
        let gate = TestGate::new().trusting(&idp).spawn();
        for used in all {
            let expected = if used == own {
                "200"
            } else {
                "401 algorithm_not_allowed"
            };
            assert_eq!(
                gate.verdict(&idp.token_by(rsa(used)).sign()),
                expected,
                "{used} with a key for {own}"
            );
        }
    }
    let idp = TestIssuer::with_keys(vec![key(Algorithm::ES384)]);
    let gate = TestGate::new().trusting(&idp).spawn();
    assert_token_denied(
        &gate,
        &idp.token().header("alg", "ES256").sign(),
        "algorithm_not_allowed",
        "ES256 on P-384",
    );
    let other_curve = idp
        .token()
        .header("alg", "ES256")
        .signed_by(key(Algorithm::ES256));
    assert_token_denied(
        &gate,
        &other_curve.sign(),
        "algorithm_not_allowed",
        "a P-256 key under the name of P-384",
    );
}

#[test]
fn b7_a_token_does_not_bring_its_own_key() {
    let (idp, gate) = fixture();
    let stranger = Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("stranger"),
    );
    let jwk = stranger.to_public_jwk(None).unwrap();
    let certificate = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
    let x5c = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        certificate.cert.der(),
    );
    let embedded = idp
        .token_by(stranger)
        .header("jwk", jwk)
        .header("x5c", json!([x5c]));
    assert_token_denied(&gate, &embedded.sign(), "key_unknown", "under its own name");
    assert_token_denied(
        &gate,
        &embedded.clone().header("kid", "key-ES256").sign(),
        "signature_invalid",
        "under a known name",
    );
    assert_token_denied(
        &gate,
        &embedded.without_header("kid").sign(),
        "signature_invalid",
        "without a name",
    );
}

#[test]
fn b8_links_to_keys_are_never_followed() {
    let (idp, gate) = fixture();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let stranger = Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("stranger"),
    );
    for link in ["jku", "x5u"] {
        let token = idp.token_by(stranger.clone()).header(link, url.as_str());
        assert_token_denied(&gate, &token.sign(), "key_unknown", link);
        assert_token_denied(
            &gate,
            &token.header("kid", "key-ES256").sign(),
            "signature_invalid",
            link,
        );
        assert_eq!(
            gate.verdict(&idp.token().header(link, url.as_str()).sign()),
            "200",
            "ignored on a good token"
        );
    }
    assert_eq!(
        listener.accept().map(drop).map_err(|error| error.kind()),
        Err(ErrorKind::WouldBlock),
        "nobody came"
    );
}

#[test]
fn b9_strange_key_names_are_unknown_and_leave_no_trace() {
    let (idp, gate) = fixture();
    let long = "long".repeat(2500);
    let names = [
        "../../dev/null",
        "/dev/null",
        "' OR '1'='1",
        "; touch /tmp/x",
        "$(id)",
        "`id`",
        " ",
        "KEY-ES256",
        "key-ES256 ",
        "key-es256",
        "клю\u{301}ч",
        "\u{202e}652SE-yek",
        "a\r\nb: c",
        "\u{0}",
        "\u{1b}[31m",
        "%s%n",
        &long,
    ];
    assert_each_denied(
        &gate,
        "key_unknown",
        names.map(|name| (name.to_owned(), idp.token().header("kid", name).sign())),
    );
    for name in [
        json!(1),
        json!({}),
        json!([]),
        json!(["key-ES256"]),
        json!(true),
        Value::Null,
    ] {
        assert_token_denied(
            &gate,
            &idp.token().header("kid", name.clone()).sign(),
            "token_malformed",
            name,
        );
    }
    let lines = gate.log_lines();
    assert_eq!(lines.len(), names.len() + 6);
    let nameless = idp.token().header("kid", "");
    assert_eq!(
        gate.verdict(&nameless.sign()),
        "200",
        "an empty name is none"
    );
    let stranger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    assert_token_denied(
        &gate,
        &nameless.signed_by(stranger).sign(),
        "signature_invalid",
        "by nobody's key",
    );
    let everything = format!("{lines:?}{}", gate.admin("/metrics").send().body);
    for trace in ["dev/null", "touch", "longlong", "652SE"] {
        assert!(!everything.contains(trace), "{trace}");
    }
    assert!(lines.iter().all(|line| line.to_string().len() < 1024));
}

#[test]
fn b11_spoiled_signatures_are_invalid() {
    for algorithm in [
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::RS256,
        Algorithm::PS256,
    ] {
        let idp = TestIssuer::with_keys(vec![key(algorithm)]);
        let gate = TestGate::new().trusting(&idp).spawn();
        let good = idp.token().sign();
        let (input, signature) = good.rsplit_once('.').unwrap();
        let signature = decode_base64url(signature).unwrap();
        let tokens = spoiled(&signature).into_iter().map(|(what, spoiled)| {
            (
                format!("{algorithm}: {what}"),
                format!("{input}.{}", encode_base64url(spoiled)),
            )
        });
        assert_each_denied(&gate, "signature_invalid", tokens);
        assert_eq!(gate.verdict(&good), "200");
    }
}

#[test]
fn b12_the_ecdsa_twin_of_a_signature_is_the_same_identity() {
    let (idp, gate) = fixture();
    let good = idp.token().sign();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let mut signature = decode_base64url(signature).unwrap();
    let negated = p256_order_minus(&signature[32..]);
    signature[32..].copy_from_slice(&negated);
    let twin = format!("{input}.{}", encode_base64url(signature));
    assert_ne!(twin, good);
    for token in [&good, &twin] {
        assert_allowed_as(
            &gate.get("/verify").bearer(token).send(),
            "alice",
            &idp.url(),
            "good by the specification",
        );
    }
    assert_eq!(
        (super::wire::hits(&gate), super::wire::misses(&gate)),
        (0, 2),
        "but another token to the cache"
    );
}

#[test]
fn b14_without_a_key_name_five_keys_are_tried() {
    let keys: Vec<_> = (0..6)
        .map(|n| {
            SigningKey::generate(Algorithm::EdDSA)
                .unwrap()
                .with_id(n.to_string())
        })
        .collect();
    let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
    let idp = TestIssuer::with_keys(keys.clone());
    let gate = TestGate::new().trusting(&idp).spawn();
    for (position, key) in keys.iter().enumerate() {
        let expected = if position < 5 {
            "200"
        } else {
            "401 signature_invalid"
        };
        assert_eq!(
            gate.verdict(&idp.token_by(key.clone()).without_header("kid").sign()),
            expected,
            "key {position}"
        );
        assert_eq!(
            gate.verdict(&idp.token_by(key.clone()).sign()),
            "200",
            "key {position} by its name"
        );
    }
}

#[test]
fn d2_a_bad_entry_never_spoils_the_good_ones() {
    let idp = TestIssuer::new();
    let good = key(Algorithm::ES256);
    let with = |name: &str, value: Value| with_member(public(&good), name, value);
    let bad = [
        Value::Null,
        json!({}),
        json!([]),
        json!("key"),
        json!(1),
        with("kid", json!(1)),
        with("kid", json!(["x"])),
        with("use", json!(1)),
        with("alg", json!(1)),
        with("kty", Value::Null),
        with("key_ops", json!("verify")),
        with("x", json!("")),
        with("y", json!("!")),
    ];
    for entry in &bad {
        let gate = with_key_set(
            &idp,
            &[
                entry.clone(),
                with("kid", json!("key-ES256")),
                entry.clone(),
            ],
        );
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{entry}");
        let status = gate.admin("/status").send().json();
        let refused = status["issuers"][0]["refused_keys"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(refused.len(), 2, "{entry}: {refused:?}");
        assert!(refused.iter().all(|key| {
            key["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
        }));
    }
    let with_certificate = with_member(with("kid", json!("key-ES256")), "x5c", json!("no list"));
    assert_eq!(
        with_key_set(&idp, &[with_certificate]).verdict(&idp.token().sign()),
        "200",
        "certificates are not read"
    );
}

#[test]
fn d3_keys_for_something_else_are_passed_over() {
    let idp = TestIssuer::new();
    let good = with_member(public(&key(Algorithm::ES256)), "kid", json!("key-ES256"));
    let other = |name: &str, value: Value| {
        with_member(
            with_member(public(&key(Algorithm::EdDSA)), "kid", json!("other")),
            name,
            value,
        )
    };
    for entry in [
        other("use", json!("enc")),
        other("use", json!("SIG")),
        other("key_ops", json!(["encrypt"])),
        other("kty", json!("AKP")),
        other("kty", json!("okp")),
        other("crv", json!("X25519")),
        other("crv", json!("Ed448")),
        other("alg", json!("RSA-OAEP")),
        other("alg", json!("ECDH-ES")),
        other("alg", json!("none")),
    ] {
        let gate = with_key_set(&idp, &[entry.clone(), good.clone()]);
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{entry}");
        let token = idp
            .token_by(key(Algorithm::EdDSA))
            .header("kid", "other")
            .sign();
        assert_token_denied(&gate, &token, "key_unknown", &entry);
    }
    let gate = with_key_set(&idp, &[other("use", json!("sig")), good]);
    assert_eq!(
        gate.verdict(
            &idp.token_by(key(Algorithm::EdDSA))
                .header("kid", "other")
                .sign()
        ),
        "200",
        "for signatures"
    );
}

#[test]
fn d4_a_key_name_that_stands_twice_is_told_apart_or_refused() {
    let stranger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id("k"));
    let [one, other_type] = [key(Algorithm::ES256), key(Algorithm::EdDSA)];
    let named = |key: &SigningKey| with_member(public(key), "kid", json!("k"));
    let idp = TestIssuer::new();
    let by = |key: &Arc<SigningKey>| idp.token_by(key.clone()).header("kid", "k").sign();
    let gate = with_key_set(&idp, &[named(&one), named(&one)]);
    assert_eq!(gate.verdict(&by(&one)), "200", "the same key twice");
    assert_eq!(
        gate.admin("/status").send().json()["issuers"][0]["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let gate = with_key_set(&idp, &[named(&one), named(&other_type)]);
    assert_eq!(
        [gate.verdict(&by(&one)), gate.verdict(&by(&other_type))],
        ["200", "200"],
        "told apart by algorithm"
    );
    let gate = with_key_set(&idp, &[named(&one), named(&stranger), named(&other_type)]);
    for twin in [&one, &stranger] {
        assert_token_denied(
            &gate,
            &by(twin),
            "algorithm_not_allowed",
            "nobody knows which one is meant",
        );
        assert_token_denied(
            &gate,
            &idp.token_by(twin.clone()).without_header("kid").sign(),
            "key_unknown",
            "no name",
        );
    }
    assert_eq!(
        gate.verdict(&by(&other_type)),
        "200",
        "the third one of that name is clear"
    );
}

#[test]
fn d4_an_empty_name_is_none_and_stands_for_no_other() {
    let idp = TestIssuer::new();
    let keys = [(); 2].map(|()| Arc::new(SigningKey::generate(Algorithm::ES256).unwrap()));
    let named = |name: &Value| {
        let entries = keys
            .each_ref()
            .map(|key| with_member(public(key), "kid", name.clone()));
        with_key_set(&idp, &entries)
    };
    for name in [json!(""), Value::Null, json!([])] {
        let gate = named(&name);
        let status = gate.admin("/status").send().json();
        assert_eq!(status["issuers"][0]["refused_keys"], json!([]), "{name}");
        for key in &keys {
            let token = idp.token_by(key.clone());
            assert_eq!(
                gate.verdict(&token.clone().without_header("kid").sign()),
                "200",
                "{name}"
            );
            assert_eq!(
                gate.verdict(&token.clone().header("kid", "").sign()),
                "200",
                "{name}"
            );
            assert_token_denied(
                &gate,
                &token.header("kid", "other").sign(),
                "key_unknown",
                &name,
            );
        }
    }
}

/// The public half, without a name.
fn public(key: &SigningKey) -> Value {
    let mut jwk = key.to_public_jwk(None).unwrap();
    jwk.as_object_mut().unwrap().remove("kid");
    jwk
}

fn with_member(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn with_key_set(idp: &TestIssuer, entries: &[Value]) -> TestGate {
    TestGate::new()
        .trusting(idp)
        .set("JWKS", json!({ "keys": entries }).to_string())
        .spawn()
}

fn fixture() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    (idp, gate)
}

/// Signed by the issuer's own key, with the signature of another token, and with none.
fn assert_denied_signed_or_not(gate: &TestGate, token: &TokenBuilder, reason: &str, what: &str) {
    let signed = token.sign();
    let (input, _) = signed.rsplit_once('.').unwrap();
    for token in [signed.clone(), format!("{input}."), format!("{input}.AAAA")] {
        assert_token_denied(gate, &token, reason, format!("alg {what}: {token}"));
    }
}

/// Everything public that could be taken for the secret.
fn published_forms(pair: &rcgen::KeyPair, jwks: &str) -> Vec<(&'static str, Vec<u8>)> {
    let pem = pair.public_key_pem().replace("\r\n", "\n");
    let key_set: Value = serde_json::from_str(jwks).unwrap();
    let jwk = &key_set["keys"][0];
    let number = ["n", "x"]
        .iter()
        .find_map(|name| jwk[name].as_str())
        .unwrap();
    vec![
        ("PEM", pem.clone().into_bytes()),
        ("PEM without the last line end", pem.trim_end().into()),
        ("PEM with CR LF", pem.replace('\n', "\r\n").into_bytes()),
        (
            "the inside of the PEM",
            pem.lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>()
                .into_bytes(),
        ),
        ("DER", rcgen::PublicKeyData::subject_public_key_info(pair)),
        ("the bare key", pair.public_key_raw().to_vec()),
        ("the bytes of the number", decode_base64url(number).unwrap()),
        ("the text of the number", number.into()),
        ("the JWK", jwk.to_string().into_bytes()),
        ("the key set", jwks.into()),
        ("the key's name", b"own".to_vec()),
    ]
}

fn spoiled(signature: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (head, tail) = signature.split_at(signature.len() / 2);
    let flipped = |position: usize| {
        let mut signature = signature.to_vec();
        signature[position] ^= 1;
        signature
    };
    vec![
        ("nothing", Vec::new()),
        ("one byte", vec![0]),
        ("truncated", signature[..signature.len() - 1].to_vec()),
        ("without its first byte", signature[1..].to_vec()),
        ("half", head.to_vec()),
        ("extended", [signature, &[0]].concat()),
        ("twice", [signature, signature].concat()),
        ("with a leading zero", [&[0], signature].concat()),
        (
            "with a leading zero in both halves",
            [&[0], head, &[0], tail].concat(),
        ),
        ("zeros", vec![0; signature.len()]),
        ("ones", vec![0xFF; signature.len()]),
        ("halves exchanged", [tail, head].concat()),
        ("first bit flipped", flipped(0)),
        ("last bit flipped", flipped(signature.len() - 1)),
        ("DER", der(head, tail)),
    ]
}

/// An ECDSA signature in the form that OpenSSL writes.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let number = [&[0], number].concat();
        [vec![2, u8::try_from(number.len() % 128).unwrap()], number].concat()
    };
    let body = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(body.len() % 128).unwrap()], body].concat()
}

/// The order of P-256 minus this number, both big-endian.
fn p256_order_minus(number: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC,
        0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ];
    let mut borrow = false;
    let mut difference: Vec<u8> = ORDER
        .iter()
        .zip(number)
        .rev()
        .map(|(order, digit)| {
            let (once, first) = order.overflowing_sub(*digit);
            let (twice, second) = once.overflowing_sub(u8::from(borrow));
            borrow = first || second;
            twice
        })
        .collect();
    difference.reverse();
    difference
}

/// Nothing, and what people call a password.
fn guesses() -> impl Iterator<Item = &'static str> {
    std::iter::once("").chain(PASSWORDS.split_whitespace())
}

const PASSWORDS: &str = "
    secret password 123456 12345678 123456789 1234567890 qwerty abc123 111111 000000 123123 letmein welcome monkey dragon
    football baseball iloveyou admin administrator root toor login master hello sunshine princess shadow superman batman
    trustno1 passw0rd p@ssw0rd Password1 password123 password1 changeme changeit default test testing test123 guest user
    demo example sample key private public token jwt jwtsecret jwt-secret jwt_secret my-secret mysecret my_secret
    supersecret super-secret topsecret verysecret your-256-bit-secret your-384-bit-secret your-512-bit-secret
    your_secret_key your-secret-key secretkey secret-key secret_key SecretKey SECRET shhhhh s3cr3t s3cret hmac hmackey
    signature signingkey signing-key apikey api-key auth authsecret session sessionsecret keyboardcat foobar foo bar
    foobarbaz none null undefined true 0 1 secret123 qwertyuiop 1q2w3e4r zaq12wsx asdfgh michael jordan charlie
    00000000000000000000000000000000 a-string-secret-at-least-256-bits-long doorward
";
