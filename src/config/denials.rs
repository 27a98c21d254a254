//! The appearance of denial responses.

use serde::Deserialize;
use serde_json::Value;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::Reason;

const REALM: Setting = Setting::new(
    "realm",
    "doorward",
    "Value of `realm` in `WWW-Authenticate` (RFC 9110 section 11.5).",
);
pub(super) const RESOURCE_METADATA: Setting = Setting::optional(
    "resource_metadata",
    "–",
    "URL of the protected resource metadata. It is added to each `WWW-Authenticate` (RFC 9728 section 5.1).",
);
pub(super) const DENIALS: Setting = Setting::optional(
    "denials",
    "–",
    "Status and body of denials. A JSON object: `{\"token_missing\": {\"status\": 400, \"body\": {}}}`. A key is a reason code, a status (`400`, `401`, `403`, `429`, `503`), or `*` for all. A reason code wins over a status, and a status over `*`.",
).shaped(Shape::Denials);

pub(crate) const SETTINGS: &[Setting] = &[REALM, RESOURCE_METADATA, DENIALS];

/// The appearance of denial responses.
#[derive(Debug, Clone)]
pub struct DenialSettings {
    /// `realm` of the challenge.
    pub realm: String,
    /// `resource_metadata` of the challenge.
    pub resource_metadata: Option<String>,
    /// Denials with another status or body than the default.
    pub denials: Vec<(DenialKey, CustomDenial)>,
}

/// The denials to which a [`CustomDenial`] applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialKey {
    /// Denials with this reason.
    Reason(Reason),
    /// Denials with this HTTP status.
    Status(u16),
    /// All denials.
    Every,
}

/// The status and body of a customized denial.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct CustomDenial {
    /// The status, 400 to 599; the default status if `None`.
    pub status: Option<u16>,
    /// The body, any JSON value; the default body if `None`.
    #[serde(default, deserialize_with = "present")]
    pub body: Option<Value>,
}

/// Deserializes a member that is present. `null` is a body like any other; only a missing member
/// leaves the default body.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl DenialSettings {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let realm = reader.read(&REALM, quotable);
        let resource_metadata = read_resource_metadata(reader);
        let denials = read_denials(reader);
        Ok(Self {
            realm: realm?,
            resource_metadata: resource_metadata?,
            denials: denials?.unwrap_or_default(),
        })
    }
}

/// Parses a text that needs no escapes in a quoted string of a header.
fn quotable(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, 0x20..=0x7E) && byte != b'"' && byte != b'\\');
    if plain {
        Ok(text)
    } else {
        Err(Invalid::new("has characters that a header cannot quote").hint("use plain ASCII"))
    }
}

pub(super) fn read_resource_metadata(reader: &mut Reader) -> Result<Option<String>, Reported> {
    reader.optional(&RESOURCE_METADATA, metadata_url)
}

fn metadata_url(text: &str) -> Result<String, Invalid> {
    let url = quotable(text)?;
    let is_url = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if is_url {
        Ok(url)
    } else {
        Err(Invalid::expected("write an https URL"))
    }
}

pub(super) fn read_denials(
    reader: &mut Reader,
) -> Result<Option<Vec<(DenialKey, CustomDenial)>>, Reported> {
    reader.members(
        &DENIALS,
        "write {\"token_missing\": {\"status\": 400}}",
        |key, denial| Ok((denial_key(key)?, custom_denial(key, denial)?)),
    )
}

fn denial_key(key: &str) -> Result<DenialKey, Invalid> {
    match key {
        "*" => Ok(DenialKey::Every),
        "400" => Ok(DenialKey::Status(400)),
        "401" => Ok(DenialKey::Status(401)),
        "403" => Ok(DenialKey::Status(403)),
        "429" => Ok(DenialKey::Status(429)),
        "503" => Ok(DenialKey::Status(503)),
        code => value::reason("write a reason code, 400, 401, 403, 429, 503 or *")(code)
            .map(DenialKey::Reason),
    }
}

fn custom_denial(key: &str, denial: Value) -> Result<CustomDenial, Invalid> {
    let denial: CustomDenial = serde_json::from_value(denial).map_err(|error| {
        Invalid::new(format!("{key}: {error}")).hint("give {\"status\": 400, \"body\": …}")
    })?;
    match denial.status {
        Some(status) if !(400..=599).contains(&status) => Err(Invalid::new(format!(
            "{key}: status {status} would not deny"
        ))
        .hint("from 400 to 599")),
        _ => Ok(denial),
    }
}
