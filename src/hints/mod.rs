//! Layer 1: the hints, a closed list: what to do about a denial, and about keys that cannot be
//! fetched.
//!
//! Each hint is one row of one table. The page `docs/hints.md` is generated from it, and the pages
//! under `docs/reasons/` from the table of reasons.

mod denial;
mod difference;
mod reason_pages;

use std::fmt::Write;

pub use denial::DeniedStage;
pub use difference::{Difference, nearest};
pub use reason_pages::{reason_index, reason_page};

macro_rules! hints {
    ($($section:literal { $($variant:ident $when:literal $text:literal,)+ })+) => {
        /// A hint: what may help in one situation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Hint {
            $($(#[doc = $when] $variant,)+)+
        }

        impl Hint {
            /// Every hint, in the order of the documentation.
            pub const ALL: &[Self] = &[$($(Self::$variant,)+)+];

            /// The situation in which it is given.
            pub const fn when(self) -> &'static str {
                match self { $($(Self::$variant => $when,)+)+ }
            }

            /// Its text, with the names of its parameters in braces.
            pub const fn text(self) -> &'static str {
                match self { $($(Self::$variant => $text,)+)+ }
            }

            const fn section(self) -> &'static str {
                match self { $($(Self::$variant)|+ => $section,)+ }
            }
        }
    };
}

