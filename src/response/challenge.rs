//! The challenges of a denial (RFC 6750 section 3, RFC 7617 section 2, RFC 9728 section 5.1).

use std::fmt::Write;

use bytes::Bytes;

use crate::domain::{CredentialScheme, Denial, Reason};
use crate::policy::AcceptedSchemes;

/// The text of challenges, and the schemes that they name.
pub(super) struct Challenges<'a> {
    /// The realm.
    pub(super) realm: &'a str,
    /// The URL of the metadata of the resource: that of the route, or the general one.
    pub(super) resource_metadata: Option<&'a str>,
    /// The schemes.
    pub(super) schemes: AcceptedSchemes,
}

impl Challenges<'_> {
    /// Makes the challenges of a denial: one for each scheme, which is a field line of its own.
    ///
    /// The scheme that the client has used comes first. A client that has used none is asked for a
    /// password first, because browsers look at the first challenge only; but not where there is
    /// metadata, whose clients look for `Bearer`.
    pub(super) fn of(&self, denial: &Denial) -> Box<[Bytes]> {
        let is_accepted = |scheme: &CredentialScheme| self.schemes.contain(*scheme);
        let attempted = denial.attempted().filter(is_accepted);
        let basic_first = attempted.is_none() && self.resource_metadata.is_none();
        let first = attempted.or(basic_first.then_some(CredentialScheme::Basic));
        let mut schemes = CredentialScheme::ALL.to_vec();
        schemes.retain(is_accepted);
        // The sort is stable: the others keep their order.
        schemes.sort_by_key(|scheme| Some(*scheme) != first);
        let with_error = attempted.unwrap_or(CredentialScheme::Bearer);
        let challenges = schemes.into_iter().map(|scheme| match scheme {
            CredentialScheme::Bearer => self.bearer(denial, scheme == with_error).into(),
            CredentialScheme::Basic => self.basic().into(),
        });
        challenges.collect()
    }

    /// Makes the challenge of RFC 6750 section 3. All of it is configuration or fixed text: nothing
    /// of the request is echoed.
    fn bearer(&self, denial: &Denial, with_error: bool) -> String {
        let reason = denial.reason();
        let mut challenge = format!("Bearer realm=\"{}\"", self.realm);
        if let Some(error) = error(reason).filter(|_| with_error) {
            // Writing to a String cannot fail.
            let _ = write!(
                challenge,
                ", error=\"{error}\", error_description=\"{}\"",
                reason.meaning()
            );
        }
        if let Some(scopes) = denial.required_scopes() {
            let _ = write!(challenge, ", scope=\"{scopes}\"");
        }
        if let Some(url) = self.resource_metadata {
            let _ = write!(challenge, ", resource_metadata=\"{url}\"");
        }
        challenge
    }

    /// Makes the challenge of RFC 7617 section 2.1.
    fn basic(&self) -> String {
        format!("Basic realm=\"{}\", charset=\"UTF-8\"", self.realm)
    }
}

/// Returns the error code of RFC 6750 section 3.1. A request without credentials of a known scheme
/// gets none: it is not wrong yet.
pub(super) const fn error(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::TokenMissing | Reason::SchemeUnsupported => None,
        Reason::AuthorizationMalformed => Some("invalid_request"),
        Reason::ScopeInsufficient => Some("insufficient_scope"),
        _ => Some("invalid_token"),
    }
}
