//! Layer 1: finds the credential in a request (RFC 6750 section 2, RFC 7617).
//!
//! A request has exactly one token. Two different ones are refused: the application behind the
//! proxy might read the other.

mod basic;
mod bearer;
mod cookie;
mod found;
mod header;
mod query;
#[cfg(test)]
mod tests;
mod token_source;
mod websocket;

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

pub use token_source::{TokenPlace, TokenSource};

use crate::domain::{
    Credential, CredentialScheme, Denial, Explain, ExplainStep, ForwardedRequest, Reason,
    RequestContext, SourceIndex,
};
use found::Found;

/// The places where a request may carry its token, and the maximum size of a token.
///
/// # Examples
///
/// ```
/// use doorward::domain::{Denial, DescribedRequest, Moment, Reason, RequestContext};
/// use doorward::extract::{TokenSource, TokenSources};
///
/// let sources = vec![TokenSource::Bearer, "cookie:token".parse()?];
/// let sources = TokenSources::new(sources, 8192);
///
/// let extract = |described: &DescribedRequest| -> Result<Vec<u8>, Denial> {
///     let parts = described.parts();
///     let request = described.forwarded(&parts);
///     let mut cx = RequestContext {
///         request: &request,
///         now: Moment::PAST,
///         cost_limit: None,
///         explain: &mut (),
///     };
///     Ok(sources.extract(&mut cx)?.as_bytes().to_vec())
/// };
/// let mut request = DescribedRequest::default();
/// request.headers.insert("authorization".into(), "Bearer a.b.c".into());
/// assert_eq!(extract(&request).unwrap(), b"a.b.c");
///
/// // Which of two tokens the application reads is not known.
/// request.headers.insert("cookie".into(), "token=d.e.f".into());
/// assert_eq!(extract(&request).unwrap_err().reason(), Reason::TokenAmbiguous);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone)]
pub struct TokenSources {
    sources: Vec<TokenSource>,
    max_token_bytes: usize,
}

impl TokenSources {
    /// Creates sources that accept tokens of at most `max_token_bytes`.
    pub fn new(sources: Vec<TokenSource>, max_token_bytes: usize) -> Self {
        Self {
            sources,
            max_token_bytes,
        }
    }

    /// Returns the source that an index of a [`Credential`] names.
    pub fn at(&self, index: SourceIndex) -> Option<&TokenSource> {
        self.sources.get(index.get())
    }

    /// Returns the place where the first source for tokens would look for this one, or where
    /// `basic` would if there is no other; `None` if there is no source.
    pub fn place(&self, token: &str) -> Option<TokenPlace> {
        let mut for_tokens = self.token_sources();
        let first = for_tokens.next().or(self.sources.first());
        first.map(|source| source.place(token))
    }

    /// Returns `true` if a source reads users and passwords.
    pub fn read_passwords(&self) -> bool {
        self.sources.contains(&TokenSource::Basic)
    }

    /// Returns `true` if a source reads tokens.
    pub fn read_tokens(&self) -> bool {
        self.token_sources().next().is_some()
    }

    /// Returns these sources without the one that reads users and passwords.
    #[must_use]
    pub fn without_passwords(&self) -> Self {
        Self {
            sources: self.token_sources().cloned().collect(),
            ..*self
        }
    }

    fn token_sources(&self) -> impl Iterator<Item = &TokenSource> {
        self.sources
            .iter()
            .filter(|source| **source != TokenSource::Basic)
    }

    /// Returns `true` if a source reads what the proxy reports about the original request.
    pub fn needs_request(&self) -> bool {
        self.sources
            .iter()
            .any(|source| matches!(source, TokenSource::Query { .. }))
    }

