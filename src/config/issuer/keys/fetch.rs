//! The HTTP settings for fetching keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use crate::config::der::{PemContent, refuse_der};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};

const JWKS_CA_FILE: Setting = Setting::optional(
    "jwks_ca_file",
    "–",
    "PEM file with certificates of authorities. When keys are fetched, they are trusted in addition to those of the system.",
);
const JWKS_HEADERS: Setting = Setting::secret(
    "jwks_headers",
    "Request headers for fetching keys. A list of `Name: value`, separated by commas.",
)
.shaped(Shape::List(&Shape::Text));
const JWKS_BEARER_TOKEN_FILE: Setting = Setting::optional(
    "jwks_bearer_token_file",
    "–",
    "File with a bearer token for fetching keys. It is read before each fetch, because such tokens rotate.",
);
const ALLOW_INSECURE_HTTP: Setting = Setting::new(
    "allow_insecure_http",
    "false",
    "`true`: keys may be fetched over `http://`. Without it, `http://` is accepted for loopback only.",
)
.shaped(Shape::Boolean);
const ALLOW_PRIVATE_JWKS: Setting = Setting::new(
    "allow_private_jwks",
    "false",
    "`true`: metadata on a public host may name keys on a private, link-local or loopback address. Without it, such keys are not fetched (server-side request forgery).",
)
.shaped(Shape::Boolean);

pub(crate) const JWKS_TIMEOUT: Setting = Setting::new(
    "jwks_timeout",
    "5s",
    "Longest time for one fetch of keys, metadata included.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] = &[
    JWKS_CA_FILE,
    JWKS_HEADERS,
    JWKS_BEARER_TOKEN_FILE,
    ALLOW_INSECURE_HTTP,
    ALLOW_PRIVATE_JWKS,
    JWKS_TIMEOUT,
];

/// The HTTP settings for fetching keys.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// PEM certificates that are trusted in addition to the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// Further request headers.
    pub headers: Vec<(String, SecretString)>,
    /// The path of a file with a bearer token.
    pub bearer_token_file: Option<PathBuf>,
    /// `true` if `http://` is allowed for any host, not only for loopback.
    pub allow_insecure_http: bool,
    /// `true` if a discovery document on a public host may point to a private, link-local or
    /// loopback address.
    pub allow_private: bool,
    /// The timeout of one fetch.
    pub timeout: Duration,
}

impl PartialEq for FetchSettings {
    fn eq(&self, other: &Self) -> bool {
        // Every field is named, so that a new one is not forgotten.
        let Self {
            extra_roots,
            headers,
            bearer_token_file,
            allow_insecure_http,
            allow_private,
            timeout,
        } = self;
        let same_header = |(own, other): (&(String, SecretString), &(String, SecretString))| {
            own.0 == other.0 && own.1.expose_secret() == other.1.expose_secret()
        };
        *extra_roots == other.extra_roots
            && headers.len() == other.headers.len()
            && headers.iter().zip(&other.headers).all(same_header)
            && *bearer_token_file == other.bearer_token_file
            && *allow_insecure_http == other.allow_insecure_http
            && *allow_private == other.allow_private
            && *timeout == other.timeout
    }
}

impl FetchSettings {
    /// Returns `true` if keys fetched with `self` and with `other` come from the same party over
    /// equally safe connections. A header or a token may decide whose keys the server returns, so
    /// everything except the timeout is compared.
    pub(super) fn trusts_like(&self, other: &Self) -> bool {
        Self {
            timeout: other.timeout,
            ..self.clone()
        } == *other
    }

    pub(in crate::config::issuer) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let extra_roots = reader
            .optional(&JWKS_CA_FILE, value::text)
            .and_then(|path| extra_roots(reader, path));
        let headers = reader.optional_list(&JWKS_HEADERS, header);
        let bearer_token_file = reader.optional(&JWKS_BEARER_TOKEN_FILE, value::text);
        let bearer_token_file = bearer_token_file.and_then(|path| readable(reader, path));
        let allow_insecure_http = reader.read(&ALLOW_INSECURE_HTTP, value::boolean);
        let allow_private = reader.read(&ALLOW_PRIVATE_JWKS, value::boolean);
        let timeout = reader.read(
            &JWKS_TIMEOUT,
            value::duration_within(Duration::from_millis(100), Duration::from_mins(1)),
        );
        Ok(Self {
            extra_roots: extra_roots?,
            headers: headers?.unwrap_or_default(),
            bearer_token_file: bearer_token_file?,
            allow_insecure_http: allow_insecure_http?,
            allow_private: allow_private?,
            timeout: timeout?,
        })
    }
}

fn extra_roots(reader: &mut Reader, path: Option<String>) -> Result<Option<Vec<u8>>, Reported> {
    let Some(path) = path else { return Ok(None) };
    let pem = reader.file(&JWKS_CA_FILE, Path::new(&path))?;
    match refuse_no_authorities(&pem, &path) {
        Ok(()) => Ok(Some(pem)),
        Err(invalid) => Err(reader.refuse(&JWKS_CA_FILE, invalid)),
    }
}

/// Reports a file that the HTTP client could not use: each certificate must be usable as a trust
/// anchor.
pub(crate) fn refuse_no_authorities(pem: &[u8], path: &str) -> Result<(), Invalid> {
    refuse_der(pem, PemContent::Certificate)?;
    let broken =
        || Invalid::new(format!("{path} holds a broken PEM section")).hint("was the file cut off?");
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| broken())?;
    if found.is_empty() {
        let invalid = Invalid::new(format!("{path} holds no CERTIFICATE section"));
        return Err(invalid.hint("give a PEM file with the certificate of the authority"));
    }
    let mut roots = RootCertStore::empty();
    match found
        .into_iter()
        .position(|certificate| roots.add(certificate).is_err())
    {
        Some(index) => {
            let message = format!(
                "section {} of {path} is not the certificate that it says it is",
                index + 1
            );
            Err(Invalid::new(message).hint("`openssl x509 -noout -text` shows what it is"))
        }
        None => Ok(()),
    }
}

/// Reports a file that cannot be read now. The token itself is not kept: the file is read again for
/// each fetch.
fn readable(reader: &mut Reader, path: Option<String>) -> Result<Option<PathBuf>, Reported> {
    let Some(path) = path.map(PathBuf::from) else {
        return Ok(None);
    };
    reader.readable(&JWKS_BEARER_TOKEN_FILE, &path)?;
    Ok(Some(path))
}

pub(crate) fn header(text: &str) -> Result<(String, SecretString), Invalid> {
    let expected = || Invalid::new("not understood").hint("write Name: value, separated by commas");
    let (name, value) = text.split_once(':').ok_or_else(expected)?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let is_value = value.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    if is_name && is_value {
        Ok((name.to_owned(), value.trim().to_owned().into()))
    } else {
        Err(expected())
    }
}
