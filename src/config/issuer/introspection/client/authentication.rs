//! The configured authentication of this service.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

/// The authentication of this service to an introspection endpoint.
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
