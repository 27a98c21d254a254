//! What to do about a denial.

use crate::domain::Reason;

/// What may help against a denial for this reason.
pub(super) const fn usual_hint(reason: Reason) -> &'static str {
    match reason {
        Reason::TokenMissing => {
            "send the token where `token_sources` looks, and have the proxy pass that header on"
        }
        Reason::AuthorizationMalformed => "send `Authorization: Bearer TOKEN`, both words",
        Reason::TokenMalformed => {
            "a compact JWS is three parts of base64url with dots between, without quotes or blanks"
        }
        Reason::TokenTooLarge => "ask the issuer for fewer claims, or raise `max_token_bytes`",
        Reason::TokenAmbiguous => "send one token, in one place",
        Reason::SchemeUnsupported => "send `Authorization: Bearer TOKEN`",
        Reason::AlgorithmNotAllowed => {
            "compare `algorithms` and the `alg` of the key with that of the token"
        }
        Reason::HeaderCriticalUnsupported => "no extension of RFC 7515 section 4.1.11 is supported",
        Reason::TokenEncrypted => "ask the issuer for signed tokens that are not encrypted",
        Reason::IssuerUnknown => "`iss` is compared byte by byte: look for a slash more or less",
        Reason::KeyUnknown => {
            "does the issuer publish this key? `doorward check --online` shows what it publishes"
        }
        Reason::SignatureInvalid => {
            "the token was changed, or signed by another key of the same id"
        }
        Reason::TokenExpired => "get a new token; if it is new, compare the clocks",
        Reason::TokenNotYetValid | Reason::TokenIssuedInFuture => {
            "compare the clocks of issuer and service, or raise `leeway`"
        }
        Reason::TokenTooOld => "get a new token, or raise `max_token_age`",
        Reason::AudienceMismatch => {
            "request the token for this API, or add its audience to `audience`"
        }
        Reason::TokenTypeMismatch => {
            "send an access token, not an ID token; see `token_type` and `accepted_types`"
        }
        Reason::ClaimMissing => "have the issuer add the claim to the token",
        Reason::ClaimInvalid => {
            "the issuer writes a claim in a form that its specification does not know"
        }
        Reason::ProofMissing => {
            "tokens that are bound to a key are not supported; request one without `cnf`"
        }
        Reason::ScopeInsufficient => {
            "request the token with these scopes, and grant them to the client"
        }
        Reason::PolicyDenied => "the token lacks what the route, or `required_claims`, asks for",
        Reason::RouteDenied => {
            "add a route for this request, or see why those that are there were skipped"
        }
        Reason::ClaimHeadersTooLarge => {
            "map fewer claims, or raise `claim_headers_max_bytes` and the proxy's buffers"
        }
        Reason::ForwardedHeadersMissing => {
            "have the proxy send the headers of its dialect; see `proxy`"
        }
        Reason::ForwardedHeadersUntrusted => "add the proxy's network to `trusted_proxies`",
        Reason::ForwardedHeadersAmbiguous => {
            "have the proxy normalise paths, and send each header once"
        }
        Reason::KeysUnavailable => "`/status` tells why the issuer's keys could not be fetched",
        Reason::DependencyUnavailable => "try again later",
    }
}
