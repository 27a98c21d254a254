//! How keys are fetched and kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

use super::Readiness;
use super::key_source::{DISCOVERY_URL, JWKS_URL};
use super::reader::Reader;
use super::setting::Setting;
use super::value::{self, Invalid};
use crate::jose::Algorithms;

const JWKS_CA_FILE: Setting = Setting::optional(
    "jwks_ca_file",
    "–",
    "PEM file with certificates to trust beside the system's when keys are fetched.",
);
const JWKS_HEADERS: Setting =
    Setting::secret("jwks_headers", "Request headers for fetching, as `Name: value`, separated by commas.");
const JWKS_BEARER_TOKEN_FILE: Setting = Setting::optional(
    "jwks_bearer_token_file",
    "–",
    "File with a bearer token for fetching; read anew each time, because such tokens rotate.",
);
const ALLOW_INSECURE_HTTP: Setting =
    Setting::new("allow_insecure_http", "false", "Fetches over `http://` from other hosts than loopback.");
const ALLOW_PRIVATE_JWKS: Setting = Setting::new(
    "allow_private_jwks",
    "false",
    "Lets a discovery document on a public host point to keys on a private, link-local or loopback address.",
);

pub(super) const FETCH_SETTINGS: &[Setting] =
    &[JWKS_CA_FILE, JWKS_HEADERS, JWKS_BEARER_TOKEN_FILE, ALLOW_INSECURE_HTTP, ALLOW_PRIVATE_JWKS];

const JWKS_REFRESH: Setting = Setting::new(
    "jwks_refresh",
    "5m",
    "How often keys are fetched in the background, unless the answer's `max-age` asks for it sooner.",
);
const JWKS_MIN_REFETCH: Setting =
    Setting::new("jwks_min_refetch", "30s", "An unknown `kid` makes for a fetch at most this often.");
const JWKS_MAX_STALE: Setting =
    Setting::new("jwks_max_stale", "24h", "How long the last good keys are used while fetching fails.");
const JWKS_TIMEOUT: Setting = Setting::new("jwks_timeout", "5s", "How long a fetch may take altogether.");
const JWKS_WAIT: Setting =
    Setting::new("jwks_wait", "500ms", "How long a request may wait for a fetch; then it is 503.");

pub(super) const REFRESH_SETTINGS: &[Setting] =
    &[JWKS_REFRESH, JWKS_MIN_REFETCH, JWKS_MAX_STALE, JWKS_TIMEOUT, JWKS_WAIT];

const READINESS: Setting =
    Setting::new("readiness", "any", "`/readyz` is 200 while `any` issuer, or `all` of them, have usable keys.");

pub(super) const SERVICE_SETTINGS: &[Setting] = &[READINESS];

/// Keys that are fetched.
#[derive(Debug, Clone)]
pub struct RemoteKeys {
    /// From where.
    pub location: KeyLocation,
    /// How.
    pub fetch: FetchSettings,
    /// When, and how long they are good.
    pub refresh: RefreshSettings,
    /// What their tokens may be signed with.
    pub algorithms: Algorithms,
}

/// From where keys are fetched.
#[derive(Debug, Clone)]
pub enum KeyLocation {
    /// From where the issuer's metadata says; the documents are tried in this order.
    Discovery {
        /// The issuer, which the metadata must name exactly (OpenID Connect Discovery section 4.3).
        issuer: String,
        /// Where the metadata may be.
        documents: Vec<Url>,
    },
    /// From here.
    Jwks(Url),
}

/// How keys are fetched.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Certificates to trust beside the system's, in PEM.
    pub extra_roots: Option<Vec<u8>>,
    /// Request headers.
    pub headers: Vec<(String, SecretString)>,
    /// Where the bearer token is.
    pub bearer_token_file: Option<PathBuf>,
    /// Whether `http://` is fine for any host.
    pub allow_insecure_http: bool,
    /// Whether a discovered location may be a private address.
    pub allow_private: bool,
    /// How long a fetch may take.
    pub timeout: Duration,
}

/// When keys are fetched, and how long they are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshSettings {
    /// How often.
    pub interval: Duration,
    /// How often an unknown `kid` may ask for it.
    pub min_refetch: Duration,
    /// How long the last good keys are used while fetching fails.
    pub max_stale: Duration,
    /// How long a request may wait.
    pub wait: Duration,
}

impl RemoteKeys {
    pub(super) fn read(
        reader: &mut Reader,
        issuer: Option<&str>,
        fetch: Option<FetchSettings>,
        refresh: Option<RefreshSettings>,
        algorithms: Option<Algorithms>,
    ) -> Option<Self> {
        let allow_insecure_http = fetch.as_ref().is_none_or(|fetch| fetch.allow_insecure_http);
        let url = |text: &str| fetch_url(text, allow_insecure_http);
        let discovery = reader.optional(&DISCOVERY_URL, url);
        let jwks = reader.optional(&JWKS_URL, url);
        let location = match (discovery?, jwks?, issuer) {
            (_, Some(jwks), _) => KeyLocation::Jwks(jwks),
            (Some(document), None, Some(issuer)) => {
                KeyLocation::Discovery { issuer: issuer.to_owned(), documents: vec![document] }
            }
            (None, None, Some(issuer)) => KeyLocation::of_issuer(reader, issuer, url)?,
            (_, None, None) => return None,
        };
        Some(Self { location, fetch: fetch?, refresh: refresh?, algorithms: algorithms? })
    }
}

