use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING,
    ML_DSA_87_SIGNING, PqdsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::jose::{Algorithm, PublishedKey};

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

fn read(pem: &str, allowed: &[Algorithm]) -> Result<Algorithm, InvalidPem> {
    let set = KeySet::from_pem(pem.as_bytes(), &Algorithms::new(allowed.to_vec()))?;
    Ok(set.iter().next().unwrap().algorithm())
}

fn names(pem: &str, allowed: &Algorithms) -> Result<String, InvalidPem> {
    let set = KeySet::from_pem(pem.as_bytes(), allowed)?;
    Ok(set
        .published()
        .iter()
        .map(PublishedKey::algorithm_names)
        .collect::<Vec<_>>()
        .join("; "))
}

/// Returns the PEM of a new RSASSA-PSS key with these parameters (DER in hexadecimal).
fn pss(parameters: &str) -> String {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap())
            .collect()
    };
    // Each body here is shorter than 128 bytes or longer than 255.
    let tagged = |tag: u8, body: &[u8]| match u8::try_from(body.len()) {
        Ok(length @ ..128) => [&[tag, length], body].concat(),
        _ => [
            &[tag, 0x82],
            &u16::try_from(body.len()).unwrap().to_be_bytes()[..],
            body,
        ]
        .concat(),
    };
    let key_type = [hex("06092a864886f70d01010a"), hex(parameters)].concat();
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let bits = [&[0], key.public_key().as_ref()].concat();
    pem(
        "PUBLIC KEY",
        &tagged(0x30, &[tagged(0x30, &key_type), tagged(3, &bits)].concat()),
    )
}

#[test]
fn plain_rsa_keys_work_with_every_rsa_algorithm() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let text = pem("RSA PUBLIC KEY", rsa.public_key().as_ref());
    assert_eq!(
        names(&text, &Algorithms::asymmetric()).unwrap(),
        "RS256, RS384, RS512, PS256, PS384, PS512"
    );
    let some = Algorithms::new(vec![Algorithm::PS384, Algorithm::ES256, Algorithm::RS256]);
    assert_eq!(names(&text, &some).unwrap(), "RS256, PS384");
}

#[test]
fn pss_keys_work_with_what_their_parameters_allow() {
    let hash = |number: &str| format!("300d06096086480165030402{number}0500");
    let restricted = |number: &str, mask: &str, rest: &str| {
        let mask = format!("301a06092a864886f70d010108{}", hash(mask));
        let body = format!("a00f{}a11c{mask}{rest}", hash(number));
        pss(&format!("30{:02x}{body}", body.len() / 2))
    };
    let all = Algorithms::asymmetric();
    assert_eq!(names(&pss(""), &all).unwrap(), "PS256, PS384, PS512");
    assert_eq!(
        names(&restricted("01", "01", "a203020120"), &all).unwrap(),
        "PS256"
    );
    assert_eq!(
        names(&restricted("02", "02", "a203020114"), &all).unwrap(),
        "PS384",
        "a longer salt is fine"
    );
    assert_eq!(
        names(&restricted("03", "03", "a203020140"), &all).unwrap(),
        "PS512"
    );
    for (what, refused) in [
        ("SHA-1", pss("3000")),
        (
            "another hash for the mask",
            restricted("01", "02", "a203020120"),
        ),
        (
            "a longer salt than the algorithm has",
            restricted("01", "01", "a203020121"),
        ),
        (
            "another trailer",
            restricted("01", "01", "a203020120a303020102"),
        ),
        ("no parameters", pss("0500")),
    ] {
        assert_eq!(
            names(&refused, &all),
            Err(JwkRefusal::Algorithm.into()),
            "{what}"
        );
    }
    assert_eq!(
        read(&pss(""), &[Algorithm::RS256]),
        Err(JwkRefusal::NotAllowed.into())
    );
}

