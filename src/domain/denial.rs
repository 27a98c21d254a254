//! The denial of a request.

use std::sync::Arc;

use super::{CredentialScheme, DenialClass, Reason};

/// The denial of a request, with its reason. The response, the log line and the metric are made
/// from it.
///
/// It contains nothing from the request or the token, so it can be shown to anyone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.code())]
pub struct Denial {
    reason: Reason,
    required_scopes: Option<Arc<str>>,
    clock_skew_suspected: bool,
    attempted: Option<CredentialScheme>,
}

impl Denial {
    /// Creates the denial of a token that lacks one of these scopes.
    ///
    /// The scopes come from the configuration. They go into the challenge (RFC 6750 section 3,
    /// `scope`).
    pub fn scope_insufficient(required: Arc<str>) -> Self {
        Self {
            required_scopes: Some(required),
            ..Reason::ScopeInsufficient.into()
        }
    }

    /// Creates the denial of a token that is outside its validity period by so little that a
    /// difference between clocks would explain it.
    pub fn by_suspected_clock_skew(reason: Reason) -> Self {
        Self {
            clock_skew_suspected: true,
            ..reason.into()
        }
    }

    /// Adds the scheme of the credential that was denied, unless it is known already. The challenge
    /// of this scheme comes first, and it alone has an error.
    #[must_use]
    pub fn of_attempt(self, scheme: Option<CredentialScheme>) -> Self {
        Self {
            attempted: self.attempted.or(scheme),
            ..self
        }
    }

    /// Returns the reason.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the stable code of the reason.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Returns the HTTP status of the reason.
    pub const fn status(&self) -> u16 {
        self.reason.status()
    }

    /// Returns the class of the reason.
    pub const fn class(&self) -> DenialClass {
        self.reason.class()
    }

    /// Returns the scopes that were required, separated by spaces; `None` if the denial names none.
    pub fn required_scopes(&self) -> Option<&str> {
        self.required_scopes.as_deref()
    }

    /// Returns the scheme of the credential that was denied; `None` if there was none, or one of an
    /// unknown scheme.
    pub const fn attempted(&self) -> Option<CredentialScheme> {
        self.attempted
    }

    /// Returns `true` if a difference between clocks would explain the denial.
    pub const fn clock_skew_suspected(&self) -> bool {
        self.clock_skew_suspected
    }
}

impl From<Reason> for Denial {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            required_scopes: None,
            clock_skew_suspected: false,
            attempted: None,
        }
    }
}
