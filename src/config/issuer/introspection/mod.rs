//! Introspection of an issuer's tokens (RFC 7662, RFC 9701).

mod client;
mod mode;
mod prefixes;

use std::time::Duration;

use url::Url;

pub use client::{ClientAuthentication, ClientSecret, SecretSource, client_identity};
pub use mode::IntrospectionMode;
pub(super) use prefixes::unclear_tokens;

use super::keys::{FetchSettings, is_trustworthy};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use client::{
    ASSERTION_AUDIENCE, AUTH, BEARER_TOKEN_FILE, CERTIFICATE_FILE, CLIENT_ID, CLIENT_SECRET,
    KEY_FILE,
};
use mode::MODES;
pub(super) use prefixes::TOKEN_PREFIXES;

pub(crate) const INTROSPECTION: Setting = Setting::new(
    "introspection",
    "off",
    "Which tokens are checked by asking the issuer (introspection, RFC 7662). `off`: none. `opaque`: tokens that are not a JWT. `always`: JWTs of this issuer too; the response adds claims that the token lacks. `only`: every token of this issuer, without checking a signature.",
)
.shaped(Shape::Word(&value::words(MODES)));
pub(super) const URL: Setting = Setting::optional(
    "introspection_url",
    "`introspection_endpoint` of the metadata",
    "URL of the introspection endpoint.",
);
const RESPONSE: Setting = Setting::new(
    "introspection_response",
    "json",
    "Form of the introspection response. `json`: plain JSON. `jwt`: only responses that the issuer has signed for `introspection_client_id` (RFC 9701).",
)
.shaped(Shape::Word(&value::words(RESPONSES)));
const REQUIRE_TOKEN_TYPE: Setting = Setting::new(
    "introspection_require_token_type",
    "false",
    "`true`: an introspection response must have `token_type`. Needed for servers that also answer for refresh tokens, and set `token_type` for access tokens only.",
)
.shaped(Shape::Boolean);
const TIMEOUT: Setting = Setting::new(
    "introspection_timeout",
    "2s",
    "Longest time for one introspection call. A request waits at most `dependency_wait`. The call goes on, and its result is kept for the next request.",
)
.shaped(Shape::Duration);
const CACHE_TTL: Setting = Setting::new(
    "introspection_cache_ttl",
    "60s",
    "How long the response for an active token is kept, at most until the token expires. `0s`: one call for every request.",
)
.shaped(Shape::Duration);
const NEGATIVE_TTL: Setting = Setting::new(
    "introspection_negative_ttl",
    "10s",
    "How long the response for a token is kept that is not active, or for which the endpoint responded 4xx.",
)
.shaped(Shape::Duration);
const MAX_IN_FLIGHT: Setting = Setting::new(
    "introspection_max_in_flight",
    "64",
    "Greatest number of introspection calls at the same time. Further calls wait in order.",
)
.shaped(Shape::Number);

pub(crate) const SETTINGS: &[Setting] = &[
    INTROSPECTION,
    URL,
    AUTH,
    CLIENT_ID,
    CLIENT_SECRET,
    KEY_FILE,
    CERTIFICATE_FILE,
    BEARER_TOKEN_FILE,
    ASSERTION_AUDIENCE,
    RESPONSE,
    REQUIRE_TOKEN_TYPE,
    TIMEOUT,
    CACHE_TTL,
    NEGATIVE_TTL,
    MAX_IN_FLIGHT,
    TOKEN_PREFIXES,
];

/// Introspection of an issuer's tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct IntrospectionSettings {
    /// The tokens that the issuer is asked about.
    pub mode: IntrospectionMode,
    /// The place at which the issuer is asked.
    pub endpoint: IntrospectionEndpoint,
    /// The rules of fetching, which hold for the endpoint too.
    pub fetch: FetchSettings,
    /// The authentication of this service.
    pub client: ClientAuthentication,
    /// The form of answers.
    pub response: IntrospectionResponse,
    /// `true` if an answer without `token_type` is refused.
    pub require_token_type: bool,
    /// The timeout of one question.
    pub timeout: Duration,
    /// The longest time for which the answer about an active token is kept.
    pub cache_ttl: Duration,
    /// The time for which an inactive or rejected token is remembered.
    pub negative_ttl: Duration,
    /// The largest number of questions at the same time.
    pub max_in_flight: usize,
    /// The beginnings of this issuer's opaque tokens; none if it gets those that belong to no
    /// other issuer.
    pub token_prefixes: Vec<String>,
}

/// The place at which an issuer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntrospectionEndpoint {
    /// At this URL.
    Url(Url),
    /// At the `introspection_endpoint` of its metadata; the documents are tried in this order.
    Metadata {
        /// The issuer, which the metadata must name exactly.
        issuer: String,
        /// The URLs at which the metadata may be.
        documents: Vec<Url>,
    },
}

/// The form of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntrospectionResponse {
    /// JSON (RFC 7662).
    Json,
    /// A JWT that the issuer has signed (RFC 9701).
    Jwt {
        /// The audience that it must name: the id of this service at the issuer.
        client_id: String,
        /// The issuer that it must name.
        issuer: String,
    },
}

/// The values of other settings of the issuer that introspection needs.
pub(super) struct IssuerContext<'a> {
    /// The name of the issuer in its metadata; `None` if it has no `iss`.
    pub(super) issuer: Option<&'a str>,
    /// The URLs at which its metadata may be; none if the name is no URL.
    pub(super) documents: Vec<Url>,
    /// The endpoint that the preset of the issuer knows.
    pub(super) known_url: Option<&'a str>,
    /// The rules of fetching.
    pub(super) fetch: Result<&'a FetchSettings, Reported>,
}

