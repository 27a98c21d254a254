//! Hints: what may help against a denial.

use crate::domain::Reason;

/// Returns what may help against a denial for this reason at this stage.
pub(super) fn hint(reason: Reason, stage: &str) -> &'static str {
    match (reason, stage) {
        (Reason::RouteDenied, "access") => {
            "the route says `access: denied`; see why the earlier ones were skipped"
        }
        (Reason::RouteDenied, "policy") => {
            "ask for the name of a route, as in `/policy/NAME/verify`"
        }
        (Reason::IssuerUnknown, "issuer of the route") => {
            "add the issuer to the route's `issuers`, or ask another one"
        }
        (Reason::IssuerUnknown, "source of the issuer") => {
            "send the token where its issuer takes it from"
        }
        (Reason::TokenTypeMismatch, "token_use") => {
            "send the other token of the user pool; see `cognito_token_use`"
        }
        (Reason::PolicyDenied, "required claim") => {
            "the token lacks what `required_claims` asks for"
        }
        (Reason::PolicyDenied, _) => "the token lacks what `require` of the route asks for",
        (reason, _) => usual_hint(reason),
    }
}

/// Declares the hint for each reason, wherever the denial came about.
macro_rules! usual_hints {
    ($($($reason:ident)|+ => $hint:literal,)+) => {
        const fn usual_hint(reason: Reason) -> &'static str {
            match reason { $($(Reason::$reason)|+ => $hint,)+ }
        }
    };
}

usual_hints! {
    TokenMissing => "send the token where `token_sources` looks, and have the proxy pass that header on",
    AuthorizationMalformed => "send `Authorization: Bearer TOKEN`, both words",
    TokenMalformed => "a compact JWS is three parts of base64url with dots between, without quotes or blanks",
    TokenTooLarge => "ask the issuer for fewer claims, or raise `max_token_bytes`",
    TokenAmbiguous => "send one token, in one place",
    SchemeUnsupported => "send `Authorization: Bearer TOKEN`",
    AlgorithmNotAllowed => "compare `algorithms` and the `alg` of the key with that of the token",
    HeaderCriticalUnsupported => "no extension of RFC 7515 section 4.1.11 is supported",
    TokenEncrypted => "ask the issuer for signed tokens that are not encrypted",
    IssuerUnknown => "`iss` is compared byte by byte: look for a slash more or less",
    KeyUnknown => "does the issuer publish this key? `doorward check --online` shows what it publishes",
    SignatureInvalid => "the token was changed, or signed by another key of the same id",
    TokenExpired => "get a new token; if it is new, compare the clocks",
    TokenNotYetValid | TokenIssuedInFuture => "compare the clocks of issuer and service, or raise `leeway`",
    TokenTooOld => "get a new token, or raise `max_token_age`",
    AudienceMismatch => "request the token for this API, or add its audience to `audience`",
    TokenTypeMismatch => "send an access token, not an ID token; see `token_type` and `accepted_types`",
    ClaimMissing => "have the issuer add the claim to the token",
    ClaimInvalid => "the issuer writes a claim in a form that its specification does not know",
    ProofMissing => "tokens that are bound to a key are not supported; request one without `cnf`",
    ScopeInsufficient => "request the token with these scopes, and grant them to the client",
    PolicyDenied => "the token lacks what the route, or `required_claims`, asks for",
    RouteDenied => "add a route for this request, or see why those that are there were skipped",
    ClaimHeadersTooLarge => "map fewer claims, or raise `claim_headers_max_bytes` and the proxy's buffers",
    ForwardedHeadersMissing => "have the proxy send the headers of its dialect; see `proxy`",
    ForwardedHeadersUntrusted => "add the proxy's network to `trusted_proxies`",
    ForwardedHeadersAmbiguous => "have the proxy normalise paths, and send each header once",
    KeysUnavailable => "`/status` tells why the issuer's keys could not be fetched",
    DependencyUnavailable => "try again later",
}
