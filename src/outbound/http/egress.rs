//! How requests of our own leave the machine.

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

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(pairs: &[(&str, &str)]) -> Egress {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Egress::of_environment(&pairs)
    }

    fn proxied(egress: &Egress, url: &str) -> bool {
        egress.is_proxied(&Url::parse(url).unwrap())
    }

    #[test]
    fn each_url_by_itself() {
        let secure = egress(&[
            ("https_proxy", "http://proxy:3128"),
            ("NO_PROXY", "internal.example, 10.0.0.0/8"),
        ]);
        assert!(
            proxied(&secure, "https://idp.example/") && !proxied(&secure, "http://idp.example/")
        );
        assert!(
            !proxied(&secure, "https://idp.internal.example/")
                && !proxied(&secure, "https://10.1.2.3/")
        );
        let all = egress(&[("ALL_PROXY", "proxy:3128"), ("HTTP_PROXY", "")]);
        assert!(proxied(&all, "https://idp.example/") && proxied(&all, "http://idp.example/"));
        for none in [
            &[][..],
            &[("HTTPS_PROXY", " ")],
            &[("NO_PROXY", "*")],
            &[("HTTPS_PROXY", "p"), ("NO_PROXY", "*")],
        ] {
            assert!(!proxied(&egress(none), "https://idp.example/"), "{none:?}");
        }
    }

    #[test]
    fn loopback_is_asked_without_a_proxy() {
        let all = egress(&[("ALL_PROXY", "http://proxy:3128")]);
        for host in [
            "127.0.0.1",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "idp.localhost",
            "LOCALHOST.",
        ] {
            for scheme in ["http", "https"] {
                assert!(
                    !proxied(&all, &format!("{scheme}://{host}:9000/jwks")),
                    "{scheme} {host}"
                );
            }
        }
        assert!(proxied(&all, "http://10.0.0.1/") && proxied(&all, "http://localhost.example/"));
    }

    #[test]
    fn a_proxy_that_the_client_would_pass_over_is_no_proxy() {
        let built = |url: &str| {
            egress(&[("ALL_PROXY", url)])
                .through_proxies(reqwest::Client::builder())
                .map(drop)
        };
        for url in [
            "proxy",
            "proxy:3128",
            "http://proxy:3128/",
            "https://u:p@proxy",
            "http://[::1]:3128",
        ] {
            assert!(built(url).is_ok(), "{url}");
        }
        for url in [
            "ftp://proxy:21",
            "socks5://proxy:1080",
            "http://[bad",
            "http://u:p#w@proxy:1",
            "http:///",
            "pro xy",
        ] {
            assert_eq!(
                built(url).unwrap_err().to_string(),
                "ALL_PROXY: not the URL of an HTTP proxy",
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_proxy_is_named() {
        let problems = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect();
            let told = Egress::problems(&pairs)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>();
            assert!(told.iter().all(|told| !told.contains("s3cr3t")), "{told:?}");
            told.iter()
                .map(|told| told.split(':').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        for fine in [
            "http://proxy:3128",
            "proxy:3128",
            "https://user:p%23s@proxy",
            " ",
            "",
        ] {
            assert_eq!(problems(&[("HTTPS_PROXY", fine)]), [""; 0], "{fine}");
        }
        for broken in [
            "http://[bad",
            "http://user:s3cr3t#x@proxy:3128",
            "http://proxy:99999",
            "http://",
            "socks5://proxy",
        ] {
            assert_eq!(
                problems(&[("https_proxy", broken)]),
                ["https_proxy"],
                "{broken}"
            );
        }
        assert_eq!(
            problems(&[("HTTP_PROXY", "["), ("ALL_PROXY", "["), ("NO_PROXY", "[")]),
            ["HTTP_PROXY", "ALL_PROXY"]
        );
        assert_eq!(
            problems(&[("HTTP_PROXY", "proxy"), ("http_proxy", "[")]),
            [""; 0],
            "the one that counts"
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        let own = egress(&[(
            "https_proxy",
            "http://user:s3cr3t@proxy:3128/s3cr3t?s3cr3t#s3cr3t",
        )]);
        let name = own
            .proxy_for(&Url::parse("https://idp.example/").unwrap())
            .unwrap();
        assert_eq!(
            format!("{own:?} {name}"),
            "Egress(proxied) https_proxy (proxy:3128)"
        );
        let broken = egress(&[("https_proxy", "http://user:s3#cr3t@proxy:3128")]);
        assert_eq!(
            broken
                .proxy_for(&Url::parse("https://idp.example/").unwrap())
                .unwrap()
                .to_string(),
            "https_proxy"
        );
    }
}
