//! The private key of this service.

use super::identity::client_identity;
use super::material::{File, KEY_FILE, followed};
use super::method::Method;
use crate::config::der::{PemContent, refuse_der};
use crate::config_reader::{Invalid, Reader, Reported, not_text};
use crate::jose::AssertionKey;

/// Reads the file with the key, and checks that the method can use it.
pub(super) fn read(
    reader: &mut Reader,
    method: Option<Method>,
    certificate: Option<&Option<File>>,
) -> Result<Option<File>, Reported> {
    let certificate = certificate
        .and_then(Option::as_ref)
        .map(|(_, content)| content.as_slice());
    followed(reader, &KEY_FILE, |key| match (method, certificate) {
        (Some(Method::PrivateKeyJwt), _) => signing_key(key),
        (Some(Method::MutualTls), Some(certificate)) => client_identity(certificate, key)
            .map(drop)
            .map_err(|error| Invalid::new(error).hint(IDENTITY_HINT)),
        _ => Ok(()),
    })
}

const IDENTITY_HINT: &str =
    "give the PEM files of one certificate with its chain and of its private key";

fn signing_key(content: &[u8]) -> Result<(), Invalid> {
    refuse_der(content, PemContent::PrivateKey)?;
    let text = std::str::from_utf8(content).map_err(|_| not_text())?;
    let key = AssertionKey::parse(text);
    key.map(drop).map_err(|error| {
        Invalid::new(format!("holds no key that signs assertions: {error}"))
            .hint("`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one")
    })
}
