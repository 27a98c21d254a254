//! Keys that are fetched over HTTP, and their location.

use url::Url;

use super::fetch::FetchSettings;
use super::refresh::RefreshSettings;
use crate::config::issuer::accepted_issuers::ISSUER;
use crate::config_reader::{Invalid, Reader, Reported, Setting};
use crate::domain::is_loopback;
use crate::jose::Algorithms;

/// Keys that are fetched over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteKeys {
    /// The location of the keys.
    pub location: KeyLocation,
    /// The HTTP settings.
    pub fetch: FetchSettings,
    /// The times at which keys are refreshed, and the time that they stay usable.
    pub refresh: RefreshSettings,
    /// The algorithms that tokens may be signed with.
    pub algorithms: Algorithms,
}

/// The location of an issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// The `jwks_uri` of the issuer's metadata; the documents are tried in this order.
    Discovery {
        /// The issuer, which the metadata must name exactly (`OpenID` Connect Discovery section
        /// 4.3).
        issuer: String,
        /// The URLs at which the metadata may be.
        documents: Vec<Url>,
    },
    /// The URL of the key set itself.
    Jwks(Url),
}

impl RemoteKeys {
    pub(super) fn read(
        reader: &mut Reader,
        issuer: Result<Option<&str>, Reported>,
        algorithms: Result<Algorithms, Reported>,
        fetch: Result<FetchSettings, Reported>,
        refresh: Result<RefreshSettings, Reported>,
    ) -> Result<Self, Reported> {
        let allow_insecure_http = fetch.as_ref().is_ok_and(|fetch| fetch.allow_insecure_http);
        let url = |text: &str| fetch_url(text, allow_insecure_http);
        let discovery = reader.optional(&DISCOVERY_URL, url);
        let jwks = reader.optional(&JWKS_URL, url);
        let Some(issuer) = issuer? else {
            // Without an expected `iss`, the tokens of any issuer would be taken for this one's.
            let hint = "set the exact `iss` of the tokens; only a fixed key source can do without";
            return Err(reader.refuse(&ISSUER, Invalid::new("missing").hint(hint)));
        };
        let location = match (discovery?, jwks?) {
            (_, Some(jwks)) => KeyLocation::Jwks(jwks),
            (Some(document), None) => KeyLocation::Discovery {
                issuer: issuer.to_owned(),
                documents: vec![document],
            },
            (None, None) => KeyLocation::of_issuer(reader, issuer, url)?,
        };
        Ok(Self {
            location,
            fetch: fetch?,
            refresh: refresh?,
            algorithms: algorithms?,
        })
    }
}

impl KeyLocation {
    /// Returns the URLs that the operator set, or that follow from the issuer's URL.
    pub fn urls(&self) -> &[Url] {
        match self {
            Self::Discovery { documents, .. } => documents,
            Self::Jwks(url) => std::slice::from_ref(url),
        }
    }

    fn of_issuer(
        reader: &mut Reader,
        issuer: &str,
        url: impl Fn(&str) -> Result<Url, Invalid>,
    ) -> Result<Self, Reported> {
        let base = url(issuer).map_err(|invalid| {
            let no_url = "keys are looked for at this URL; for a name of another kind set $jwks_url or another key source";
            let is_url = Url::parse(issuer).is_ok();
            reader.refuse(&ISSUER, if is_url { invalid } else { invalid.hint(no_url) })
        });
        Ok(Self::Discovery {
            issuer: issuer.to_owned(),
            documents: metadata_urls(&base?),
        })
    }
}

/// Returns the metadata URLs of an issuer. `OpenID` Connect Discovery section 4 puts the well-known
/// part after the issuer's path, RFC 8414 section 3.1 before it.
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

/// Returns the URLs at which an issuer's metadata may be: the one that is set, or else those that
/// follow from the issuer's URL; none if it has no URL that may be fetched from.
///
/// A `discovery_url` that is no URL is reported where the keys are read; it is not reported again.
pub(in crate::config::issuer) fn metadata_documents(
    reader: &Reader,
    issuer: Option<&str>,
    allow_insecure_http: bool,
) -> Vec<Url> {
    let url = |text: &str| fetch_url(text, allow_insecure_http).ok();
    match reader.text_of(&DISCOVERY_URL) {
        Some(set) => url(set).into_iter().collect(),
        None => issuer
            .and_then(url)
            .map(|issuer| metadata_urls(&issuer))
            .unwrap_or_default(),
    }
}

/// Returns `true` if keys from this URL may be trusted: nothing on the network path can change
/// them, or the operator trusts the network (`allow_insecure_http`).
///
/// Loopback hosts may be reached over `http://`. They are the same hosts that are never reached
/// through an HTTP proxy.
///
/// # Examples
///
/// ```
/// use doorward::config::is_trustworthy;
///
/// let trusts = |url: &str| is_trustworthy(&url.parse().unwrap(), false);
/// assert!(trusts("https://idp.example.com/keys.json"));
/// assert!(trusts("http://localhost:8080/keys.json"));
/// assert!(!trusts("http://idp.example.com/keys.json"));
/// ```
pub fn is_trustworthy(url: &Url, allow_insecure_http: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => allow_insecure_http || is_loopback(url),
        _ => false,
    }
}

fn fetch_url(text: &str, allow_insecure_http: bool) -> Result<Url, Invalid> {
    let url =
        Url::parse(text.trim()).map_err(|_| Invalid::new("no URL").hint("write https://…"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Invalid::new("has credentials in it").hint("use $jwks_headers_file instead"));
    }
    match url.scheme() {
        _ if is_trustworthy(&url, allow_insecure_http) => Ok(url),
        "http" => Err(
            Invalid::new("keys over plain http can be exchanged on the way").hint(
                "use https; where the network itself is trusted, set $allow_insecure_http=true",
            ),
        ),
        _ => Err(Invalid::new("unsupported scheme").hint("write https://…")),
    }
}

pub(super) const DISCOVERY_URL: Setting = Setting::optional(
    "discovery_url",
    "`{issuer}/.well-known/openid-configuration`, then RFC 8414",
    "URL of the issuer's metadata (OpenID Connect Discovery or RFC 8414), which name the URL of its keys. Used if there is no other key source.",
);

pub(crate) const JWKS_URL: Setting =
    Setting::optional("jwks_url", "–", "URL of the issuer's key set (RFC 7517).");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_urls_follow_both_specifications() {
        let urls = |issuer: &str| {
            metadata_urls(&Url::parse(issuer).unwrap())
                .iter()
                .map(Url::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            urls("https://idp.example/realms/main"),
            [
                "https://idp.example/realms/main/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/realms/main",
            ]
        );
        assert_eq!(
            urls("https://idp.example/")[0],
            "https://idp.example/.well-known/openid-configuration"
        );
    }

    #[test]
    fn keys_are_fetched_over_https_or_from_loopback() {
        for url in [
            "https://a.example/jwks",
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://localhost/",
            "http://idp.localhost./",
        ] {
            assert!(fetch_url(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://a.example/",
            "file:///etc/passwd",
            "data:,x",
            "https://u:p@a.example/",
            "ftp://a/",
            "x",
        ] {
            assert!(fetch_url(url, false).is_err(), "{url}");
        }
        assert!(fetch_url("http://a.example/", true).is_ok());
    }
}
