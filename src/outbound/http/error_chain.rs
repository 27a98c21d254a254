//! Describes why a request failed, for messages to people.

/// Describes why a request failed, with the whole chain of causes, because the outermost error only
/// says that it did. The text leaves out the URL.
pub fn error_chain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    if text.contains("CaUsedAsEndEntity") {
        text.push_str(CA_AS_SERVER);
    }
    text
}

/// The hint about a certificate of an authority that is used by a server. `openssl req -x509` makes
/// such a certificate by default.
pub(super) const CA_AS_SERVER: &str = " (the server shows the certificate of an authority as its own: make one with \
    `-addext basicConstraints=critical,CA:FALSE`)";