const RESPONSES: &[(&str, bool); 2] = &[("json", false), ("jwt", true)];

/// Reads `introspection`; `None` if it is off. The other settings of the section are then refused.
pub(super) fn read_mode(reader: &mut Reader) -> Result<Option<IntrospectionMode>, Reported> {
    let mode = reader.read(&INTROSPECTION, value::one_of(MODES))?;
    if mode.is_none() {
        let others: Vec<_> = SETTINGS
            .iter()
            .filter(|setting| **setting != INTROSPECTION)
            .copied()
            .collect();
        let alone = Invalid::new("has no meaning without introspection")
            .hint("set $introspection to opaque, always or only, or leave this out");
        reader.refuse_given(&others, &alone)?;
    }
    Ok(mode)
}

impl IntrospectionSettings {
    /// Reads the section. Every problem with it is reported.
    pub(super) fn read(
        reader: &mut Reader,
        mode: IntrospectionMode,
        issuer: &IssuerContext<'_>,
    ) -> Result<Self, Reported> {
        let is_signed = reader.read(&RESPONSE, value::one_of(RESPONSES));
        let needs_id = is_signed.is_ok_and(|is_signed| is_signed);
        let client = client::read(reader, issuer.issuer, needs_id);
        let endpoint = read_endpoint(reader, issuer);
        let require_token_type = reader.read(&REQUIRE_TOKEN_TYPE, value::boolean);
        let timeout = reader.read(
            &TIMEOUT,
            value::duration_within(Duration::from_millis(50), Duration::from_mins(1)),
        );
        let ttl = value::duration_within(Duration::ZERO, Duration::from_hours(24));
        let cache_ttl = reader.read(&CACHE_TTL, &ttl);
        let negative_ttl = reader.read(&NEGATIVE_TTL, &ttl);
        let max_in_flight = reader.read(&MAX_IN_FLIGHT, value::size(1, 10_000));
        let token_prefixes = prefixes::read(reader);
        let (client, client_id) = client?;
        Ok(Self {
            mode,
            endpoint: endpoint?,
            fetch: issuer.fetch?.clone(),
            client,
            response: match (is_signed?, client_id, issuer.issuer) {
                (true, Some(client_id), Some(name)) => IntrospectionResponse::Jwt {
                    client_id,
                    issuer: name.to_owned(),
                },
                (true, ..) => {
                    let invalid = Invalid::new("an issuer without `iss` signs no answers");
                    return Err(reader.refuse(&RESPONSE, invalid.hint("set $issuer")));
                }
                _ => IntrospectionResponse::Json,
            },
            require_token_type: require_token_type?,
            timeout: timeout?,
            cache_ttl: cache_ttl?,
            negative_ttl: negative_ttl?,
            max_in_flight: max_in_flight?,
            token_prefixes: token_prefixes?,
        })
    }

    /// Returns `true` if answers are verified with the keys of the issuer.
    pub const fn is_signed(&self) -> bool {
        matches!(self.response, IntrospectionResponse::Jwt { .. })
    }
}

impl IntrospectionEndpoint {
    /// Returns the URLs that the operator set, or that follow from the issuer's URL.
    pub fn urls(&self) -> &[Url] {
        match self {
            Self::Url(url) => std::slice::from_ref(url),
            Self::Metadata { documents, .. } => documents,
        }
    }
}

fn read_endpoint(
    reader: &mut Reader,
    issuer: &IssuerContext<'_>,
) -> Result<IntrospectionEndpoint, Reported> {
    let allow_http = issuer.fetch.is_ok_and(|fetch| fetch.allow_insecure_http);
    let url = |text: &str| endpoint_url(text, allow_http);
    let found = match (reader.optional(&URL, url)?, issuer.known_url) {
        (Some(given), _) => Some(given),
        (None, Some(known)) => Some(url(known).map_err(|invalid| reader.refuse(&URL, invalid))?),
        (None, None) => None,
    };
    let is_anonymous = client::is_anonymous(reader);
    match (found, issuer.issuer) {
        // Without authentication any host that reaches the endpoint could use it to test stolen or
        // guessed tokens (RFC 7662 section 2.1).
        (found, _) if is_anonymous && !found.as_ref().is_some_and(crate::domain::is_loopback) => {
            let invalid = Invalid::new("$introspection_auth=none is for loopback addresses only")
                .hint("name an endpoint on this machine, or choose how to authenticate");
            Err(reader.refuse(&URL, invalid))
        }
        (Some(url), _) => Ok(IntrospectionEndpoint::Url(url)),
        (None, Some(name)) if !issuer.documents.is_empty() => Ok(IntrospectionEndpoint::Metadata {
            issuer: name.to_owned(),
            documents: issuer.documents.clone(),
        }),
        (None, _) => {
            let hint = "the issuer has no metadata that would name it";
            Err(reader.refuse(&URL, Invalid::new("missing").hint(hint)))
        }
    }
}

fn endpoint_url(text: &str, allow_http: bool) -> Result<Url, Invalid> {
    let url =
        Url::parse(text.trim()).map_err(|_| Invalid::new("no URL").hint("write https://…"))?;
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "$introspection_auth says how this service authenticates itself";
        return Err(Invalid::new("has credentials in it").hint(hint));
    }
    match url.scheme() {
        _ if is_trustworthy(&url, allow_http) => Ok(url),
        "http" => Err(
            Invalid::new("tokens over plain http can be read on the way").hint(
                "use https; where the network itself is trusted, set $allow_insecure_http=true",
            ),
        ),
        _ => Err(Invalid::new("unsupported scheme").hint("write https://…")),
    }
}
