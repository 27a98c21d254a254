//! Which `iss` the tokens of one issuer have.

use crate::verify::EntraTenant;

/// Which `iss` the tokens of one issuer have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedIssuers {
    /// None at all.
    Absent,
    /// Exactly one of these; the first is the one that the issuer's metadata names.
    Named(Vec<String>),
    /// That of any tenant of Microsoft Entra ID.
    AnyEntraTenant,
}

impl AcceptedIssuers {
    /// The name that the issuer's metadata has.
    pub fn metadata_name(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Named(names) => names.first().map(String::as_str),
            Self::AnyEntraTenant => Some("https://login.microsoftonline.com/{tenantid}/v2.0"),
        }
    }

    /// What both of them take, in words.
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

    /// Whether it is one of them.
    pub fn takes(&self, iss: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Named(names) => names.iter().any(|name| name == iss),
            Self::AnyEntraTenant => EntraTenant::of_issuer(iss).is_some(),
        }
    }
}
