//! Reads public keys in PEM: SPKI, PKCS#1 and certificates (RFC 7468, RFC 8017 appendix A.1).

#[cfg(test)]
mod tests;

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::candidates::MAX_CANDIDATES;
use super::jwk::{edwards_key, lattice_key, rsa_keys};
use super::{Algorithm, Algorithms, Family, JwkRefusal, KeySet, VerificationKey, pss_parameters};

/// The error for a PEM file that gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPem {
    /// The PEM encoding is broken.
    #[error("not a PEM file")]
    Malformed,
    /// The file holds a private key where a public one belongs.
    #[error("holds a private key")]
    PrivateKey,
    /// No section holds a public key.
    #[error("holds no PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE section")]
    NoKey,
    /// A section is not what its label says.
    #[error("holds a section that is not what its label says")]
    Section,
    /// The file has more keys for one algorithm than are tried for a token, so that some would
    /// never be tried.
    #[error(
        "holds more than {MAX_CANDIDATES} keys for {0}, which is how many are tried for a token"
    )]
    TooManyKeys(Algorithm),
    /// A key was refused.
    #[error(transparent)]
    Refused(#[from] JwkRefusal),
}

/// The start of every section, even if the rest of its first line is malformed.
const BEGIN: &[u8] = b"BEGIN ";

impl KeySet {
    /// Reads the public keys of a PEM file. They have no id, and match any `kid` that a token
    /// names. Fails with [`InvalidPem`] if one of the keys cannot be used.
    ///
    /// Only the key of a certificate is used: its dates and issuer say nothing about tokens.
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
                // A file often holds a certificate and its key beside it.
                if keys
                    .iter()
                    .all(|known| known.fingerprint() != key.fingerprint())
                {
                    keys.push(key);
                }
            }
        }
        // The parser skips a section whose first line it does not recognise, such as one with a
        // dash too few or with a leading blank. Such a section must not go unnoticed.
        if sections > 0 {
            return Err(InvalidPem::Malformed);
        }
        if keys.is_empty() {
            return Err(InvalidPem::NoKey);
        }
        let set = Self::of_any_id(keys);
        let algorithms_over_candidate_limit = set.algorithms_over_candidate_limit().next();
        algorithms_over_candidate_limit
            .map_or(Ok(set), |algorithm| Err(InvalidPem::TooManyKeys(algorithm)))
    }
}

/// Returns the keys of a section, or none for a section with a label that is not used here.
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

/// Parses DER that must have no trailing bytes.
fn parse<'a, T, E>(
    der: &'a [u8],
    parser: impl Fn(&'a [u8]) -> Result<(&'a [u8], T), E>,
) -> Result<T, InvalidPem> {
    match parser(der) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(InvalidPem::Section),
    }
}

/// Returns the keys of a `SubjectPublicKeyInfo`, one for each algorithm.
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

/// Returns an RSA key for each of these algorithms.
fn rsa(
    key: &RSAPublicKey<'_>,
    algorithms: &[Algorithm],
) -> Result<Vec<VerificationKey>, InvalidPem> {
    Ok(rsa_keys(algorithms, key.modulus, key.exponent)?)
}

/// Reads a key on one of the curves of RFC 5480 section 2.1.1.1 and SEC 2 section 2.4.1.
fn on_curve(curve: &str, point: &[u8]) -> Result<VerificationKey, InvalidPem> {
    let algorithm = match curve {
        "1.2.840.10045.3.1.7" => Algorithm::ES256,
        "1.3.132.0.34" => Algorithm::ES384,
        "1.3.132.0.35" => Algorithm::ES512,
        "1.3.132.0.10" => Algorithm::ES256K,
        _ => return Err(JwkRefusal::Unsupported.into()),
    };
    // A point is uncompressed or compressed; the hybrid form is not for keys (RFC 5480 section
    // 2.2).
    let is_known_form = matches!(point.first(), Some(2..=4));
    Ok(VerificationKey::encoded(algorithm, point)
        .filter(|_| is_known_form)
        .ok_or(JwkRefusal::Point)?)
}

/// Reads a key whose type determines its algorithm: Ed25519 (RFC 8410 section 3) or ML-DSA (RFC
/// 9881 section 2).
fn encoded(key_type: &str, bytes: &[u8]) -> Result<VerificationKey, InvalidPem> {
    Ok(match key_type {
        "1.3.101.112" => edwards_key(Algorithm::EdDSA, bytes)?,
        "2.16.840.1.101.3.4.3.17" => lattice_key(Algorithm::ML_DSA_44, bytes)?,
        "2.16.840.1.101.3.4.3.18" => lattice_key(Algorithm::ML_DSA_65, bytes)?,
        "2.16.840.1.101.3.4.3.19" => lattice_key(Algorithm::ML_DSA_87, bytes)?,
        _ => return Err(JwkRefusal::Unsupported.into()),
    })
}