impl KeyLocation {
    fn of_issuer(reader: &mut Reader, issuer: &str, url: impl Fn(&str) -> Result<Url, Invalid>) -> Option<Self> {
        let base = url(issuer).map_err(|invalid| {
            let hint =
                "the keys are found by the issuer's URL; if it is none, set DOORWARD_JWKS_URL or another key source";
            reader.refuse(&super::issuer::ISSUER, Invalid { hint: invalid.hint.or(Some(hint.into())), ..invalid });
        });
        Some(Self::Discovery { issuer: issuer.to_owned(), documents: metadata_urls(&base.ok()?) })
    }
}

/// OpenID Connect Discovery section 4 puts the well-known part behind the issuer's path, RFC 8414 section 3.1 before it.
fn metadata_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    vec![
        at(format!("{path}/.well-known/openid-configuration")),
        at(format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

impl FetchSettings {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let allow_insecure_http = reader.read(&ALLOW_INSECURE_HTTP, value::boolean);
        let ca_file = reader.optional(&JWKS_CA_FILE, value::text);
        let headers = reader.optional(&JWKS_HEADERS, value::list(header));
        let bearer_token_file = reader.optional(&JWKS_BEARER_TOKEN_FILE, value::text);
        let allow_private = reader.read(&ALLOW_PRIVATE_JWKS, value::boolean);
        let timeout = reader.read(&JWKS_TIMEOUT, value::duration_within(Duration::from_millis(100), MINUTE));
        let extra_roots = match ca_file? {
            Some(path) => Some(certificates(reader, &path)?),
            None => None,
        };
        let bearer_token_file = bearer_token_file?.map(PathBuf::from);
        if let Some(path) = &bearer_token_file {
            // Its content may change; that it is there is known now.
            reader.file(&JWKS_BEARER_TOKEN_FILE, path)?;
        }
        Some(Self {
            extra_roots,
            headers: headers?.unwrap_or_default(),
            bearer_token_file,
            allow_insecure_http: allow_insecure_http?,
            allow_private: allow_private?,
            timeout: timeout?,
        })
    }
}

fn certificates(reader: &mut Reader, path: &str) -> Option<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let pem = reader.file(&JWKS_CA_FILE, Path::new(path))?;
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        let hint = "give a PEM file with the certificate of the authority";
        reader.refuse(&JWKS_CA_FILE, Invalid::new(format!("{path} holds no CERTIFICATE section")).hint(hint));
        return None;
    }
    Some(pem)
}

const MINUTE: Duration = Duration::from_secs(60);
/// As humantime counts it, so that it is shown as `1year`.
const YEAR: Duration = Duration::from_secs(31_557_600);

impl RefreshSettings {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let interval = reader.read(&JWKS_REFRESH, value::duration_within(Duration::from_secs(1), YEAR));
        let min_refetch = reader.read(&JWKS_MIN_REFETCH, value::duration_within(Duration::from_secs(1), YEAR));
        let max_stale = reader.read(&JWKS_MAX_STALE, value::duration_within(Duration::from_secs(1), YEAR));
        let wait = reader.read(&JWKS_WAIT, value::duration_within(Duration::ZERO, MINUTE));
        Some(Self { interval: interval?, min_refetch: min_refetch?, max_stale: max_stale?, wait: wait? })
    }
}

pub(super) fn read_readiness(reader: &mut Reader) -> Option<Readiness> {
    reader.read(&READINESS, value::one_of(&[("any", Readiness::Any), ("all", Readiness::All)]))
}

/// A URL from which trust may come: nobody on the way can change what is read from it.
fn fetch_url(text: &str, allow_insecure_http: bool) -> Result<Url, Invalid> {
    let url = Url::parse(text.trim()).map_err(|_| Invalid::new("no URL").hint("write https://…"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Invalid::new("has credentials in it").hint("use DOORWARD_JWKS_HEADERS_FILE instead"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_insecure_http || is_loopback(&url) => Ok(url),
        "http" => Err(Invalid::new("keys over plain http can be exchanged on the way")
            .hint("use https; where the network itself is trusted, set DOORWARD_ALLOW_INSECURE_HTTP=true")),
        _ => Err(Invalid::new("unsupported scheme").hint("write https://…")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn header(text: &str) -> Result<(String, SecretString), Invalid> {
    let expected = || Invalid::new("not understood").hint("write Name: value, separated by commas");
    let (name, value) = text.split_once(':').ok_or_else(expected)?;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let is_value = value.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    if is_name && is_value { Ok((name.to_owned(), value.trim().to_owned().into())) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_in_both_places() {
        let urls =
            |issuer: &str| metadata_urls(&Url::parse(issuer).unwrap()).iter().map(Url::to_string).collect::<Vec<_>>();
        assert_eq!(
            urls("https://idp.example/realms/main"),
            [
                "https://idp.example/realms/main/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/realms/main",
            ]
        );
        assert_eq!(urls("https://idp.example/")[0], "https://idp.example/.well-known/openid-configuration");
    }

    #[test]
    fn trust_comes_over_https_or_from_this_machine() {
        for url in ["https://a.example/jwks", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/"] {
            assert!(fetch_url(url, false).is_ok(), "{url}");
        }
        for url in ["http://a.example/", "file:///etc/passwd", "data:,x", "https://u:p@a.example/", "ftp://a/", "x"] {
            assert!(fetch_url(url, false).is_err(), "{url}");
        }
        assert!(fetch_url("http://a.example/", true).is_ok());
    }
}
