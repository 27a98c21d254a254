//! Describes why a request failed, for messages to people.

use std::error::Error;

use crate::hints::Hint;

/// Returns why a request failed, without its URL: the chain of causes, except for the outermost
/// ones, which only say that it did.
pub fn error_chain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        let text = if error.is_connect() {
            "timed out while connecting"
        } else {
            "timed out"
        };
        return text.into();
    }
    let error = error.without_url();
    let mut texts = vec![error.to_string()];
    let causes = std::iter::successors(error.source(), |cause| (**cause).source());
    texts.extend(causes.map(ToString::to_string));
    // A layer may show its cause as its own text.
    texts.dedup();
    let last = texts.len().saturating_sub(1);
    let first = texts
        .iter()
        .position(|text| !says_only_that_it_failed(text));
    texts.split_off(first.unwrap_or(last)).join(": ")
}

fn says_only_that_it_failed(text: &str) -> bool {
    const BEGINNINGS: [&str; 6] = [
        "error sending request",
        "error decoding response body",
        "request or response body error",
        "error reading a body from connection",
        "client error (",
        "tcp connect error",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

/// Returns the hint for an error of the transport, by words of its text that name the cause.
pub(super) fn transport_hint(text: &str) -> Option<Hint> {
    const CAUSES: [(&str, Hint); 12] = [
        ("CaUsedAsEndEntity", Hint::AuthorityAsServer),
        ("UnknownIssuer", Hint::UnknownAuthority),
        ("InvalidContentType", Hint::NoTls),
        ("not valid for", Hint::OtherCertificate),
        ("NotValidForName", Hint::OtherCertificate),
        ("certificate expired", Hint::CertificateExpired),
        ("Expired", Hint::CertificateExpired),
        ("Connection refused", Hint::ConnectionRefused),
        ("dns error", Hint::NameUnknown),
        ("timed out", Hint::NoAnswer),
        ("tunnel", Hint::ProxyRefused),
        ("invalid HTTP", Hint::OnlyTls),
    ];
    CAUSES
        .iter()
        .find(|(words, _)| text.contains(words))
        .map(|(_, hint)| *hint)
}
