//! The certificate of this service.

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::der::{PemContent, refuse_der};

/// Parses the certificate of a client with its private key, both in PEM. Fails with a message for
/// people, without any part of the key, if one of them is invalid or they do not belong together.
pub fn client_identity(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    for (pem, content) in [
        (certificate, PemContent::Certificate),
        (key, PemContent::PrivateKey),
    ] {
        refuse_der(pem, content).map_err(|invalid| invalid.message)?;
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| "the certificate file has a broken PEM section")?;
    if chain.is_empty() {
        return Err("the certificate file has no CERTIFICATE section".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| "the key file has no usable PRIVATE KEY section")?;
    CertifiedKey::from_der(chain, key, &default_provider())
        .map_err(|_| "the key is not that of the certificate".to_owned())
}
