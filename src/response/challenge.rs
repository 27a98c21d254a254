//! The challenge (RFC 6750 section 3, RFC 9728 section 5.1).

use std::fmt::Write;

use crate::domain::{Denial, Reason};

/// What the challenge says for a denial. All of it is configuration or fixed text: nothing of the
/// request is echoed.
///
/// `resource_metadata` is the one of the route, or the general one.
pub(super) fn challenge(realm: &str, resource_metadata: Option<&str>, denial: &Denial) -> String {
    let reason = denial.reason();
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = error(reason) {
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
    if let Some(url) = resource_metadata {
        let _ = write!(challenge, ", resource_metadata=\"{url}\"");
    }
    challenge
}

/// The error code of RFC 6750 section 3.1. A request without credentials that we understand gets
/// none: it is not wrong yet.
pub(super) const fn error(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::TokenMissing | Reason::SchemeUnsupported => None,
        Reason::AuthorizationMalformed => Some("invalid_request"),
        Reason::ScopeInsufficient => Some("insufficient_scope"),
        _ => Some("invalid_token"),
    }
}
