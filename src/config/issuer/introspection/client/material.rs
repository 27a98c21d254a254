//! The material of the authentication: an id, a secret, files.

use std::path::{Path, PathBuf};

use super::authentication::SecretSource;
use crate::config_reader::{Invalid, Reader, Reported, Setting, value};

pub(in crate::config::issuer::introspection) const CLIENT_ID: Setting = Setting::optional(
    "introspection_client_id",
    "–",
    "Client id of doorward at the issuer.",
);
pub(in crate::config::issuer::introspection) const CLIENT_SECRET: Setting = Setting::secret(
    "introspection_client_secret",
    "The secret of that client; its file is followed.",
);
pub(in crate::config::issuer::introspection) const KEY_FILE: Setting = Setting::optional(
    "introspection_key_file",
    "–",
    "File with the private key of doorward: PKCS#8 in PEM, or a JWK for `private_key_jwt`. A change of the file is noticed without a reload.",
);
pub(in crate::config::issuer::introspection) const CERTIFICATE_FILE: Setting = Setting::optional(
    "introspection_certificate_file",
    "–",
    "PEM file with the certificate for `mtls`, followed by its intermediate certificates. A change of the file is noticed without a reload.",
);
pub(in crate::config::issuer::introspection) const BEARER_TOKEN_FILE: Setting = Setting::optional(
    "introspection_bearer_token_file",
    "–",
    "File with the token for `bearer`. A change of the file is noticed without a reload.",
);
pub(in crate::config::issuer::introspection) const ASSERTION_AUDIENCE: Setting = Setting::optional(
    "introspection_assertion_audience",
    "the issuer",
    "`aud` of the assertion of `private_key_jwt`. Needed for servers that expect another value than the issuer, such as their token endpoint.",
);

/// The settings that only some methods use.
pub(super) const MATERIAL: [Setting; 6] = [
    CLIENT_ID,
    CLIENT_SECRET,
    KEY_FILE,
    CERTIFICATE_FILE,
    BEARER_TOKEN_FILE,
    ASSERTION_AUDIENCE,
];

/// A file and its content.
pub(super) type File = (PathBuf, Vec<u8>);

/// Reads a file that is read again while the service runs. A file that cannot be used at the start
/// is a problem of the configuration.
pub(super) fn followed(
    reader: &mut Reader,
    setting: &Setting,
    check: impl FnOnce(&[u8]) -> Result<(), Invalid>,
) -> Result<Option<File>, Reported> {
    let Some(path) = reader.optional(setting, value::text)?.map(PathBuf::from) else {
        return Ok(None);
    };
    let content = reader.followed_file(setting, Path::new(&path))?;
    check(&content).map_err(|invalid| reader.refuse(setting, invalid))?;
    Ok(Some((path, content)))
}

/// Reads the secret of the client, or names the file that has it.
pub(super) fn read_secret(reader: &mut Reader) -> Result<Option<SecretSource>, Reported> {
    let file = reader.file_of_secret(&CLIENT_SECRET);
    let secret = reader.optional(&CLIENT_SECRET, value::text)?;
    Ok(match file {
        Some(path) => Some(SecretSource::File(path)),
        None => secret.map(|secret| SecretSource::Inline(secret.into())),
    })
}

/// Checks the content of a file with a bearer token.
pub(super) fn bearer_token(content: &[u8]) -> Result<(), Invalid> {
    let is_token =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let token = std::str::from_utf8(content).map(str::trim);
    if token.is_ok_and(is_token) {
        Ok(())
    } else {
        Err(Invalid::new("holds no bearer token")
            .hint("write one token of visible ASCII characters"))
    }
}
