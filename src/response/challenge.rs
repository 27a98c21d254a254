//! The challenges of a denial (RFC 6750 section 3, RFC 9728 section 5.1).

use std::fmt::Write;

use bytes::Bytes;

use crate::domain::{CredentialScheme, Denial, Reason};

/// Makes the challenges of a denial: one for each scheme, which is a field line of its own.
///
/// The schemes are in the order that [`CredentialScheme::ALL`] gives for requests without
/// credentials. With several schemes, the one that the client used comes first, and only its
/// challenge has an error.
pub(super) fn challenges(
    realm: &str,
    resource_metadata: Option<&str>,
    denial: &Denial,
) -> Box<[Bytes]> {
    let schemes = CredentialScheme::ALL.iter();
    schemes
        .map(|scheme| challenge(*scheme, realm, resource_metadata, denial).into())
        .collect()
}

/// Makes the challenge of one scheme. All of it is configuration or fixed text: nothing of the
/// request is echoed. `resource_metadata` is that of the route, or the general one.
fn challenge(
    scheme: CredentialScheme,
    realm: &str,
    resource_metadata: Option<&str>,
    denial: &Denial,
) -> String {
    let reason = denial.reason();
    let mut challenge = format!("{} realm=\"{realm}\"", scheme.name());
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
