//! How this service authenticates itself to an introspection endpoint.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::followed_file::{FileOwner, FollowedFiles};
use crate::config::{ClientAuthentication, SecretSource};
use crate::domain::Moment;
use crate::jose::{AssertionKey, encode_base64url};

/// The time for which an assertion is good.
const ASSERTION_LIFETIME_SECONDS: i64 = 60;

/// The credentials of this service at an introspection endpoint.
pub(super) enum Credentials {
    /// In the `Authorization` field (RFC 6749 section 2.3.1).
    Basic(String, Secret),
    /// In the form.
    Post(String, Secret),
    /// An assertion in the form (RFC 7523 section 2.2).
    Assertion {
        id: String,
        key: FollowedFiles<AssertionKey>,
        audience: String,
    },
    /// The certificate of the connection; the id is in the form (RFC 8705 section 2).
    Certificate(String),
    /// A bearer token (RFC 6750 section 2.1).
    Bearer(FollowedFiles<SecretString>),
    /// None.
    Nothing,
}

/// A secret, or the file that has it.
pub(super) enum Secret {
    Inline(SecretString),
    File(FollowedFiles<SecretString>),
}

/// Credentials, ready to be sent.
#[derive(Default)]
pub(super) struct Presented {
    /// The value of the `Authorization` field.
    pub(super) authorization: Option<String>,
    /// Parameters of the form.
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Credentials {
    /// Makes the credentials of this service at this issuer.
    pub(super) fn new(settings: &ClientAuthentication, issuer: &Arc<str>) -> Self {
        let owner = |setting| FileOwner {
            issuer: issuer.clone(),
            setting,
        };
        let secret = |source: &SecretSource| match source {
            SecretSource::Inline(secret) => Secret::Inline(secret.clone()),
            SecretSource::File(path) => {
                Secret::File(text_file(owner("introspection_client_secret_file"), path))
            }
        };
        match settings {
            ClientAuthentication::Basic(client) => {
                Self::Basic(client.id.clone(), secret(&client.secret))
            }
            ClientAuthentication::Post(client) => {
                Self::Post(client.id.clone(), secret(&client.secret))
            }
            ClientAuthentication::PrivateKeyJwt {
                id,
                key_file,
                audience,
            } => Self::Assertion {
                id: id.clone(),
                key: FollowedFiles::new(
                    owner("introspection_key_file"),
                    vec![key_file.clone()],
                    Box::new(assertion_key),
                ),
                audience: audience.clone(),
            },
            ClientAuthentication::MutualTls { id, .. } => Self::Certificate(id.clone()),
            ClientAuthentication::Bearer { token_file } => Self::Bearer(FollowedFiles::new(
                owner("introspection_bearer_token_file"),
                vec![token_file.clone()],
                Box::new(bearer_token),
            )),
            ClientAuthentication::None => Self::Nothing,
        }
    }

    /// Makes what is sent with one question. Fails with a message without secrets if a file cannot
    /// be used, or a key cannot sign.
    pub(super) async fn present(&self, now: Moment) -> Result<Presented, String> {
        let uptime = now.uptime;
        let parameters = match self {
            Self::Basic(id, secret) => {
                let secret = secret.current(now).await?;
                return Ok(Presented {
                    authorization: Some(basic(id, secret.expose_secret())),
                    ..Presented::default()
                });
            }
            Self::Bearer(token) => {
                let token = token.current(uptime).await?;
                return Ok(Presented {
                    authorization: Some(format!("Bearer {}", token.expose_secret())),
                    ..Presented::default()
                });
            }
            Self::Post(id, secret) => {
                let secret = secret.current(now).await?;
                vec![
                    ("client_id", id.clone()),
                    ("client_secret", secret.expose_secret().to_owned()),
                ]
            }
            Self::Assertion { id, key, audience } => {
                let assertion = assertion(&*key.current(uptime).await?, id, audience, now);
                vec![
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                    ),
                    (
                        "client_assertion",
                        assertion.ok_or("the key does not sign")?,
                    ),
                ]
            }
            Self::Certificate(id) => vec![("client_id", id.clone())],
            Self::Nothing => Vec::new(),
        };
        Ok(Presented {
            authorization: None,
            parameters,
        })
    }
}

impl Secret {
    async fn current(&self, now: Moment) -> Result<SecretString, String> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File(file) => Ok((*file.current(now.uptime).await?).clone()),
        }
    }
}

/// Follows a file with one text, whose surrounding white space is no part of it.
fn text_file(owner: FileOwner, path: &Path) -> FollowedFiles<SecretString> {
    FollowedFiles::new(owner, vec![path.to_owned()], Box::new(text))
}

fn text(contents: &[Vec<u8>]) -> Result<SecretString, String> {
    let content = contents.first().map(Vec::as_slice).unwrap_or_default();
    let text = std::str::from_utf8(content).map_err(|_| "the file is not UTF-8")?;
    match text.trim() {
        "" => Err("the file is empty".to_owned()),
        text => Ok(text.into()),
    }
}

/// Reads a token that fits into a field. Half of a file may hold anything.
fn bearer_token(contents: &[Vec<u8>]) -> Result<SecretString, String> {
    let token = text(contents)?;
    let is_token = token
        .expose_secret()
        .bytes()
        .all(|byte| byte.is_ascii_graphic());
    if is_token {
        Ok(token)
    } else {
        Err("the file holds no bearer token".to_owned())
    }
}

fn assertion_key(contents: &[Vec<u8>]) -> Result<AssertionKey, String> {
    let content = contents.first().map(Vec::as_slice).unwrap_or_default();
    let text = std::str::from_utf8(content).map_err(|_| "the file is not UTF-8")?;
    AssertionKey::parse(text).map_err(|error| error.to_string())
}

/// Returns the value of the `Authorization` field. Id and secret are form-encoded first (RFC 6749
/// section 2.3.1): without that, a colon in the id would end it.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// Signs an assertion about this service (RFC 7523 section 3). Each has an id of its own, because
/// servers refuse one that they have seen.
fn assertion(key: &AssertionKey, id: &str, audience: &str, now: Moment) -> Option<String> {
    let mut nonce = [0; 16];
    aws_lc_rs::rand::fill(&mut nonce).ok()?;
    let issued_at = now.date.as_secs();
    let claims = json!({
        "iss": id,
        "sub": id,
        "aud": audience,
        "jti": encode_base64url(nonce),
        "iat": issued_at,
        "exp": issued_at.saturating_add(ASSERTION_LIFETIME_SECONDS),
    });
    key.sign("JWT", &claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_encoded_before_they_are_joined() {
        let decoded = |value: &str| {
            let text = STANDARD
                .decode(value.strip_prefix("Basic ").unwrap())
                .unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(decoded(&basic("svc", "svc-secret")), "svc:svc-secret");
        assert_eq!(decoded(&basic("a:b", "ä %+&")), "a%3Ab:%C3%A4+%25%2B%26");
    }
}
