//! Chooses the proxy for outgoing requests.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Proxy};
use url::Url;

use super::invalid_client::{InvalidClient, invalid};
use super::no_proxy::NoProxy;
use crate::config_reader::Problem;
use crate::domain::is_loopback;

/// The path of outgoing requests: direct, or through the proxy that the environment names
/// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in upper or lower case). Requests to
/// loopback addresses never use a proxy.
///
/// # Examples
///
/// ```
/// use doorward::outbound::Egress;
///
/// let environment = [("HTTPS_PROXY".into(), "http://proxy.example:3128".into())];
/// let egress = Egress::of_environment(&environment);
/// let proxy = egress.proxy_for(&"https://idp.example/jwks".parse()?);
/// assert_eq!(proxy.unwrap().to_string(), "HTTPS_PROXY (proxy.example:3128)");
/// assert!(egress.proxy_for(&"https://localhost/jwks".parse()?).is_none());
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Default)]
pub struct Egress(Option<Arc<Proxies>>);

struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    except: NoProxy,
}

const NOT_A_PROXY: &str = "not the URL of an HTTP proxy";

/// A proxy with its name for messages and its URL, which may contain a password.
#[derive(Clone)]
struct NamedProxy {
    name: ProxyName,
    url: String,
}

/// A proxy without its secrets, for messages: the variable that names it, and its host and port.
#[derive(Debug, Clone)]
pub struct ProxyName {
    variable: String,
    authority: Option<String>,
}

impl Egress {
    /// Reads the proxies that these environment variables name.
    ///
    /// The environment is an argument, so that callers need not change the environment of a running
    /// process.
    pub fn of_environment(environment: &[(OsString, OsString)]) -> Self {
        let named = |name: &str| NamedProxy::of_environment(environment, name);
        let (http, https) = (named("HTTP_PROXY"), named("HTTPS_PROXY"));
        let (http, https) = (
            http.or_else(|| named("ALL_PROXY")),
            https.or_else(|| named("ALL_PROXY")),
        );
        if http.is_none() && https.is_none() {
            return Self::default();
        }
        let (_, except) = variable(environment, "NO_PROXY").unwrap_or_default();
        Self(Some(Arc::new(Proxies {
            http,
            https,
            except: NoProxy::parse(&except),
        })))
    }

    /// Returns a problem for each variable that names an unusable proxy. The values are not shown:
    /// they may contain a password.
    pub fn problems(environment: &[(OsString, OsString)]) -> Vec<Problem> {
        let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let named = variables
            .into_iter()
            .filter_map(|name| NamedProxy::of_environment(environment, name));
        let broken = named.filter(|proxy| proxy.usable_url().is_err());
        let hint = "write http://HOST:PORT; in a name or password percent-encode what is neither letter nor digit, # as %23";
        broken
            .map(|proxy| Problem::new(proxy.name.variable, NOT_A_PROXY, hint))
            .collect()
    }

    /// Returns the proxy that a request to this URL goes through, if there is one for it. The proxy
    /// then resolves the name, and it is up to the proxy which addresses it permits.
    pub fn proxy_for(&self, url: &Url) -> Option<&ProxyName> {
        let proxies = self.0.as_ref()?;
        let proxy = match url.scheme() {
            "http" => proxies.http.as_ref()?,
            "https" => proxies.https.as_ref()?,
            _ => return None,
        };
        // Plain HTTP is trusted on loopback because there is no third party on the way. A proxy
        // would be one.
        (!is_loopback(url) && !proxies.except.contains(url)).then_some(&proxy.name)
    }

    /// Returns `true` if a request to this URL goes through a proxy.
    pub(super) fn is_proxied(&self, url: &Url) -> bool {
        self.proxy_for(url).is_some()
    }

    /// Adds the proxies, if there are any. The client uses them for every URL, so use it only for
    /// URLs for which there is one.
    pub(super) fn through_proxies(
        &self,
        mut builder: ClientBuilder,
    ) -> Result<ClientBuilder, InvalidClient> {
        let Some(proxies) = &self.0 else {
            return Ok(builder);
        };
        for (proxy, make) in [
            (&proxies.http, Proxy::http as fn(Url) -> _),
            (&proxies.https, Proxy::https),
        ] {
            if let Some(proxy) = proxy {
                builder = builder.proxy(make(proxy.usable_url()?).map_err(invalid)?);
            }
        }
        Ok(builder)
    }
}

impl NamedProxy {
    /// Reads the proxy that this variable names.
    fn of_environment(environment: &[(OsString, OsString)], name: &str) -> Option<Self> {
        let (variable, url) = variable(environment, name)?;
        let authority = parsed(&url).and_then(|url| {
            let port = url
                .port()
                .map_or_else(String::new, |port| format!(":{port}"));
            Some(format!("{}{port}", url.host_str()?))
        });
        Some(Self {
            name: ProxyName {
                variable,
                authority,
            },
            url,
        })
    }

    /// Returns the URL of the proxy. Fails if the client would not understand it: the client would
    /// then ignore the proxy and connect directly.
    fn usable_url(&self) -> Result<Url, InvalidClient> {
        let is_used = |url: &Url| {
            let matcher = Matcher::builder().all(url.as_str().to_owned()).build();
            "https://any.example/"
                .parse()
                .is_ok_and(|uri| matcher.intercept(&uri).is_some())
        };
        let usable = parsed(&self.url)
            .filter(|url| matches!(url.scheme(), "http" | "https") && is_used(url));
        usable.ok_or_else(|| InvalidClient(format!("{}: {NOT_A_PROXY}", self.name.variable)))
    }
}

impl fmt::Display for ProxyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            authority,
        } = self;
        match authority {
            Some(authority) => write!(f, "{variable} ({authority})"),
            None => f.write_str(variable),
        }
    }
}

/// Leaves out the URLs, which may contain a password.
impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Egress(proxied)"
        } else {
            "Egress(direct)"
        })
    }
}

/// Returns the name and the value of this variable, in upper or else in lower case. An empty value
/// counts as absent.
fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<(String, String)> {
    [name.to_owned(), name.to_ascii_lowercase()]
        .into_iter()
        .find_map(|name| {
            let (_, value) = environment.iter().find(|(own, _)| own == name.as_str())?;
            let value = value
                .to_str()
                .map(str::trim)
                .filter(|value| !value.is_empty())?
                .to_owned();
            Some((name, value))
        })
}

/// Parses the URL of a proxy, in which `http://` may be missing.
fn parsed(text: &str) -> Option<Url> {
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    url.ok().filter(Url::has_host)
}