    /// Returns the names of the fields of all `header:` sources, in lower case. `Authorization` and
    /// `Cookie` have sources of their own.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| match source {
            TokenSource::Header { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Returns `true` if a source reads the protocols of a WebSocket handshake.
    pub fn reads_protocols(&self) -> bool {
        self.sources.contains(&TokenSource::WebSocket)
    }

    /// Returns the WebSocket protocols that the client offers besides its token, as a list; `None`
    /// if no source reads them.
    ///
    /// If one does, every request has a list, even if it is empty: the list replaces the client's
    /// own.
    pub fn other_protocols(&self, request: &ForwardedRequest<'_>) -> Option<String> {
        self.reads_protocols()
            .then(|| websocket::without_token(request.fields))
    }

    /// Finds the credential of the request. A token that is in two places is one token, from the
    /// first of these sources.
    ///
    /// Fails with [`Reason::TokenAmbiguous`] if there may be two different tokens, and with
    /// [`Reason::TokenTooLarge`] or [`Reason::TokenMalformed`] if a token is too large or cannot be
    /// read. If there is no token, it fails with [`Reason::AuthorizationMalformed`] if
    /// `Authorization` is one word, else with [`Reason::SchemeUnsupported`] if there is a
    /// credential of another scheme, else with [`Reason::TokenMissing`]. A `query:` source also
    /// fails like [`RequestQuery::from_field`](crate::domain::RequestQuery::from_field).
    pub fn extract<'a>(
        &self,
        cx: &mut RequestContext<'a, impl Explain>,
    ) -> Result<Credential<'a>, Denial> {
        let mut token: Option<Credential<'a>> = None;
        let mut nothing = Reason::TokenMissing;
        for (position, source) in self.sources.iter().enumerate() {
            let found = match source.find(cx.request)? {
                Found::Nothing => {
                    cx.explain
                        .step(|| ExplainStep::skipped("token source", source, "nothing"));
                    continue;
                }
                Found::OtherScheme => {
                    cx.explain
                        .step(|| ExplainStep::skipped("token source", source, "another scheme"));
                    if nothing == Reason::TokenMissing {
                        nothing = Reason::SchemeUnsupported;
                    }
                    continue;
                }
                Found::OneWord => {
                    cx.explain.step(|| {
                        ExplainStep::skipped("token source", source, "one word, so no credential")
                    });
                    nothing = Reason::AuthorizationMalformed;
                    continue;
                }
                Found::Token(bytes) => self.parse(bytes, SourceIndex::new(position))?,
                Found::Base64url(text) => self.decode(text, SourceIndex::new(position))?,
                Found::Basic(text) => {
                    let source = SourceIndex::new(position);
                    let decoded = basic::decode(text, source, self.max_token_bytes);
                    decoded.map_err(|denial| denial.of_attempt(CredentialScheme::Basic))?
                }
            };
            cx.explain
                .step(|| ExplainStep::passed("token source", source, describe(&found)));
            match &token {
                None => token = Some(found),
                Some(earlier) if earlier.is_same_as(&found) => {}
                Some(_) => return Err(Reason::TokenAmbiguous.into()),
            }
        }
        token.ok_or_else(|| nothing.into())
    }

    fn parse<'a>(
        &self,
        bytes: impl Into<Cow<'a, [u8]>>,
        source: SourceIndex,
    ) -> Result<Credential<'a>, Denial> {
        Credential::parse(
            CredentialScheme::Bearer,
            bytes,
            source,
            self.max_token_bytes,
        )
    }

    fn decode(&self, text: &str, source: SourceIndex) -> Result<Credential<'static>, Denial> {
        // The size is checked before anything is decoded: four characters are three bytes.
        if text.len() / 4 * 3 > self.max_token_bytes {
            return Err(Reason::TokenTooLarge.into());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| Reason::TokenMalformed)?;
        self.parse(bytes, source)
    }
}

/// Describes a credential without showing any of it.
fn describe(found: &Credential<'_>) -> String {
    match found.scheme {
        CredentialScheme::Bearer => format!("a token of {} bytes", found.as_bytes().len()),
        CredentialScheme::Basic => "a user and a password".to_owned(),
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
