//! Public keys in PEM: SPKI, PKCS#1 and certificates (RFC 7468, RFC 8017 appendix A.1).

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::candidates::MAX_CANDIDATES;
use super::jwk::{edwards_key, lattice_key, rsa_keys};
use super::{Algorithm, Algorithms, Family, JwkRefusal, KeySet, VerificationKey, pss_parameters};

/// Why a PEM file gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPem {
    /// Broken PEM.
    #[error("not a PEM file")]
    Malformed,
    /// A private key where a public one belongs.
    #[error(
        "holds a private key (give the public key, and keep the private one away from this machine)"
    )]
    PrivateKey,
    /// No section that holds a public key.
    #[error("holds no PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE section")]
    NoKey,
    /// A section that is not what its label says.
    #[error("holds a section that is not what its label says")]
    Section,
    /// More keys of one algorithm than are tried for a token, so that some would never be.
    #[error(
        "holds more than {MAX_CANDIDATES} keys for {0}, which is how many are tried for a token"
    )]
    TooManyKeys(Algorithm),
    /// A key that does not pass.
    #[error(transparent)]
    Refused(#[from] JwkRefusal),
}

/// In the first line of a section, whatever else is wrong with it.
const BEGIN: &[u8] = b"BEGIN ";

impl KeySet {
    /// Reads the public keys of a PEM file. They have no id, and stand for whatever `kid` a token
    /// names.
    ///
    /// Of a certificate only the key is taken: its dates and issuer say nothing about tokens.
    pub fn from_pem(text: &[u8], allowed: &Algorithms) -> Result<Self, InvalidPem> {
        let mut keys: Vec<VerificationKey> = Vec::new();
        let mut sections = text
            .windows(BEGIN.len())
            .filter(|window| *window == BEGIN)
            .count();
        for section in Pem::iter_from_buffer(text) {
            let section = section.map_err(|_| InvalidPem::Malformed)?;
            sections = sections.saturating_sub(1);
            for key in section_keys(&section.label, &section.contents, allowed)? {
                // A certificate often stands beside its own key.
                if keys
                    .iter()
                    .all(|known| known.fingerprint() != key.fingerprint())
                {
                    keys.push(key);
                }
            }
        }
        // The reader passes over a section whose first line it does not recognise: a dash less, a
        // blank in front.
        if sections > 0 {
            return Err(InvalidPem::Malformed);
        }
        if keys.is_empty() {
            return Err(InvalidPem::NoKey);
        }
        let set = Self::of_any_id(keys);
        let crowded = set.crowded().next();
        crowded.map_or(Ok(set), |algorithm| Err(InvalidPem::TooManyKeys(algorithm)))
    }
}

/// The keys of a section; none if it is no concern of ours.
fn section_keys(
    label: &str,
    der: &[u8],
    allowed: &Algorithms,
) -> Result<Vec<VerificationKey>, InvalidPem> {
    let mut keys = match label {
        "PUBLIC KEY" => spki_keys(&parse(der, SubjectPublicKeyInfo::from_der)?, allowed)?,
        "RSA PUBLIC KEY" => rsa(
            &parse(der, RSAPublicKey::from_der)?,
            &allowed.of_family(Family::Rsa),
        )?,
        "CERTIFICATE" => spki_keys(parse(der, X509Certificate::from_der)?.public_key(), allowed)?,
        private if private.ends_with("PRIVATE KEY") => return Err(InvalidPem::PrivateKey),
        _ => return Ok(Vec::new()),
    };
    keys.retain(|key| allowed.contains(key.algorithm()));
    if keys.is_empty() {
        Err(JwkRefusal::NotAllowed.into())
    } else {
        Ok(keys)
    }
}

fn parse<'a, T, E>(
    der: &'a [u8],
    parser: impl Fn(&'a [u8]) -> Result<(&'a [u8], T), E>,
) -> Result<T, InvalidPem> {
    match parser(der) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(InvalidPem::Section),
    }
}

fn spki_keys(
    spki: &SubjectPublicKeyInfo<'_>,
    allowed: &Algorithms,
) -> Result<Vec<VerificationKey>, InvalidPem> {
    let point = spki.subject_public_key.data.as_ref();
    let key_type = spki.algorithm.algorithm.to_id_string();
    match spki.parsed() {
        Ok(PublicKey::RSA(key)) => rsa(&key, &allowed.of_family(Family::Rsa)),
        Ok(PublicKey::EC(_)) => {
            let curve = spki
                .algorithm
                .parameters
                .as_ref()
                .and_then(|parameters| parameters.as_oid().ok());
            Ok(vec![on_curve(
                &curve.map(|curve| curve.to_id_string()).unwrap_or_default(),
                point,
            )?])
        }
        _ if key_type == pss_parameters::KEY_TYPE => {
            let algorithms = pss_parameters::algorithms(spki.algorithm.parameters.as_ref());
            if algorithms.is_empty() {
                return Err(JwkRefusal::Algorithm.into());
            }
            rsa(&parse(point, RSAPublicKey::from_der)?, &algorithms)
        }
        _ => Ok(vec![encoded(&key_type, point)?]),
    }
}

fn rsa(
    key: &RSAPublicKey<'_>,
    algorithms: &[Algorithm],
) -> Result<Vec<VerificationKey>, InvalidPem> {
    Ok(rsa_keys(algorithms, key.modulus, key.exponent)?)
}

/// A key on one of the curves of RFC 5480 section 2.1.1.1 and SEC 2 section 2.4.1.
fn on_curve(curve: &str, point: &[u8]) -> Result<VerificationKey, InvalidPem> {
    let algorithm = match curve {
        "1.2.840.10045.3.1.7" => Algorithm::ES256,
        "1.3.132.0.34" => Algorithm::ES384,
        "1.3.132.0.35" => Algorithm::ES512,
        "1.3.132.0.10" => Algorithm::ES256K,
        _ => return Err(JwkRefusal::Unsupported.into()),
    };
    // Written out in full, or compressed; the hybrid form is not for keys (RFC 5480 section 2.2).
    let is_known_form = matches!(point.first(), Some(2..=4));
    Ok(VerificationKey::encoded(algorithm, point)
        .filter(|_| is_known_form)
        .ok_or(JwkRefusal::Point)?)
}

/// A key whose type says everything: Ed25519 (RFC 8410 section 3) or ML-DSA (RFC 9881 section 2).
fn encoded(key_type: &str, bytes: &[u8]) -> Result<VerificationKey, InvalidPem> {
    Ok(match key_type {
        "1.3.101.112" => edwards_key(Algorithm::EdDSA, bytes)?,
        "2.16.840.1.101.3.4.3.17" => lattice_key(Algorithm::ML_DSA_44, bytes)?,
        "2.16.840.1.101.3.4.3.18" => lattice_key(Algorithm::ML_DSA_65, bytes)?,
        "2.16.840.1.101.3.4.3.19" => lattice_key(Algorithm::ML_DSA_87, bytes)?,
        _ => return Err(JwkRefusal::Unsupported.into()),
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::{
        ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ML_DSA_44_SIGNING,
        ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair,
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

    /// A key of the type that makes no signatures but RSASSA-PSS, with these parameters.
    fn pss(parameters: &str) -> String {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap())
                .collect()
        };
        // Each tag here has a body under 128 or over 255 bytes.
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
    fn rsa_keys_without_more_serve_every_rsa_algorithm() {
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
    fn pss_keys_serve_what_their_parameters_allow() {
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
    fn each_key_of_a_file_is_tried() {
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
    fn what_is_no_public_key() {
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
}
