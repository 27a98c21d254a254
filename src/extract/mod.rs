//! Floor 1: finding the token in a request (RFC 6750 section 2).
//!
//! Exactly one token is judged. Two different ones are refused: a backend behind the proxy might
//! read the other.

mod bearer;
mod cookie;
mod found;
mod header;
mod query;
#[cfg(test)]
mod tests;
mod token_source;
mod websocket;

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
pub use token_source::{TokenPlace, TokenSource};

use crate::domain::{Credential, Denial, Explain, ExplainStep, ForwardedRequest, Reason};
use found::Found;

/// The sources in which to look, and how large a token may be.
#[derive(Debug, Clone)]
pub struct TokenSources {
    sources: Vec<TokenSource>,
    max_token_bytes: usize,
}

impl TokenSources {
    /// Looks in these sources for tokens of at most so many bytes.
    pub fn new(sources: Vec<TokenSource>, max_token_bytes: usize) -> Self {
        Self {
            sources,
            max_token_bytes,
        }
    }

    /// Where the first of the sources would look for this token.
    pub fn place(&self, token: &str) -> Option<TokenPlace> {
        self.sources.first().map(|source| source.place(token))
    }

    /// Whether any of them looks at what the proxy says about the original request.
    pub fn needs_request(&self) -> bool {
        self.sources
            .iter()
            .any(|source| matches!(source, TokenSource::Query { .. }))
    }

    /// The header fields in which a token may stand as such, in lower case; `Authorization` and
    /// `Cookie` have sources of their own.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| match source {
            TokenSource::Header { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether any of them looks among the protocols of a WebSocket.
    pub fn reads_protocols(&self) -> bool {
        self.sources.contains(&TokenSource::WebSocket)
    }

    /// The WebSocket protocols that the client offers besides its token, as a list; nothing if no
    /// source looks at them.
    ///
    /// Where one does the list is there for every request, empty if there is nothing to say: it is
    /// to take the place of the client's own.
    pub fn other_protocols(&self, request: &ForwardedRequest<'_>) -> Option<String> {
        self.reads_protocols()
            .then(|| websocket::without_token(request.fields))
    }

    /// The token of the request.
    ///
    /// The same token in two places is one token.
    pub fn extract<'a>(
        &self,
        request: &ForwardedRequest<'a>,
        explain: &mut impl Explain,
    ) -> Result<Credential<'a>, Denial> {
        let mut token: Option<Credential<'a>> = None;
        let mut nothing = Reason::TokenMissing;
        for source in &self.sources {
            let found = match source.find(request)? {
                Found::Nothing => {
                    explain.step(|| ExplainStep::skipped("token source", source, "nothing"));
                    continue;
                }
                Found::OtherScheme => {
                    explain.step(|| ExplainStep::skipped("token source", source, "another scheme"));
                    if nothing == Reason::TokenMissing {
                        nothing = Reason::SchemeUnsupported;
                    }
                    continue;
                }
                Found::OneWord => {
                    explain.step(|| {
                        ExplainStep::skipped("token source", source, "one word, so no credential")
                    });
                    nothing = Reason::AuthorizationMalformed;
                    continue;
                }
                Found::Token(bytes) => Credential::parse(bytes, self.max_token_bytes)?,
                Found::Base64url(text) => self.decode(text)?,
            };
            let length = found.as_bearer().as_bytes().len();
            explain.step(|| {
                ExplainStep::passed("token source", source, format!("a token of {length} bytes"))
            });
            if token.as_ref().is_some_and(|earlier| *earlier != found) {
                return Err(Reason::TokenAmbiguous.into());
            }
            token = Some(found);
        }
        token.ok_or_else(|| nothing.into())
    }

    fn decode(&self, text: &str) -> Result<Credential<'static>, Denial> {
        // Judged before it is decoded: four characters are three bytes.
        if text.len() / 4 * 3 > self.max_token_bytes {
            return Err(Reason::TokenTooLarge.into());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| Reason::TokenMalformed)?;
        Credential::parse(bytes, self.max_token_bytes)
    }
}

impl fmt::Display for TokenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<_> = self.sources.iter().map(ToString::to_string).collect();
        write!(
            f,
            "{}, at most {} bytes",
            sources.join(", "),
            self.max_token_bytes
        )
    }
}
