//! The claims of a token, before and after its signature was checked (RFC 7519 section 4).

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json;
use crate::domain::{ClaimPath, Reason, Timestamp};

/// Claims whose signature was checked.
///
/// There is one way to get them: [`CompactJws::into_signed`](super::CompactJws::into_signed).
#[derive(Debug)]
pub struct Claims {
    members: Map<String, Value>,
    text: Box<RawValue>,
}

impl Claims {
    /// The claim of this name; `null` counts as absent.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is a member of this name, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The claim at the end of a path; `null` counts as absent.
    pub fn find(&self, path: &ClaimPath) -> Option<&Value> {
        path.find(&self.members)
    }

    /// The claims as the issuer wrote them, without the rounding that numbers suffer when they are read.
    pub const fn text(&self) -> &RawValue {
        &self.text
    }
}

/// Claims whose signature nobody has checked: good for finding out whose token it says it is, and for nothing else.
#[derive(Debug)]
pub struct UnverifiedClaims(Claims);

/// What the token says about its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedIssuer<'a> {
    /// There is no `iss` member at all.
    Nobody,
    /// This one.
    Named(&'a str),
    /// Something that is not a string.
    Malformed,
}

impl UnverifiedClaims {
    pub(super) fn parse(payload: Vec<u8>) -> Result<Self, Reason> {
        let text = String::from_utf8(payload).map_err(|_| Reason::ClaimInvalid)?;
        let members = json::object(&text).map_err(|_| Reason::ClaimInvalid)?;
        let text = RawValue::from_string(text).map_err(|_| Reason::ClaimInvalid)?;
        Ok(Self(Claims { members, text }))
    }

    /// Whose token this says it is.
    pub fn issuer(&self) -> StatedIssuer<'_> {
        match self.0.members.get("iss") {
            None => StatedIssuer::Nobody,
            Some(Value::String(issuer)) => StatedIssuer::Named(issuer),
            Some(_) => StatedIssuer::Malformed,
        }
    }

    /// Whether the token says of itself that it is over: then nothing need be fetched for it.
    pub fn seems_expired(&self, at: Timestamp) -> bool {
        matches!(self.0.member("exp"), Some(Value::Number(exp)) if at >= Timestamp::floor(exp))
    }

    pub(super) fn trusted(self) -> Claims {
        self.0
    }
}
