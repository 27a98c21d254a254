//! Access to the admin listener.

use secrecy::SecretString;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::Authority;

const ADMIN_TOKEN: Setting = Setting::secret(
    "admin_token",
    "Token that requests to the admin listener must have, as `Authorization: Bearer TOKEN`. `/healthz` and `/readyz` need no token. At least 16 characters.",
);
const ADMIN_TOKEN_METRICS: Setting = Setting::new(
    "admin_token_metrics",
    "true",
    "`false`: `/metrics` needs no `admin_token`.",
)
.shaped(Shape::Boolean);
const ADMIN_HOSTS: Setting = Setting::optional(
    "admin_hosts",
    "–",
    "Values of the `Host` field that the admin listener accepts without `admin_token`. A list of `host` (with any port) and `host:port`. `localhost` and every IP address are always accepted. Other hosts get 421, which stops DNS rebinding.",
)
.shaped(Shape::List(&Shape::Text));

pub(crate) const SETTINGS: &[Setting] = &[ADMIN_TOKEN, ADMIN_TOKEN_METRICS, ADMIN_HOSTS];

/// The least length of `admin_token`, in bytes. A shorter token could be guessed, because attempts
/// are not rate-limited.
const MIN_TOKEN_BYTES: usize = 16;

/// Access to the admin listener.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// The bearer token that requests must present; `None` if access is limited by host name
    /// instead.
    pub token: Option<SecretString>,
    /// `true` if `/metrics` requires the token too.
    pub token_metrics: bool,
    /// Further host names under which the listener answers without a token.
    pub hosts: Vec<Authority>,
}

impl AdminSettings {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let token = reader.optional(&ADMIN_TOKEN, token);
        let token_metrics = reader.read(&ADMIN_TOKEN_METRICS, value::boolean);
        let hosts = reader.optional_list(&ADMIN_HOSTS, host);
        Ok(Self {
            token: token?,
            token_metrics: token_metrics?,
            hosts: hosts?.unwrap_or_default(),
        })
    }
}

/// Parses the token, which must be a `b64token` (RFC 6750 section 2.1): no client could send
/// anything else.
fn token(text: &str) -> Result<SecretString, Invalid> {
    let text = value::text(text)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let characters = text.trim_end_matches('=');
    if characters.is_empty() || !characters.bytes().all(is_plain) {
        let message = "holds characters that no bearer token may have";
        return Err(Invalid::new(message).hint("write letters, digits, -, ., _, ~, + and /"));
    }
    if text.len() < MIN_TOKEN_BYTES {
        let message = format!("shorter than {MIN_TOKEN_BYTES} characters");
        return Err(Invalid::new(message).hint("make one by `openssl rand -hex 32`"));
    }
    Ok(text.into())
}

fn host(text: &str) -> Result<Authority, Invalid> {
    let hint = "write a host with or without a port, such as doorward.internal:8081";
    Authority::parse(text.trim()).ok_or_else(|| Invalid::expected(hint))
}
