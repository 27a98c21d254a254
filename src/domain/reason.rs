//! The closed list of reasons for a denial, grouped by class.

/// The class of a denial: who has to act next. The HTTP status is the reason's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialClass {
    /// The client must present another credential.
    Unauthenticated,
    /// An administrator must grant access or correct a configuration.
    Forbidden,
    /// The client must wait.
    Limited,
    /// This service, or one that it depends on, must recover.
    Unavailable,
}

macro_rules! reasons {
    ($($class:ident { $($variant:ident $status:literal $code:literal $meaning:literal,)+ })+) => {
        /// The reason for a denial. One code is used in the response, the log, the metric, the
        /// tests and the docs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[doc = $meaning] $variant,)+)+
        }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &[Self] = &[$($(Self::$variant,)+)+];

            /// Returns the stable code, as it appears in `X-Auth-Reason`.
            pub const fn code(self) -> &'static str {
                match self { $($(Self::$variant => $code,)+)+ }
            }

            /// Returns a fixed sentence for people. It never contains anything from the request or
            /// the token.
            pub const fn meaning(self) -> &'static str {
                match self { $($(Self::$variant => $meaning,)+)+ }
            }

            /// Returns the HTTP status of a denial for this reason, 400 to 599.
            pub const fn status(self) -> u16 {
                match self { $($(Self::$variant => $status,)+)+ }
            }

            /// Returns the class.
            pub const fn class(self) -> DenialClass {
                match self { $($(Self::$variant)|+ => DenialClass::$class,)+ }
            }
        }

        // A denial with another status would let the request pass.
        $($(const _: () = assert!(matches!(Reason::$variant.status(), 400..=599));)+)+
    };
}

reasons! {
    Unauthenticated {
        TokenMissing 401 "token_missing" "no token was presented",
        AuthorizationMalformed 401 "authorization_malformed" "there is no readable credential in the Authorization field",
        TokenMalformed 401 "token_malformed" "the token is malformed",
        TokenTooLarge 401 "token_too_large" "the token is larger than this service accepts",
        TokenAmbiguous 401 "token_ambiguous" "more than one token was presented",
        SchemeUnsupported 401 "scheme_unsupported" "the authentication scheme is not supported",
        AlgorithmNotAllowed 401 "algorithm_not_allowed" "the signature algorithm is not allowed for this key or issuer",
        HeaderCriticalUnsupported 401 "header_critical_unsupported" "the token needs a critical extension that is not supported",
        TokenEncrypted 401 "token_encrypted" "encrypted tokens are not supported",
        IssuerUnknown 401 "issuer_unknown" "the token is not from a configured issuer",
        KeyUnknown 401 "key_unknown" "the issuer has no such key",
        SignatureInvalid 401 "signature_invalid" "the signature does not match",
        TokenInactive 401 "token_inactive" "the issuer says that the token is not active",
        TokenExpired 401 "token_expired" "the token has expired",
        TokenNotYetValid 401 "token_not_yet_valid" "the token is not valid yet",
        TokenIssuedInFuture 401 "token_issued_in_future" "the token was issued in the future",
        TokenTooOld 401 "token_too_old" "the token was issued too long ago",
        AudienceMismatch 401 "audience_mismatch" "the token is not meant for this audience",
        TokenTypeMismatch 401 "token_type_mismatch" "the token is of another type than expected",
        ClaimMissing 401 "claim_missing" "a required claim is missing",
        ClaimInvalid 401 "claim_invalid" "a claim is malformed or has the wrong type",
        SubjectUnknown 401 "subject_unknown" "the directory does not know the user",
        SubjectDisabled 401 "subject_disabled" "the user is disabled in the directory",
        CredentialUnknown 401 "credential_unknown" "the API key is not known, has expired or is disabled",
        CredentialsInvalid 401 "credentials_invalid" "user and password do not match",
        ProofMissing 401 "proof_missing" "the token is bound to a key and no proof of possession was checked",
    }
    Forbidden {
        ScopeInsufficient 403 "scope_insufficient" "the token lacks a required scope",
        PolicyDenied 403 "policy_denied" "the token does not satisfy the policy",
        RouteDenied 403 "route_denied" "no route allows this request",
        ClaimHeadersTooLarge 403 "claim_headers_too_large" "the claims do not fit into the response headers",
        ForwardedHeadersMissing 403 "forwarded_headers_missing" "the proxy did not describe the original request",
        ForwardedHeadersUntrusted 403 "forwarded_headers_untrusted" "the peer is not a trusted proxy",
        ForwardedHeadersAmbiguous 403 "forwarded_headers_ambiguous" "the description of the original request is ambiguous",
    }
    Limited {
        RateLimited 429 "rate_limited" "too many requests from this address failed",
    }
    Unavailable {
        KeysUnavailable 503 "keys_unavailable" "the keys of the issuer are not available",
        DependencyUnavailable 503 "dependency_unavailable" "a service that this decision depends on is not available",
    }
}

/// Renders the reference page of all reasons as Markdown.
pub fn reason_reference() -> String {
    let intro = "# Reason codes\n\nGenerated from the program; a test fails when this page and the program differ.\n\n\
                 A reason code is the same in the header `X-Auth-Reason`, in the body of a denial, in the access log and in the metrics.\n\
                 Its page has the causes, what to do, and an example to try ([all pages](reasons/README.md)).\n\n\
                 | status | code | meaning |\n| --- | --- | --- |\n";
    let rows = Reason::ALL.iter().map(|reason| {
        format!(
            "| {} | [`{code}`](reasons/{code}.md) | {} |\n",
            reason.status(),
            reason.meaning(),
            code = reason.code(),
        )
    });
    std::iter::once(intro.to_owned()).chain(rows).collect()
}

impl Reason {
    /// Returns `true` if a denial for this reason counts as one that cost work: a signature, a
    /// password's hash, a call. [`CredentialUnknown`](Self::CredentialUnknown) costs only a
    /// look-up, but counts because the key may be a guess.
    ///
    /// [`KeyUnknown`](Self::KeyUnknown) is not among them: it costs work only where the issuer was
    /// asked for the key.
    pub const fn costs_work(self) -> bool {
        matches!(
            self,
            Self::SignatureInvalid
                | Self::TokenInactive
                | Self::ProofMissing
                | Self::CredentialUnknown
                | Self::CredentialsInvalid
        )
    }

    /// Returns the reason whose code is most similar to `code`, if `code` may be a misspelling of
    /// it.
    pub fn nearest(code: &str) -> Option<Self> {
        let distance = |reason: &Self| strsim::damerau_levenshtein(reason.code(), code);
        Self::ALL
            .iter()
            .copied()
            .min_by_key(distance)
            .filter(|nearest| distance(nearest) <= 4)
    }

    /// Returns the reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
    }

    #[test]
    fn failures_that_cost_work_are_known_by_their_codes() {
        let costly = [
            "signature_invalid",
            "token_inactive",
            "credential_unknown",
            "credentials_invalid",
        ];
        for reason in Reason::ALL {
            let code = reason.code();
            let expected = costly.contains(&code) || code.starts_with("proof_");
            assert_eq!(reason.costs_work(), expected, "{code}");
        }
    }
}
