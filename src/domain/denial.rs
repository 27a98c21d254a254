//! The denial of a request.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::credential_scheme::CredentialScheme;
use super::{DenialClass, Reason};

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
    cost_work: bool,
    retry_after: Option<NonZeroU32>,
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
    /// of this scheme comes first, and no other one has an error.
    pub fn note_attempt(&mut self, scheme: Option<CredentialScheme>) {
        self.attempted = self.attempted.or(scheme);
    }

    /// Returns the denial with the scheme of the credential that was denied.
    #[must_use]
    pub fn of_attempt(mut self, scheme: CredentialScheme) -> Self {
        self.note_attempt(Some(scheme));
        self
    }

    /// Creates the denial of a request whose client has caused too many failures. It may try again
    /// after this time.
    pub fn rate_limited(wait: Duration) -> Self {
        // Rounded up: a client that comes back after this many seconds is not too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Self {
            retry_after: Some(NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN)),
            ..Reason::RateLimited.into()
        }
    }

    /// Sets whether the limit on failures counts this denial, in place of what is usual for its
    /// reason.
    #[must_use]
    pub fn with_cost_work(self, cost_work: bool) -> Self {
        Self { cost_work, ..self }
    }

    /// Returns `true` if the limit on failures counts the denial: it took work to find it, such as
    /// a signature, a password's hash or a call ([`Reason::costs_work`]).
    pub const fn cost_work(&self) -> bool {
        self.cost_work
    }

    /// Returns the seconds after which the client may try again, if the denial knows them.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after.map(NonZeroU32::get)
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
            cost_work: reason.costs_work(),
            retry_after: None,
        }
    }
}
