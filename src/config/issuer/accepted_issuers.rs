//! The values of `iss` that the tokens of one issuer may have.

use crate::config_reader::Setting;
use crate::verify::EntraTenant;

/// The values of `iss` that the tokens of one issuer may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedIssuers {
    /// No `iss`: only tokens without that claim.
    Absent,
    /// One of these, compared exactly; the first one is the name in the issuer's metadata.
    Named(Vec<String>),
    /// The `iss` of any tenant of Microsoft Entra ID.
    AnyEntraTenant,
}

impl AcceptedIssuers {
    /// Returns the issuer's name in its metadata.
    pub fn metadata_name(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Named(names) => names.first().map(String::as_str),
            Self::AnyEntraTenant => Some("https://login.microsoftonline.com/{tenantid}/v2.0"),
        }
    }

    /// Returns the names, for people; that of any tenant of Entra ID has a placeholder.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Absent => Vec::new(),
            Self::Named(names) => names.clone(),
            Self::AnyEntraTenant => self
                .metadata_name()
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    }

    /// Returns the only name, if there is one and no other.
    pub fn only_name(&self) -> Option<&str> {
        match self {
            Self::Named(names) => match names.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            Self::Absent | Self::AnyEntraTenant => None,
        }
    }

    /// Describes, for a message, a value that `self` and `other` both accept. Returns `None` if
    /// there is none.
    pub(super) fn overlap(&self, other: &Self) -> Option<String> {
        match (self, other) {
            (Self::Absent, Self::Absent) => Some("tokens without `iss`".to_owned()),
            (Self::AnyEntraTenant, Self::AnyEntraTenant) => Some("every tenant".to_owned()),
            (Self::Named(names), other) | (other, Self::Named(names)) => names
                .iter()
                .find(|name| other.takes(name))
                .map(|name| format!("{name:?}")),
            _ => None,
        }
    }

    /// Returns `true` if this `iss` is accepted.
    pub fn takes(&self, iss: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Named(names) => names.iter().any(|name| name == iss),
            Self::AnyEntraTenant => EntraTenant::of_issuer(iss).is_some(),
        }
    }
}

pub(super) const ISSUER: Setting = Setting::optional(
    "issuer",
    "–",
    "The exact value of `iss` in the tokens of this issuer. It may be left out with `jwks`, `jwks_file`, `public_key_file` or `hmac_secret`. Then only tokens without `iss` are accepted.",
);
