//! Why a request failed, for people.

/// Why a request failed, without its URL: the whole chain of causes, because the outermost only
/// says that it did.
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

/// What `openssl req -x509` makes unless it is told otherwise.
pub(super) const CA_AS_SERVER: &str = " (the server shows the certificate of an authority as its own: make one with \
    `-addext basicConstraints=critical,CA:FALSE`)";
