//! How requests of our own leave the machine.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Proxy};
use url::Url;

/// How requests of our own leave the machine: straight out, or through the proxy that the environment names
/// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in capitals or not, as curl reads them).
#[derive(Clone, Default)]
pub struct Egress(Option<Arc<Proxies>>);

struct Proxies {
    http: String,
    https: String,
    matcher: Matcher,
}

impl Egress {
    /// Through what these variables name.
    ///
    /// They are an argument, so that nobody has to change the environment of a running process.
    pub fn of_environment(environment: &[(OsString, OsString)]) -> Self {
        let value = |name: &str| variable(environment, name).unwrap_or_default();
        let all = value("ALL_PROXY");
        let for_scheme = |name: &str| variable(environment, name).unwrap_or_else(|| all.clone());
        let (http, https) = (for_scheme("HTTP_PROXY"), for_scheme("HTTPS_PROXY"));
        if http.is_empty() && https.is_empty() {
            return Self::default();
        }
        let matcher = Matcher::builder().http(http.clone()).https(https.clone()).no(value("NO_PROXY")).build();
        Self(Some(Arc::new(Proxies { http, https, matcher })))
    }

    /// Whether a request to this URL goes through a proxy. Names are then resolved there, and so are judged there.
    pub fn is_proxied(&self, url: &Url) -> bool {
        let Some(proxies) = &self.0 else { return false };
        url.as_str().parse().is_ok_and(|uri| proxies.matcher.intercept(&uri).is_some())
    }

    /// A client that goes through the proxies, if there are any.
    pub(super) fn through_proxies(&self, mut builder: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        let Some(proxies) = &self.0 else { return Ok(builder) };
        if !proxies.http.is_empty() {
            builder = builder.proxy(Proxy::http(&proxies.http)?);
        }
        if !proxies.https.is_empty() {
            builder = builder.proxy(Proxy::https(&proxies.https)?);
        }
        Ok(builder)
    }
}

/// Without the addresses, which may have a password in them.
impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Egress(proxied)" } else { "Egress(direct)" })
    }
}

/// The value of this variable, or of the same in small letters; an empty one is none.
fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<String> {
    [name.to_owned(), name.to_ascii_lowercase()].iter().find_map(|name| {
        let (_, value) = environment.iter().find(|(own, _)| own == name.as_str())?;
        value.to_str().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(pairs: &[(&str, &str)]) -> Egress {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Egress::of_environment(&pairs)
    }

    fn proxied(egress: &Egress, url: &str) -> bool {
        egress.is_proxied(&Url::parse(url).unwrap())
    }

    #[test]
    fn each_url_by_itself() {
        let secure = egress(&[("https_proxy", "http://proxy:3128"), ("NO_PROXY", "internal.example, 10.0.0.0/8")]);
        assert!(proxied(&secure, "https://idp.example/") && !proxied(&secure, "http://idp.example/"));
        assert!(!proxied(&secure, "https://idp.internal.example/") && !proxied(&secure, "https://10.1.2.3/"));
        let all = egress(&[("ALL_PROXY", "proxy:3128"), ("HTTP_PROXY", "")]);
        assert!(proxied(&all, "https://idp.example/") && proxied(&all, "http://idp.example/"));
        for none in [&[][..], &[("HTTPS_PROXY", " ")], &[("NO_PROXY", "*")], &[("HTTPS_PROXY", "p"), ("NO_PROXY", "*")]]
        {
            assert!(!proxied(&egress(none), "https://idp.example/"), "{none:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", egress(&[("HTTPS_PROXY", "http://user:s3cr3t@proxy:3128")]));
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