#[test]
fn certificates_and_public_keys_of_every_type() {
    for (generator, algorithm) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::ES256),
        (&rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::ES384),
        (&rcgen::PKCS_ECDSA_P521_SHA512, Algorithm::ES512),
        (&rcgen::PKCS_ED25519, Algorithm::EdDSA),
        (&rcgen::PKCS_RSA_SHA256, Algorithm::PS256),
    ] {
        let key = rcgen::KeyPair::generate_for(generator).unwrap();
        let certificate = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        assert_eq!(read(&key.public_key_pem(), &[algorithm]), Ok(algorithm));
        assert_eq!(read(&certificate.pem(), &[algorithm]), Ok(algorithm));
        assert_eq!(
            read(&key.serialize_pem(), &[algorithm]),
            Err(InvalidPem::PrivateKey)
        );
    }
}

#[test]
fn every_key_of_a_file_is_read_once() {
    let allowed = Algorithms::asymmetric();
    let key = |generator| {
        rcgen::KeyPair::generate_for(generator)
            .unwrap()
            .public_key_pem()
    };
    let five: String = (0..MAX_CANDIDATES)
        .map(|_| key(&rcgen::PKCS_ED25519))
        .collect();
    let others = key(&rcgen::PKCS_ECDSA_P256_SHA256) + &five;
    assert_eq!(
        KeySet::from_pem((five.clone() + &others).as_bytes(), &allowed)
            .unwrap()
            .len(),
        6,
        "some stand twice"
    );
    let six = five + &key(&rcgen::PKCS_ED25519);
    let refusal = KeySet::from_pem(six.as_bytes(), &allowed).unwrap_err();
    assert_eq!(refusal, InvalidPem::TooManyKeys(Algorithm::EdDSA));
}

#[test]
fn public_keys_of_rarer_types() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    assert_eq!(
        read(
            &pem("RSA PUBLIC KEY", rsa.public_key().as_ref()),
            &[Algorithm::RS384]
        ),
        Ok(Algorithm::RS384)
    );
    let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap();
    let spki: PublicKeyX509Der<'_> = ecdsa.public_key().as_der().unwrap();
    assert_eq!(
        read(&pem("PUBLIC KEY", spki.as_ref()), &[Algorithm::ES256K]),
        Ok(Algorithm::ES256K)
    );
    for (parameters, algorithm) in [
        (&ML_DSA_44_SIGNING, Algorithm::ML_DSA_44),
        (&ML_DSA_65_SIGNING, Algorithm::ML_DSA_65),
        (&ML_DSA_87_SIGNING, Algorithm::ML_DSA_87),
    ] {
        let lattice = PqdsaKeyPair::generate(parameters).unwrap();
        let spki: PublicKeyX509Der<'_> = lattice.public_key().as_der().unwrap();
        assert_eq!(
            read(&pem("PUBLIC KEY", spki.as_ref()), &[algorithm]),
            Ok(algorithm)
        );
    }
}

#[test]
fn files_without_a_usable_public_key_are_refused() {
    let all = [Algorithm::RS256, Algorithm::ES256];
    assert_eq!(read("", &all), Err(InvalidPem::NoKey));
    let good = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
        .unwrap()
        .public_key_pem();
    assert_eq!(read(&good, &all), Ok(Algorithm::ES256));
    assert_eq!(
        read(&format!("# the key of the house\n{good}"), &all),
        Ok(Algorithm::ES256)
    );
    for broken in [
        good.replacen('-', "", 1),
        good.replacen("-----B", " -----B", 1),
        good.replace("END", "ENT"),
    ] {
        assert_eq!(
            read(&format!("{good}{broken}"), &all),
            Err(InvalidPem::Malformed),
            "{broken}"
        );
    }
    assert_eq!(
        read(&pem("PUBLIC KEY", &[0; 3]), &all),
        Err(InvalidPem::Section)
    );
    assert_eq!(
        read(&pem("X509 CRL", &[0; 3]), &all),
        Err(InvalidPem::NoKey)
    );
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    assert_eq!(
        read(&key.public_key_pem(), &all),
        Err(JwkRefusal::NotAllowed.into())
    );
}