hints! {
    "Denials, by reason" {
        TokenMissing "`token_missing`" "send the token where `token_sources` looks, and have the proxy pass that header on",
        AuthorizationMalformed "`authorization_malformed`" "send `Authorization: Bearer TOKEN`, both words",
        TokenMalformed "`token_malformed`" "a compact JWS is three parts of base64url with dots between, without quotes or blanks",
        TokenTooLarge "`token_too_large`" "ask the issuer for fewer claims, or raise `max_token_bytes`",
        TokenAmbiguous "`token_ambiguous`" "send one token, in one place",
        SchemeUnsupported "`scheme_unsupported`" "send `Authorization: Bearer TOKEN`",
        AlgorithmNotAllowed "`algorithm_not_allowed`" "compare `algorithms` and the `alg` of the key with that of the token",
        HeaderCriticalUnsupported "`header_critical_unsupported`" "no extension of RFC 7515 section 4.1.11 is supported",
        TokenEncrypted "`token_encrypted`" "ask the issuer for signed tokens that are not encrypted",
        IssuerUnknown "`issuer_unknown`" "`iss` is compared byte by byte: look for a slash more or less",
        KeyUnknown "`key_unknown`" "does the issuer publish this key? `doorward check --online` shows what it publishes",
        SignatureInvalid "`signature_invalid`" "the token was changed, or signed by another key of the same id",
        TokenInactive "`token_inactive`" "the token was revoked, has expired, or is not for this service; if it is new, see whether `introspection_client_id` may ask about it",
        TokenExpired "`token_expired`" "get a new token; if it is new, compare the clocks",
        ClocksDiffer "`token_not_yet_valid`, `token_issued_in_future`" "compare the clocks of issuer and service, or raise `leeway`",
        TokenTooOld "`token_too_old`" "get a new token, or raise `max_token_age`",
        AudienceMismatch "`audience_mismatch`" "request the token for this API, or add its audience to `audience`",
        TokenTypeMismatch "`token_type_mismatch`" "send an access token, not an ID token; see `token_type` and `accepted_types`",
        ClaimMissing "`claim_missing`" "have the issuer add the claim to the token",
        ClaimInvalid "`claim_invalid`" "the issuer writes this claim in a form that its specification does not allow",
        SubjectUnknown "`subject_unknown`" "see whether the query finds a row for this subject, and whether its `directory_key` equals the subject byte by byte; `directory_issuers` names the issuers whose users are in the database",
        SubjectDisabled "`subject_disabled`" "the column `directory_active` of the user's row is not true",
        CredentialUnknown "`credential_unknown`" "see whether the key is in `api_keys_file`, with `expires` in the future and without `disabled`; `doorward key check` computes its hash",
        CredentialsInvalid "`credentials_invalid`" "compare with `htpasswd -v FILE USER`; bcrypt takes at most 72 bytes of a password, and a longer one is refused",
        ProofMissing "`proof_missing`" "tokens that are bound to a key are not supported; request one without `cnf`",
        ScopeInsufficient "`scope_insufficient`" "request the token with these scopes, and grant them to the client",
        PolicyDenied "`policy_denied`" "the token lacks what `require` of the route asks for",
        RouteDenied "`route_denied`" "add a route for this request, or see why the existing routes were skipped",
        ClaimHeadersTooLarge "`claim_headers_too_large`" "map fewer claims, or raise `claim_headers_max_bytes` and the proxy's buffers",
        ForwardedHeadersMissing "`forwarded_headers_missing`" "have the proxy send the headers of its dialect; see `proxy`",
        ForwardedHeadersUntrusted "`forwarded_headers_untrusted`" "add the proxy's network to `trusted_proxies`",
        ForwardedHeadersAmbiguous "`forwarded_headers_ambiguous`" "have the proxy normalise paths, and send each header once",
        RateLimited "`rate_limited`" "wait as long as `Retry-After` says; if many clients share this address, raise `failure_limit`",
        KeysUnavailable "`keys_unavailable`" "`/status` shows why the issuer's keys could not be fetched",
        DependencyUnavailable "`dependency_unavailable`" "`/status` shows which service does not answer, and why; try again later",
    }
    "Denials, by stage" {
        RouteIsClosed "`route_denied` by `access: denied`" "the route says `access: denied`; see why the earlier ones were skipped",
        RouteUnnamed "`route_denied` where no route has the name that was asked for" "ask for the name of a route, as in `/policy/NAME/verify`",
        IssuerNotOfRoute "`issuer_unknown` on a route that takes other issuers" "add the issuer to `issuers` of the route, or request a token of another issuer",
        CognitoTokenUse "`token_type_mismatch` by the claim `token_use`" "send the other token of the user pool; see `cognito_token_use`",
        ExplainOnline "an explanation that would have to ask another service" "`doorward explain --online`, or `\"online\": true` in the body, asks it",
        IntrospectionFails "`dependency_unavailable` by `introspection`" "`/status` shows under `dependencies` why the issuer did not answer; `doorward check --online` sends it a token of its own",
        RequiredClaims "`policy_denied` by `required_claims`" "the token lacks what `required_claims` asks for",
        IssuerNear "`issuer_unknown`, and a configured issuer is like it" "the nearest configured issuer is {issuer}, which differs in {difference}; `iss` is compared byte by byte",
    }
    "Denials, by provider" {
        KeycloakAudience "`audience_mismatch`, preset `keycloak`" "add an audience mapper for {audience} to a client scope of the client: Keycloak writes no audience for an API by itself",
        KeycloakWithoutAudience "`audience_mismatch`, preset `keycloak`, and the token has no `aud`" "add an audience mapper for {audience} to a client scope of the client, or, if the token has no `sub` either, set `introspection: always`: a lightweight access token has its claims only in Keycloak's answer",
        Auth0Audience "`audience_mismatch`, preset `auth0`" "have the client request the token with `audience` {audience}, the identifier of the API at Auth0",
        EntraAudience "`audience_mismatch`, preset `entra`" "have the client request a scope of {audience}: a token for Microsoft Graph is only for Graph",
        OktaAudience "`audience_mismatch`, preset `okta`" "request the token from the authorization server whose audience is {audience}: tokens of Okta's org server are only for Okta itself",
        CognitoAudience "`audience_mismatch`, preset `cognito`" "the token is of another app client of the user pool: add that one to `cognito_app_client_id`",
        GoogleAudience "`audience_mismatch`, preset `google`" "the token was made for another OAuth client: add its client ID to `audience`",
        FirebaseAudience "`audience_mismatch`, preset `firebase`" "the token is of another Firebase project: compare `firebase_project`",
        KeycloakInactive "`token_inactive`, preset `keycloak`" "the session has ended, or `introspection_client_id` is not in the audience of the token: to any other client, Keycloak says that the token is not active",
        Auth0Encrypted "`token_encrypted`, and `alg` is `dir`" "Auth0: the client asked for no audience; request the token with `audience`, the identifier of the API",
    }
    "Fetching keys" {
        IssuerIsDocument "the issuer ends in `/.well-known/…`" "`issuer` ends in front of `/.well-known/`: set it to {issuer}",
        RealmTwice "the URL has `/realms/` twice" "`keycloak_url` ends in front of `/realms/`: the realm is `keycloak_realm`",
        RealmUnknown "404 for a realm of Keycloak" "compare the name of the realm, capitals included; a base path such as `/auth` stands in front of `/realms/`, in `issuer` or, with the preset, in `keycloak_url`",
        OtherIssuer "the metadata names another issuer" "if the name that was found is the right issuer, set `issuer` to exactly that: the two differ in {difference}",
        MetadataNotFound "404 for the metadata" "compare the issuer's path (realm, tenant) and name; where the metadata is elsewhere, set `discovery_url`, where there is none, `jwks_url`",
        KeysNotFound "404 for the keys" "compare the URL with `jwks_uri` of the issuer's metadata; with a preset compare its domain, realm or tenant",
        NoUsableKey "a key set without a usable key" "the issuer has to publish a public key for signatures whose algorithm is in `algorithms`",
        TooManyKeys "a key set with too many keys" "have the issuer publish only the keys that sign its tokens",
        KeyFileUnreadable "`jwks_file` cannot be read" "compare path, owner and mode of `jwks_file`; the last good keys are used until `jwks_max_stale`",
        KeyFileIsNoKeySet "`jwks_file` holds no key set" "write a key set in JSON to `jwks_file`, as the issuer publishes it; keys in PEM are `public_key_file`",
        NotAllowed "401 or 403" "the server asks for credentials: see `jwks_headers_file` and `jwks_bearer_token_file`",
        Redirected "a redirect" "redirects are not followed: set the URL at which the document is",
        ServerFails "429 or 5xx" "the server is down or overloaded; it is asked again, and the last good keys are used until `jwks_max_stale`",
        MetadataIsKeys "a key set where metadata is expected" "this is a key set: set it as `jwks_url` instead of `discovery_url`",
        KeysAreMetadata "metadata where a key set is expected" "this is metadata: set it as `discovery_url` instead of `jwks_url`",
        NotTheIssuer "a web page, or no JSON" "open the URL in a browser: a log-in page or another service answers in the issuer's place",
        NoIntrospection "the metadata has no `introspection_endpoint`" "set `introspection_url`; without such an endpoint the issuer's opaque tokens cannot be verified",
        InsecureKeys "an endpoint of the metadata is no `https` URL" "set `allow_insecure_http` if the network is trusted",
        UnknownAuthority "TLS: `UnknownIssuer`" "the certificate is of an authority that is not known here: set `jwks_ca_file` to a PEM file with the authority's certificate",
        AuthorityAsServer "TLS: `CaUsedAsEndEntity`" "the server shows the certificate of an authority as its own: make one with `openssl req -x509 … -addext basicConstraints=critical,CA:FALSE`",
        NoTls "TLS: `InvalidContentType`" "the server does not use TLS: write http:// (for other hosts than loopback also set `allow_insecure_http`)",
        OnlyTls "no HTTP in the answer" "the server expects TLS: write https://",
        OtherCertificate "TLS: the certificate is for another name" "use a name that is in the certificate, or have the server's certificate name this one",
        CertificateExpired "TLS: the certificate has expired" "renew the certificate of the server, or compare the clocks",
        ConnectionRefused "the connection is refused" "compare host and port, and see whether the server is up; in a container `localhost` is the container",
        NameUnknown "the name does not resolve" "compare the name, and see whether it resolves on this machine or in this container",
        NoAnswer "no answer in time" "look for a firewall, an egress rule, or a proxy that must be set in `HTTPS_PROXY`; `jwks_timeout` is the time limit",
        ProxyRefused "the proxy refuses" "see whether the proxy allows this host; `NO_PROXY` names hosts that need no proxy",
        PrivateAddress "an address that is not public" "metadata of a public host name an address in a private network: set `allow_private_jwks` if that is intended",
        BearerTokenFile "the bearer token cannot be read" "compare path, owner and mode of `jwks_bearer_token_file`",
    }
}

