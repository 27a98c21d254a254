//! The error of fetching keys, for people: what was requested, what was found, and what may help.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::discovery::InvalidMetadata;
use super::document_kind::DocumentKind;
use crate::config::InvalidKeyFile;
use crate::domain::shown_url;
use crate::hints::{Difference, Hint};
use crate::jose::InvalidKeySet;
use crate::outbound::FetchError;

/// The error of fetching keys. Its text is one line without secrets; the hint is a separate line.
#[derive(Debug, thiserror::Error)]
pub struct FetchFailure {
    /// The request, with the proxy that it went through.
    request: Option<String>,
    problem: FetchProblem,
    hint: Option<String>,
}

/// The part of an issuer's keys that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// The metadata of this issuer.
    Metadata(&'a str),
    /// The key set.
    Keys,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchProblem {
    /// The document could not be fetched.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// The metadata is not usable.
    #[error("{0}")]
    Metadata(#[from] InvalidMetadata),
    /// The document is no key set.
    #[error("{0}: found {1}")]
    NoKeySet(InvalidKeySet, DocumentKind),
    /// The keys are not usable.
    #[error("{0}")]
    Keys(InvalidKeySet),
    /// The file is not usable.
    #[error("file: {0}")]
    File(InvalidKeyFile),
    /// There is no URL to ask.
    #[error("no URL of metadata")]
    NoUrl,
    /// There was no answer within this time.
    #[error("timed out after {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
}

impl FetchFailure {
    /// Describes a request for a document that failed.
    pub(super) fn of_request(
        asked: Asked<'_>,
        url: &Url,
        proxy: Option<String>,
        problem: FetchProblem,
    ) -> Self {
        let through = proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"));
        Self {
            request: Some(format!("GET {}{through}", shown_url(url))),
            hint: hint(asked, url, &problem),
            problem,
        }
    }

    /// Describes a file that cannot be used.
    pub(super) fn of_file(error: InvalidKeyFile) -> Self {
        let hint = match &error {
            InvalidKeyFile::Unreadable(_) => Hint::KeyFileUnreadable,
            InvalidKeyFile::Keys(InvalidKeySet::Malformed) => Hint::KeyFileIsNoKeySet,
            InvalidKeyFile::Keys(error) => hint_of_keys(error),
        };
        Self {
            request: None,
            problem: FetchProblem::File(error),
            hint: Some(hint.with(&[])),
        }
    }

    /// Describes an issuer without any URL of metadata.
    pub(super) const fn without_url() -> Self {
        Self {
            request: None,
            problem: FetchProblem::NoUrl,
            hint: None,
        }
    }

    /// Returns what may help.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns when to come back, as the issuer asks.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match &self.problem {
            FetchProblem::Fetch(FetchError::Status { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = &self.request {
            write!(f, "{request}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl FetchProblem {
    /// Describes a body that is no usable key set.
    pub(super) fn of_keys(error: InvalidKeySet, body: &[u8]) -> Self {
        match error {
            InvalidKeySet::Malformed => Self::NoKeySet(error, DocumentKind::of(body)),
            error => Self::Keys(error),
        }
    }

    const fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Fetch(FetchError::Status {
                status: 404 | 410,
                ..
            })
        )
    }

    /// Returns whether something answered, but not as an issuer at this URL would.
    const fn is_of_a_wrong_place(&self) -> bool {
        match self {
            Self::Fetch(FetchError::Status { status, .. }) => *status < 500,
            Self::Metadata(_) | Self::NoKeySet(..) => true,
            _ => false,
        }
    }
}

fn hint(asked: Asked<'_>, url: &Url, problem: &FetchProblem) -> Option<String> {
    if problem.is_of_a_wrong_place() {
        if let Asked::Metadata(issuer) = asked
            && let Some((before, _)) = issuer.split_once("/.well-known/")
        {
            return Some(Hint::IssuerIsDocument.with(&[("issuer", &format!("{before:?}"))]));
        }
        if url.path().matches("/realms/").nth(1).is_some() {
            return Some(Hint::RealmTwice.with(&[]));
        }
    }
    let plain = match problem {
        _ if problem.is_not_found() && url.path().contains("/realms/") => Hint::RealmUnknown,
        _ if problem.is_not_found() => match asked {
            Asked::Metadata(_) => Hint::MetadataNotFound,
            Asked::Keys => Hint::KeysNotFound,
        },
        FetchProblem::Fetch(error) => error.hint()?,
        FetchProblem::Metadata(InvalidMetadata::OtherIssuer { expected, found }) => {
            let difference = Difference::between(found, expected)?.to_string();
            return Some(Hint::OtherIssuer.with(&[("difference", &difference)]));
        }
        FetchProblem::Metadata(InvalidMetadata::Location(_)) => Hint::InsecureKeys,
        FetchProblem::Metadata(InvalidMetadata::NoIntrospection) => Hint::NoIntrospection,
        FetchProblem::Metadata(InvalidMetadata::Malformed(DocumentKind::KeySet)) => {
            Hint::MetadataIsKeys
        }
        FetchProblem::NoKeySet(_, DocumentKind::Metadata) => Hint::KeysAreMetadata,
        FetchProblem::Metadata(InvalidMetadata::Malformed(_)) | FetchProblem::NoKeySet(..) => {
            Hint::NotTheIssuer
        }
        FetchProblem::TimedOut(_) => Hint::NoAnswer,
        FetchProblem::Keys(error) => hint_of_keys(error),
        FetchProblem::File(_) | FetchProblem::NoUrl => return None,
    };
    Some(plain.with(&[]))
}

const fn hint_of_keys(error: &InvalidKeySet) -> Hint {
    match error {
        InvalidKeySet::Malformed => Hint::NotTheIssuer,
        InvalidKeySet::TooManyKeys(_) => Hint::TooManyKeys,
        InvalidKeySet::NoUsableKey(_) => Hint::NoUsableKey,
    }
}
