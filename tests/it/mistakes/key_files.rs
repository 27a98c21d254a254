//! Mistakes in files of keys and certificates.

use rcgen::{CertificateParams, KeyPair, PublicKeyData};

use super::{Mistake, made};

fn file(name: &'static str, setting: &str, contents: impl AsRef<[u8]>) -> Mistake {
    Mistake::checking(name)
        .beside_good()
        .holding("file.pem", contents)
        .set(setting, "{dir}/file.pem")
}

fn tls(name: &'static str, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Mistake {
    file(name, "TLS_CERTIFICATE_FILE", certificate)
        .holding("key.pem", key)
        .set("TLS_KEY_FILE", "{dir}/key.pem")
}

/// A certificate with its key.
fn certified() -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["doorward.example".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    (certificate, key)
}

#[test]
fn of_keys() {
    let (certificate, key) = certified();
    let cut = |pem: &str| pem[..pem.len() / 2].to_owned();
    let told = made(vec![
        file(
            "a private key for the public one",
            "PUBLIC_KEY_FILE",
            key.serialize_pem(),
        ),
        file(
            "a public key in DER",
            "PUBLIC_KEY_FILE",
            key.subject_public_key_info(),
        ),
        file("a certificate in DER", "PUBLIC_KEY_FILE", certificate.der()),
        file(
            "a public key that was cut off",
            "PUBLIC_KEY_FILE",
            cut(&key.public_key_pem()),
        ),
        file(
            "a text for a public key",
            "PUBLIC_KEY_FILE",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me\n",
        ),
        file(
            "a key set for a public key",
            "PUBLIC_KEY_FILE",
            r#"{"keys": []}"#,
        ),
        file(
            "a key of an algorithm that is not allowed",
            "PUBLIC_KEY_FILE",
            key.public_key_pem(),
        )
        .set("ALGORITHMS", "RS256"),
        file(
            "a PEM file for a key set",
            "JWKS_FILE",
            key.public_key_pem(),
        ),
        file("a key set without keys", "JWKS_FILE", r#"{"keys": []}"#),
        file(
            "a single key for a key set",
            "JWKS_FILE",
            r#"{"kty": "EC"}"#,
        ),
        file("an authority in DER", "JWKS_CA_FILE", certificate.der()),
        file(
            "a key for an authority",
            "JWKS_CA_FILE",
            key.serialize_pem(),
        ),
        file("a text for an authority", "JWKS_CA_FILE", "idp.example\n"),
    ]);
    insta::assert_snapshot!("keys", told);
}

#[test]
fn of_tls() {
    let ((certificate, key), (_, other)) = (certified(), certified());
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let told = made(vec![
        tls(
            "a certificate in DER",
            certificate.der(),
            key.serialize_pem(),
        ),
        tls(
            "a private key in DER",
            certificate.pem(),
            key.serialize_der(),
        ),
        tls(
            "the key of another certificate",
            certificate.pem(),
            other.serialize_pem(),
        ),
        tls("an encrypted key", certificate.pem(), encrypted),
        tls(
            "both files exchanged",
            key.serialize_pem(),
            certificate.pem(),
        ),
        file(
            "a certificate without key",
            "TLS_CERTIFICATE_FILE",
            certificate.pem(),
        ),
        file(
            "a key without certificate",
            "TLS_KEY_FILE",
            key.serialize_pem(),
        ),
        file(
            "certificates of clients without TLS",
            "TLS_CLIENT_CA_FILE",
            certificate.pem(),
        ),
    ]);
    insta::assert_snapshot!("tls", told);
}
