//! The URL of a request to explain.

/// Host and path of a URL such as `https://app.example/things?page=2`.
///
/// Nothing is normalised: `..`, doubled slashes and escapes are what the decision is about. A
/// fragment is left out, because clients do not send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestUrl {
    /// The host, with the port if there is one.
    pub(super) host: String,
    /// Path and query.
    pub(super) uri: String,
}

const NO_URL: &str = "\
--url is no URL of a request
hint: write http:// or https:// and a host, such as https://app.example/path";

const HAS_CREDENTIALS: &str = "\
--url has a user or a password in it, which no request has there
hint: leave them out";

impl RequestUrl {
    /// Parses a URL. The error does not repeat the text, which may have a password in it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or(NO_URL)?;
        let is_http = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        let rest = rest.split('#').next().unwrap_or_default();
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if host.contains('@') {
            return Err(HAS_CREDENTIALS);
        }
        if !is_http || host.is_empty() {
            return Err(NO_URL);
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            host: host.to_owned(),
            uri: format!("{slash}{path}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{HAS_CREDENTIALS, NO_URL, RequestUrl};

    #[test]
    fn a_url_is_taken_apart_and_left_as_it_is() {
        for (text, host, uri) in [
            (
                "https://app.example/a/../b?x=1#top",
                "app.example",
                "/a/../b?x=1",
            ),
            (
                "HTTP://app.example:8443//a%2Fb",
                "app.example:8443",
                "//a%2Fb",
            ),
            ("http://[::1]:8080", "[::1]:8080", "/"),
            ("https://app.example?x=/y", "app.example", "/?x=/y"),
            ("https://app.example/x@y", "app.example", "/x@y"),
        ] {
            let url = RequestUrl::parse(text).unwrap();
            assert_eq!((&*url.host, &*url.uri), (host, uri), "{text}");
        }
        for text in [
            "",
            "/path",
            "app.example/path",
            "https://",
            "https:///x",
            "ftp://a/",
            "://a",
        ] {
            assert_eq!(RequestUrl::parse(text), Err(NO_URL), "{text}");
        }
        assert_eq!(
            RequestUrl::parse("https://user:pass@app.example/"),
            Err(HAS_CREDENTIALS)
        );
    }
}
