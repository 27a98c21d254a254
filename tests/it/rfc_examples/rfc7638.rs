//! RFC 7638: the thumbprint of a key.

use doorward::jose::SigningKey;
use serde_json::{Map, json};

use super::rfc7517::{private_rsa_key, public_rsa_key};
use super::{gate_with_key, sha256};

const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// Nothing here computes thumbprints, and nothing needs to: they are names that an issuer chose.
#[test]
fn section_3_1_as_key_name() {
    let mut jwk = public_rsa_key();
    let required = format!(
        r#"{{"e":"AQAB","kty":"RSA","n":"{}"}}"#,
        jwk["n"].as_str().unwrap()
    );
    assert_eq!(
        sha256(&required),
        THUMBPRINT,
        "the key is that of the example"
    );
    jwk["kid"] = THUMBPRINT.into();
    let gate = gate_with_key("joe", &jwk);
    let key = SigningKey::parse(&private_rsa_key().to_string(), None).unwrap();
    let claims = json!({"iss": "joe", "exp": gate.clock.secs() + 60});
    let old_name = key.sign(&Map::new(), &claims).unwrap();
    let by_thumbprint = key.with_id(THUMBPRINT).sign(&Map::new(), &claims).unwrap();
    assert_eq!(gate.verdict(&by_thumbprint), "200");
    assert_eq!(gate.verdict(&old_name), "401 key_unknown");
}