impl Hint {
    /// Returns the text with these values for its parameters.
    pub fn with(self, values: &[(&str, &str)]) -> String {
        let mut filled = String::new();
        let mut rest = self.text();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            let value = values.iter().find(|(own, _)| *own == name);
            filled.push_str(before);
            filled.push_str(value.map_or("…", |(_, value)| value));
            rest = behind;
        }
        filled + rest
    }
}

/// Returns the page `docs/hints.md`.
pub fn hint_reference() -> String {
    let mut page = String::from(
        "# Hints\n\nGenerated from the program; a test fails when this page and the program differ.\n\n\
         `doorward explain`, `POST /explain`, `doorward check --online`, `/status` and the log give these hints. \
         A word in braces is replaced by what was configured or found.\n",
    );
    let mut section = "";
    for hint in Hint::ALL {
        // Writing to a String cannot fail.
        if hint.section() != section {
            section = hint.section();
            let _ = write!(page, "\n## {section}\n\n| when | hint |\n| --- | --- |\n");
        }
        let _ = writeln!(page, "| {} | {} |", hint.when(), hint.text());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_replaced_once() {
        let filled = Hint::IssuerNear.with(&[("issuer", "{difference}"), ("difference", "case")]);
        assert!(
            filled.contains("issuer is {difference}, which differs in case;"),
            "{filled}"
        );
        assert!(Hint::IssuerNear.with(&[]).contains("issuer is …, which"));
    }

    #[test]
    fn no_two_situations_are_alike() {
        for (index, hint) in Hint::ALL.iter().enumerate() {
            let earlier = Hint::ALL.iter().take(index);
            assert!(
                earlier.clone().all(|other| other.when() != hint.when()),
                "{hint:?}"
            );
        }
    }
}
