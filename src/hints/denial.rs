//! The hint for a denial.

use super::{Hint, nearest};
use crate::domain::Reason;

/// The stage at which a request was denied.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeniedStage<'a> {
    /// The name of the stage.
    pub stage: &'a str,
    /// The values that were expected.
    pub expected: &'a str,
    /// The value that was found.
    pub found: &'a str,
    /// The preset of the issuer, if the issuer is known and has one.
    pub preset: Option<&'a str>,
}

impl DeniedStage<'_> {
    /// Returns the hint for a denial at this stage. `issuers` are the configured names.
    pub fn hint<'a>(&self, reason: Reason, issuers: impl Iterator<Item = &'a str>) -> String {
        match reason {
            Reason::AudienceMismatch => {
                let audience = self.expected.trim_start_matches("one of ");
                self.audience().with(&[("audience", audience)])
            }
            Reason::TokenEncrypted if self.has_direct_key() => Hint::Auth0Encrypted.with(&[]),
            Reason::IssuerUnknown if self.stage == "issuer" => {
                let near = self.stated_issuer().and_then(|iss| nearest(iss, issuers));
                near.map_or_else(
                    || Hint::IssuerUnknown.with(&[]),
                    |(issuer, difference)| {
                        Hint::IssuerNear.with(&[
                            ("issuer", &format!("{issuer:?}")),
                            ("difference", &difference.to_string()),
                        ])
                    },
                )
            }
            Reason::TokenInactive if self.preset == Some("keycloak") => {
                Hint::KeycloakInactive.with(&[])
            }
            reason => self.plain(reason).with(&[]),
        }
    }

    fn audience(&self) -> Hint {
        match self.preset {
            Some("keycloak") if self.found == "absent" => Hint::KeycloakWithoutAudience,
            Some("keycloak") => Hint::KeycloakAudience,
            Some("auth0") => Hint::Auth0Audience,
            Some("entra") => Hint::EntraAudience,
            Some("okta") => Hint::OktaAudience,
            Some("cognito") => Hint::CognitoAudience,
            Some("google") => Hint::GoogleAudience,
            Some("firebase") => Hint::FirebaseAudience,
            _ => Hint::AudienceMismatch,
        }
    }

    /// Returns whether the header names `dir`, with which Auth0 encrypts tokens for its own
    /// `/userinfo`.
    fn has_direct_key(&self) -> bool {
        let header = self.found.split_once("header ").map(|(_, header)| header);
        let header: Option<serde_json::Value> =
            header.and_then(|header| serde_json::from_str(header).ok());
        header.is_some_and(|header| header.get("alg").is_some_and(|alg| alg == "dir"))
    }

    /// Returns the `iss` that was found, unless it was shortened or has characters that were
    /// escaped.
    fn stated_issuer(&self) -> Option<&str> {
        let stated = self.found.strip_prefix('"')?.strip_suffix('"')?;
        (!stated.contains('\\')).then_some(stated)
    }

    fn plain(&self, reason: Reason) -> Hint {
        match (reason, self.stage) {
            (Reason::RouteDenied, "access") => Hint::RouteIsClosed,
            (Reason::RouteDenied, "policy") => Hint::RouteUnnamed,
            (Reason::IssuerUnknown, "issuer of the route") => Hint::IssuerNotOfRoute,
            (Reason::TokenTypeMismatch, "token_use") => Hint::CognitoTokenUse,
            (Reason::DependencyUnavailable, "introspection") => Hint::IntrospectionFails,
            (Reason::PolicyDenied, "required claim") => Hint::RequiredClaims,
            (reason, _) => Hint::of(reason),
        }
    }
}

impl Hint {
    /// Returns the hint for a reason of which nothing else is known.
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::TokenMissing => Self::TokenMissing,
            Reason::AuthorizationMalformed => Self::AuthorizationMalformed,
            Reason::TokenMalformed => Self::TokenMalformed,
            Reason::TokenTooLarge => Self::TokenTooLarge,
            Reason::TokenAmbiguous => Self::TokenAmbiguous,
            Reason::SchemeUnsupported => Self::SchemeUnsupported,
            Reason::AlgorithmNotAllowed => Self::AlgorithmNotAllowed,
            Reason::HeaderCriticalUnsupported => Self::HeaderCriticalUnsupported,
            Reason::TokenEncrypted => Self::TokenEncrypted,
            Reason::IssuerUnknown => Self::IssuerUnknown,
            Reason::KeyUnknown => Self::KeyUnknown,
            Reason::SignatureInvalid => Self::SignatureInvalid,
            Reason::TokenInactive => Self::TokenInactive,
            Reason::TokenExpired => Self::TokenExpired,
            Reason::TokenNotYetValid | Reason::TokenIssuedInFuture => Self::ClocksDiffer,
            Reason::TokenTooOld => Self::TokenTooOld,
            Reason::AudienceMismatch => Self::AudienceMismatch,
            Reason::TokenTypeMismatch => Self::TokenTypeMismatch,
            Reason::ClaimMissing => Self::ClaimMissing,
            Reason::ClaimInvalid => Self::ClaimInvalid,
            Reason::SubjectUnknown => Self::SubjectUnknown,
            Reason::SubjectDisabled => Self::SubjectDisabled,
            Reason::CredentialUnknown => Self::CredentialUnknown,
            Reason::CredentialsInvalid => Self::CredentialsInvalid,
            Reason::ProofMissing => Self::ProofMissing,
            Reason::ScopeInsufficient => Self::ScopeInsufficient,
            Reason::PolicyDenied => Self::PolicyDenied,
            Reason::RouteDenied => Self::RouteDenied,
            Reason::ClaimHeadersTooLarge => Self::ClaimHeadersTooLarge,
            Reason::ForwardedHeadersMissing => Self::ForwardedHeadersMissing,
            Reason::ForwardedHeadersUntrusted => Self::ForwardedHeadersUntrusted,
            Reason::ForwardedHeadersAmbiguous => Self::ForwardedHeadersAmbiguous,
            Reason::RateLimited => Self::RateLimited,
            Reason::KeysUnavailable => Self::KeysUnavailable,
            Reason::DependencyUnavailable => Self::DependencyUnavailable,
        }
    }
}
