//! How this service authenticates itself to an introspection endpoint (RFC 6749 section 2.3,
//! RFC 7523, RFC 8705).

use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret, SecretString};

use crate::config::der::{PemContent, refuse_der};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, not_text, value};
use crate::jose::AssertionKey;

pub(super) const AUTH: Setting = Setting::new(
    "introspection_auth",
    "basic",
    "How doorward authenticates to the introspection endpoint. `basic` or `post`: client id and secret. `private_key_jwt`: client id and key. `mtls`: client id, certificate and key. `bearer`: a token. `none`: nothing, on loopback only. Settings that the method does not use are errors.",
)
.shaped(Shape::Word(&value::words(METHODS)));
pub(super) const CLIENT_ID: Setting = Setting::optional(
    "introspection_client_id",
    "–",
    "Client id of doorward at the issuer.",
);
pub(super) const CLIENT_SECRET: Setting = Setting::secret(
    "introspection_client_secret",
    "The secret of that client; its file is followed.",
);
pub(super) const KEY_FILE: Setting = Setting::optional(
    "introspection_key_file",
    "–",
    "File with the private key of doorward: PKCS#8 in PEM, or a JWK for `private_key_jwt`. A change of the file is noticed without a reload.",
);
pub(super) const CERTIFICATE_FILE: Setting = Setting::optional(
    "introspection_certificate_file",
    "–",
    "PEM file with the certificate for `mtls`, followed by its intermediate certificates. A change of the file is noticed without a reload.",
);
pub(super) const BEARER_TOKEN_FILE: Setting = Setting::optional(
    "introspection_bearer_token_file",
    "–",
    "File with the token for `bearer`. A change of the file is noticed without a reload.",
);
pub(super) const ASSERTION_AUDIENCE: Setting = Setting::optional(
    "introspection_assertion_audience",
    "the issuer",
    "`aud` of the assertion of `private_key_jwt`. Needed for servers that expect another value than the issuer, such as their token endpoint.",
);

/// The settings that only some methods use.
const MATERIAL: [Setting; 6] = [
    CLIENT_ID,
    CLIENT_SECRET,
    KEY_FILE,
    CERTIFICATE_FILE,
    BEARER_TOKEN_FILE,
    ASSERTION_AUDIENCE,
];

const METHODS: &[(&str, Method); 6] = &[
    ("basic", Method::Basic),
    ("post", Method::Post),
    ("private_key_jwt", Method::PrivateKeyJwt),
    ("mtls", Method::MutualTls),
    ("bearer", Method::Bearer),
    ("none", Method::None),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Basic,
    Post,
    PrivateKeyJwt,
    MutualTls,
    Bearer,
    None,
}

/// How this service authenticates itself to an introspection endpoint.
///
/// Files are named and not read: they are followed while the service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Id and secret in the `Authorization` field.
    Basic(ClientSecret),
    /// Id and secret in the body.
    Post(ClientSecret),
    /// An assertion that is signed for each question (RFC 7523).
    PrivateKeyJwt {
        /// The id of the client.
        id: String,
        /// The file with the private key.
        key_file: PathBuf,
        /// The `aud` of the assertion.
        audience: String,
    },
    /// A certificate of the connection (RFC 8705 section 2).
    MutualTls {
        /// The id of the client.
        id: String,
        /// The file with the certificate.
        certificate_file: PathBuf,
        /// The file with its private key.
        key_file: PathBuf,
    },
    /// A bearer token (RFC 7662 section 2.1).
    Bearer {
        /// The file with the token.
        token_file: PathBuf,
    },
    /// Nothing; the endpoint is on this machine.
    None,
}

/// The id and the secret of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// The id.
    pub id: String,
    /// The secret.
    pub secret: SecretSource,
}

/// A secret, or the file that has it.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// The secret itself.
    Inline(SecretString),
    /// The file that has it.
    File(PathBuf),
}

impl PartialEq for SecretSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline(own), Self::Inline(other)) => {
                own.expose_secret() == other.expose_secret()
            }
            (Self::File(own), Self::File(other)) => own == other,
            _ => false,
        }
    }
}

impl Eq for SecretSource {}

impl ClientAuthentication {
    /// Returns the word for the method.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Basic(_) => "basic",
            Self::Post(_) => "post",
            Self::PrivateKeyJwt { .. } => "private_key_jwt",
            Self::MutualTls { .. } => "mtls",
            Self::Bearer { .. } => "bearer",
            Self::None => "none",
        }
    }
}

