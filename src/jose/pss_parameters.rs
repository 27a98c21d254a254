//! Reads which algorithms the parameters of an RSASSA-PSS key allow (RFC 4055 sections 1.2 and
//! 3.3).

use x509_parser::asn1_rs::Any;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::Algorithm;

/// The object identifier of keys that sign with RSASSA-PSS only.
pub(super) const KEY_TYPE: &str = "1.2.840.113549.1.1.10";

/// The object identifier of MGF1, the mask generation function of JOSE (RFC 7518 section 3.5).
const MGF1: &str = "1.2.840.113549.1.1.8";

/// The PS algorithms, each with the object identifier of its hash and the length of the hash in
/// bytes, which is also the length of the salt (RFC 7518 section 3.5).
const HASHES: [(Algorithm, &str, u32); 3] = [
    (Algorithm::PS256, "2.16.840.1.101.3.4.2.1", 32),
    (Algorithm::PS384, "2.16.840.1.101.3.4.2.2", 48),
    (Algorithm::PS512, "2.16.840.1.101.3.4.2.3", 64),
];

/// Returns the algorithms that a key with these parameters may be used with: all PS algorithms for
/// a key without parameters, otherwise at most the one of their hash. The parameters give the
/// shortest salt that is allowed, so the salt of the algorithm may be longer but not shorter.
pub(super) fn algorithms(parameters: Option<&Any<'_>>) -> Vec<Algorithm> {
    let Some(parameters) = parameters else {
        return HASHES.map(|(algorithm, ..)| algorithm).to_vec();
    };
    let Ok(parameters) = RsaSsaPssParams::try_from(parameters) else {
        return Vec::new();
    };
    let Ok(mask) = parameters.mask_gen_algorithm() else {
        return Vec::new();
    };
    let hash = parameters.hash_algorithm_oid();
    if mask.hash != *hash || mask.mgf.to_id_string() != MGF1 || parameters.trailer_field() != 1 {
        return Vec::new();
    }
    let name = hash.to_id_string();
    let fits = |(_, own, length): &&(Algorithm, &str, u32)| {
        *own == name && parameters.salt_length() <= *length
    };
    HASHES
        .iter()
        .find(fits)
        .map(|(algorithm, ..)| *algorithm)
        .into_iter()
        .collect()
}
