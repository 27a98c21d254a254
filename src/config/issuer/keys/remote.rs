//! Keys that are fetched, and from where.

use url::Url;

use super::fetch::FetchSettings;
use super::refresh::RefreshSettings;
use super::{DISCOVERY_URL, JWKS_URL};
use crate::config::issuer::ISSUER;
use crate::config_reader::{Invalid, Reader, Reported};
use crate::domain::is_loopback;
use crate::jose::Algorithms;

/// Keys that are fetched.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// From where the issuer's metadata says; the documents are tried in this order.
    Discovery {
        /// The issuer, which the metadata must name exactly (`OpenID` Connect Discovery section
        /// 4.3).
        issuer: String,
        /// Where the metadata may be.
        documents: Vec<Url>,
    },
    /// From here.
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
            // Otherwise anybody's tokens would be its own.
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
    /// The URLs that the operator named, or that follow from the issuer's.
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
            let no_url = "the keys are found by the issuer's URL; if it is none, set $jwks_url or another key source";
            let is_url = Url::parse(issuer).is_ok();
            reader.refuse(&ISSUER, if is_url { invalid } else { invalid.hint(no_url) })
        });
        Ok(Self::Discovery {
            issuer: issuer.to_owned(),
            documents: metadata_urls(&base?),
        })
    }
}

/// `OpenID` Connect Discovery section 4 puts the well-known part behind the issuer's path, RFC 8414
/// section 3.1 before it.
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

/// Whether trust may come from there: nobody on the way can change what is read, unless the
/// operator trusts the way. What counts as loopback here is what no proxy gets a request for.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_in_both_places() {
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
    fn trust_comes_over_https_or_from_this_machine() {
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
