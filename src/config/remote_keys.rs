//! How keys are fetched and kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};
use x509_parser::pem::Pem;

use super::Readiness;
use super::issuer::ISSUER;
use super::key_source::{DISCOVERY_URL, JWKS_URL};
use super::reader::{Reader, Refused};
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
        /// The issuer, which the metadata must name exactly (`OpenID` Connect Discovery section 4.3).
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
        issuer: Result<Option<&str>, Refused>,
        algorithms: Result<Algorithms, Refused>,
        fetch: Result<FetchSettings, Refused>,
        refresh: Result<RefreshSettings, Refused>,
    ) -> Result<Self, Refused> {
        let allow_insecure_http = fetch.as_ref().is_ok_and(|fetch| fetch.allow_insecure_http);
        let url = |text: &str| fetch_url(text, allow_insecure_http);
        let discovery = reader.optional(&DISCOVERY_URL, url);
        let jwks = reader.optional(&JWKS_URL, url);
        let Some(issuer) = issuer? else {
            // Otherwise anybody's tokens would be its own.
            let hint = "set the exact `iss` of the tokens; only a fixed key source can do without";
            return Err(reader.refuse(&ISSUER, Invalid::new("missing").hint(hint)));
        };
        let location = match (discovery?, jwks?) {
            (_, Some(jwks)) => KeyLocation::Jwks(jwks),
            (Some(document), None) => KeyLocation::Discovery { issuer: issuer.to_owned(), documents: vec![document] },
            (None, None) => KeyLocation::of_issuer(reader, issuer, url)?,
        };
        Ok(Self { location, fetch: fetch?, refresh: refresh?, algorithms: algorithms? })
    }
}

impl KeyLocation {
    fn of_issuer(
        reader: &mut Reader,
        issuer: &str,
        url: impl Fn(&str) -> Result<Url, Invalid>,
    ) -> Result<Self, Refused> {
        let base = url(issuer).map_err(|invalid| {
            let hint =
                "the keys are found by the issuer's URL; if it is none, set DOORWARD_JWKS_URL or another key source";
            reader.refuse(&ISSUER, Invalid { hint: invalid.hint.or(Some(hint.into())), ..invalid })
        });
        Ok(Self::Discovery { issuer: issuer.to_owned(), documents: metadata_urls(&base?) })
    }
}

/// `OpenID` Connect Discovery section 4 puts the well-known part behind the issuer's path, RFC 8414 section 3.1 before it.
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
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Refused> {
        let extra_roots = reader.optional(&JWKS_CA_FILE, value::text).and_then(|path| extra_roots(reader, path));
        let headers = reader.optional(&JWKS_HEADERS, value::list(header));
        let bearer_token_file = reader.optional(&JWKS_BEARER_TOKEN_FILE, value::text);
        let bearer_token_file = bearer_token_file.and_then(|path| readable(reader, path));
        let allow_insecure_http = reader.read(&ALLOW_INSECURE_HTTP, value::boolean);
        let allow_private = reader.read(&ALLOW_PRIVATE_JWKS, value::boolean);
        let timeout = reader.read(&JWKS_TIMEOUT, value::duration_within(Duration::from_millis(100), MINUTE));
        Ok(Self {
            extra_roots: extra_roots?,
            headers: headers?.unwrap_or_default(),
            bearer_token_file: bearer_token_file?,
            allow_insecure_http: allow_insecure_http?,
            allow_private: allow_private?,
            timeout: timeout?,
        })
    }
}

fn extra_roots(reader: &mut Reader, path: Option<String>) -> Result<Option<Vec<u8>>, Refused> {
    let Some(path) = path else { return Ok(None) };
    let pem = reader.file(&JWKS_CA_FILE, Path::new(&path))?;
    let is_certificate = |section: Result<Pem, _>| section.is_ok_and(|section| section.label == "CERTIFICATE");
    if Pem::iter_from_buffer(&pem).any(is_certificate) {
        return Ok(Some(pem));
    }
    let invalid = Invalid::new(format!("{path} holds no CERTIFICATE section"));
    Err(reader.refuse(&JWKS_CA_FILE, invalid.hint("give a PEM file with the certificate of the authority")))
}

/// The file is read anew for each fetch; that it can be read at all is asked now.
fn readable(reader: &mut Reader, path: Option<String>) -> Result<Option<PathBuf>, Refused> {
    let Some(path) = path.map(PathBuf::from) else { return Ok(None) };
    reader.file(&JWKS_BEARER_TOKEN_FILE, &path)?;
    Ok(Some(path))
}

const MINUTE: Duration = Duration::from_mins(1);
/// As humantime counts it, so that it is shown as `1year`.
const YEAR: Duration = Duration::from_hours(8766);

impl RefreshSettings {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Refused> {
        let interval = reader.read(&JWKS_REFRESH, value::duration_within(Duration::from_secs(1), YEAR));
        let min_refetch = reader.read(&JWKS_MIN_REFETCH, value::duration_within(Duration::from_secs(1), YEAR));
        let max_stale = reader.read(&JWKS_MAX_STALE, value::duration_within(Duration::from_secs(1), YEAR));
        let wait = reader.read(&JWKS_WAIT, value::duration_within(Duration::ZERO, MINUTE));
        Ok(Self { interval: interval?, min_refetch: min_refetch?, max_stale: max_stale?, wait: wait? })
    }
}

pub(super) fn read_readiness(reader: &mut Reader) -> Result<Readiness, Refused> {
    reader.read(&READINESS, value::one_of(&[("any", Readiness::Any), ("all", Readiness::All)]))
}

/// Whether trust may come from there: nobody on the way can change what is read, unless the operator trusts the way.
pub fn is_trustworthy(url: &Url, allow_insecure_http: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => allow_insecure_http || is_loopback(url),
        _ => false,
    }
}

fn fetch_url(text: &str, allow_insecure_http: bool) -> Result<Url, Invalid> {
    let url = Url::parse(text.trim()).map_err(|_| Invalid::new("no URL").hint("write https://…"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Invalid::new("has credentials in it").hint("use DOORWARD_JWKS_HEADERS_FILE instead"));
    }
    match url.scheme() {
        _ if is_trustworthy(&url, allow_insecure_http) => Ok(url),
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
