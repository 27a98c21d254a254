//! Tokens that another implementation signed, and our development tokens as another implementation
//! sees them.

use doorward::domain::Clock;
use doorward::jose::{Algorithm, Algorithms, SigningKey};
use doorward::platform::SystemClock;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Map, Value, json};

use crate::comparison::Comparison;
use crate::support::TestGate;

type FromPem = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;

#[test]
fn tokens_by_another_implementation_pass() {
    let keys: [(
        &rcgen::SignatureAlgorithm,
        FromPem,
        &[jsonwebtoken::Algorithm],
    ); 4] = [
        (
            &rcgen::PKCS_RSA_SHA256,
            EncodingKey::from_rsa_pem,
            &RSA_ALGORITHMS,
        ),
        (
            &rcgen::PKCS_ECDSA_P256_SHA256,
            EncodingKey::from_ec_pem,
            &[jsonwebtoken::Algorithm::ES256],
        ),
        (
            &rcgen::PKCS_ECDSA_P384_SHA384,
            EncodingKey::from_ec_pem,
            &[jsonwebtoken::Algorithm::ES384],
        ),
        (
            &rcgen::PKCS_ED25519,
            EncodingKey::from_ed_pem,
            &[jsonwebtoken::Algorithm::EdDSA],
        ),
    ];
    for (kind, from_pem, algorithms) in keys {
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        let signing = from_pem(key.serialize_pem().as_bytes()).unwrap();
        for algorithm in algorithms {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), key.public_key_pem()).unwrap();
            let gate = TestGate::new()
                .set("ISSUER", "https://idp.example")
                .set("AUDIENCE", "api")
                .set("PUBLIC_KEY_FILE", file.path().to_str().unwrap())
                .set("ALGORITHMS", format!("{algorithm:?}"))
                .spawn();
            let token = encode(
                &Header::new(*algorithm),
                &claims(gate.clock.secs()),
                &signing,
            )
            .unwrap();
            assert_eq!(gate.verdict(&token), "200", "{algorithm:?}");
        }
    }
}

#[test]
fn tokens_by_a_shared_secret_pass() {
    use jsonwebtoken::Algorithm::{HS256, HS384, HS512};
    let secret = "0123456789abcdef".repeat(4);
    for algorithm in [HS256, HS384, HS512] {
        let gate = TestGate::new()
            .set("ISSUER", "https://idp.example")
            .set("AUDIENCE", "api")
            .set("HMAC_SECRET", &secret)
            .set("ALGORITHMS", format!("{algorithm:?}"))
            .spawn();
        let key = EncodingKey::from_secret(secret.as_bytes()).unwrap();
        let token = encode(&Header::new(algorithm), &claims(gate.clock.secs()), &key).unwrap();
        assert_eq!(gate.verdict(&token), "200", "{algorithm:?}");
    }
}

#[test]
fn another_implementation_accepts_our_signatures() {
    for algorithm in Algorithms::asymmetric()
        .iter()
        .filter(|algorithm| !UNKNOWN_TO_IT.contains(algorithm))
    {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign(&Map::new(), &claims(1_000)).unwrap();
        let jwk = serde_json::from_value(key.to_public_jwk(None).unwrap()).unwrap();
        let mut validation = Validation::new(algorithm.name().parse().unwrap());
        validation.validate_exp = false;
        validation.set_audience(&["api"]);
        let decoded = decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation);
        assert_eq!(decoded.unwrap().claims["sub"], "alice", "{algorithm}");
    }
}

#[test]
fn generated_tokens_are_judged_alike_or_differ_for_a_known_reason() {
    for algorithm in [Algorithm::HS256, Algorithm::EdDSA] {
        let tally = Comparison::new(algorithm, SystemClock.now().as_secs()).run(2_000, 1);
        assert!(
            tally.both_accept > 200 && tally.both_deny > 200,
            "the tokens are all alike"
        );
        assert_eq!(tally.failures, 0, "{}", tally.descriptions.join("\n\n"));
    }
}

/// What the other implementation does not know.
const UNKNOWN_TO_IT: [Algorithm; 5] = [
    Algorithm::ES512,
    Algorithm::ES256K,
    Algorithm::ML_DSA_44,
    Algorithm::ML_DSA_65,
    Algorithm::ML_DSA_87,
];

const RSA_ALGORITHMS: [jsonwebtoken::Algorithm; 6] = {
    use jsonwebtoken::Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    [RS256, RS384, RS512, PS256, PS384, PS512]
};

fn claims(now: i64) -> Value {
    json!({"iss": "https://idp.example", "aud": "api", "sub": "alice", "iat": now, "exp": now + 60})
}
