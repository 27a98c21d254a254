//! How requests of our own leave the machine.

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

/// How requests of our own leave the machine: straight out, or through the proxy that the
/// environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in capitals or not).
/// What stays on the machine goes to no proxy, whatever the environment says.
#[derive(Clone, Default)]
pub struct Egress(Option<Arc<Proxies>>);

struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    except: NoProxy,
}

const NOT_A_PROXY: &str = "not the URL of an HTTP proxy";

#[derive(Clone)]
struct NamedProxy {
    name: ProxyName,
    url: String,
}

/// A proxy as people may see it: the variable that names it, and its host and port.
#[derive(Debug, Clone)]
pub struct ProxyName {
    variable: String,
    authority: Option<String>,
}

impl Egress {
    /// Through what these variables name.
    ///
    /// They are an argument, so that nobody has to change the environment of a running process.
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

    /// What is wrong with the proxies that these variables name. Their values are not shown: they
    /// may have a password in them.
    pub fn problems(environment: &[(OsString, OsString)]) -> Vec<Problem> {
        let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let named = variables
            .into_iter()
            .filter_map(|name| NamedProxy::of_environment(environment, name));
        let broken = named.filter(|proxy| proxy.usable_url().is_err());
        let hint = "write http://HOST:PORT; in a name or password percent-encode what is neither letter nor digit, # as %23";
        broken
            .map(|proxy| Problem::new(proxy.name.variable, NOT_A_PROXY).with_hint(hint))
            .collect()
    }

    /// The proxy that a request to this URL goes through, if there is one for it. Names are then
    /// resolved there, and so are judged there.
    pub fn proxy_for(&self, url: &Url) -> Option<&ProxyName> {
        let proxies = self.0.as_ref()?;
        let proxy = match url.scheme() {
            "http" => proxies.http.as_ref()?,
            "https" => proxies.https.as_ref()?,
            _ => return None,
        };
        // Plain http is trusted on loopback because nobody is on the way; a proxy would be
        // somebody.
        (!is_loopback(url) && !proxies.except.contains(url)).then_some(&proxy.name)
    }

    /// Whether a request to this URL goes through a proxy.
    pub(super) fn is_proxied(&self, url: &Url) -> bool {
        self.proxy_for(url).is_some()
    }

    /// A client that goes through the proxies, if there are any, whatever it is asked for: it is
    /// for those URLs only for which there is one.
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

    /// The URL, if the client would go there: what it does not understand it passes over, and asks
    /// without a proxy.
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

/// Without the addresses, which may have a password in them.
impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Egress(proxied)"
        } else {
            "Egress(direct)"
        })
    }
}

/// The value of this variable, or of the same in small letters, and which of them it is; an empty
/// one is none.
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

/// A proxy may be written without `http://`.
fn parsed(text: &str) -> Option<Url> {
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    url.ok().filter(Url::has_host)
}