impl Method {
    const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::MutualTls => "mtls",
            Self::Bearer => "bearer",
            Self::None => "none",
        }
    }

    /// Returns the settings that the method requires.
    const fn needs(self) -> &'static [Setting] {
        match self {
            Self::Basic | Self::Post => &[CLIENT_ID, CLIENT_SECRET],
            Self::PrivateKeyJwt => &[CLIENT_ID, KEY_FILE],
            Self::MutualTls => &[CLIENT_ID, CERTIFICATE_FILE, KEY_FILE],
            Self::Bearer => &[BEARER_TOKEN_FILE],
            Self::None => &[],
        }
    }

    /// Returns `true` if the method uses the setting.
    fn takes(self, setting: &Setting) -> bool {
        self.needs().contains(setting)
            || self == Self::PrivateKeyJwt && *setting == ASSERTION_AUDIENCE
    }
}

/// Reads the method, and the id of the client if there is one. `needs_id` says that signed answers
/// are for the id.
pub(super) fn read(
    reader: &mut Reader,
    issuer: Option<&str>,
    needs_id: bool,
) -> Result<(ClientAuthentication, Option<String>), Reported> {
    let method = reader.read(&AUTH, value::one_of(METHODS));
    let settled = method.and_then(|method| settle(reader, method, needs_id));
    let id = reader.optional(&CLIENT_ID, value::text);
    let secret = read_secret(reader);
    let certificate = followed(reader, &CERTIFICATE_FILE, |_| Ok(()));
    let key = read_key(reader, method.ok(), certificate.as_ref().ok());
    let token = followed(reader, &BEARER_TOKEN_FILE, bearer_token);
    let audience = reader.optional(&ASSERTION_AUDIENCE, value::text);
    let (method, ()) = (method?, settled?);
    let (id, secret) = (id?, secret?);
    let (certificate, key, token) = (certificate?, key?, token?);
    let audience = audience?.or_else(|| issuer.map(str::to_owned));
    // `settle` has reported each missing setting.
    let client = match (method, id.clone(), secret, key) {
        (Method::Basic, Some(id), Some(secret), _) => {
            Some(ClientAuthentication::Basic(ClientSecret { id, secret }))
        }
        (Method::Post, Some(id), Some(secret), _) => {
            Some(ClientAuthentication::Post(ClientSecret { id, secret }))
        }
        (Method::PrivateKeyJwt, Some(id), _, Some((key_file, _))) => {
            let Some(audience) = audience else {
                let invalid = Invalid::new("missing").hint("an issuer without `iss` has no name");
                return Err(reader.refuse(&ASSERTION_AUDIENCE, invalid));
            };
            Some(ClientAuthentication::PrivateKeyJwt {
                id,
                key_file,
                audience,
            })
        }
        (Method::MutualTls, Some(id), _, Some((key_file, _))) => {
            certificate.map(|(certificate_file, _)| ClientAuthentication::MutualTls {
                id,
                certificate_file,
                key_file,
            })
        }
        (Method::Bearer, ..) => {
            token.map(|(token_file, _)| ClientAuthentication::Bearer { token_file })
        }
        (Method::None, ..) => Some(ClientAuthentication::None),
        _ => None,
    };
    client.map(|client| (client, id)).ok_or(Reported)
}

/// Returns `true` if this service does not authenticate itself, whatever else may be wrong.
pub(super) fn is_anonymous(reader: &Reader) -> bool {
    let method = reader.text_of(&AUTH).map(str::trim);
    method == Some(Method::None.word())
}

/// Reports required settings that are missing, and settings that the method does not use: a secret
/// that is never sent shows that another method was meant.
fn settle(reader: &mut Reader, method: Method, needs_id: bool) -> Result<(), Reported> {
    let mut settled = Ok(());
    for setting in MATERIAL {
        let is_id_of_answers = needs_id && setting == CLIENT_ID;
        let is_needed = method.needs().contains(&setting) || is_id_of_answers;
        let is_taken = is_needed || method.takes(&setting);
        let word = method.word();
        let invalid = match (reader.is_given(&setting), is_needed, is_taken) {
            (false, true, _) if is_id_of_answers => Invalid::new("missing")
                .hint("$introspection_response=jwt needs it: it is the `aud` of signed answers"),
            (false, true, _) => {
                Invalid::new("missing").hint(format!("$introspection_auth={word} needs it"))
            }
            (true, _, false) => {
                Invalid::new(format!("has no meaning beside $introspection_auth={word}"))
                    .hint("leave it out, or choose the method that uses it")
            }
            _ => continue,
        };
        settled = Err(reader.refuse(&setting, invalid));
    }
    settled
}

fn read_secret(reader: &mut Reader) -> Result<Option<SecretSource>, Reported> {
    let file = reader.file_of_secret(&CLIENT_SECRET);
    let secret = reader.optional(&CLIENT_SECRET, value::text)?;
    Ok(match file {
        Some(path) => Some(SecretSource::File(path)),
        None => secret.map(|secret| SecretSource::Inline(secret.into())),
    })
}

type File = (PathBuf, Vec<u8>);

/// Reads a file that is read again while the service runs. A file that cannot be used at the start
/// is a problem of the configuration.
fn followed(
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

fn read_key(
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

fn bearer_token(content: &[u8]) -> Result<(), Invalid> {
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
