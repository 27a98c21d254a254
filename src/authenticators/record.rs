//! The record of authenticating a credential, for the log and the metrics.

use super::CredentialDigest;
use crate::domain::{CredentialScheme, IssuerIndex};
use crate::telemetry::CacheUse;

/// The record of authenticating a credential, for the log and the metrics.
///
/// Two members do more than that: the digest is the key of the token cache, and the scheme chooses
/// the challenge of a denial. No decision depends on the others.
#[derive(Debug, Default)]
pub struct AuthenticationRecord {
    /// `true` if a log or a trace shows the digest. Otherwise it is computed for the cache only.
    pub wants_digest: bool,
    /// The digest of the credential, if the cache, a log or a trace needs it.
    pub digest: Option<CredentialDigest>,
    /// The issuer of the credential, as soon as it is known.
    pub issuer: Option<IssuerIndex>,
    /// The scheme of the credential, if one was found.
    pub scheme: Option<CredentialScheme>,
    /// The part that the cache had in it.
    pub cache: CacheUse,
}
