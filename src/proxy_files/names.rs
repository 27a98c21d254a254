//! The names of the headers that a configuration uses.

use std::collections::HashSet;

use super::early_removal::EarlyRemoval;
use crate::config::{Configuration, default_claim_headers};
use crate::extract::TokenSources;

/// The headers that doorward reads in any configuration.
const ASKED: [&str; 7] = [
    "Authorization",
    "Cookie",
    "Origin",
    "Access-Control-Request-Method",
    "Sec-WebSocket-Protocol",
    "X-Request-Id",
    "Traceparent",
];

/// The names of the headers that a configuration uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderNames {
    asked: Vec<String>,
    mapped: Vec<String>,
    websocket: bool,
}

impl HeaderNames {
    /// Collects the names of a configuration, including those of its routes.
    pub fn of(configuration: &Configuration) -> Self {
        let routes = configuration
            .routes
            .iter()
            .flat_map(|routes| routes.table.iter());
        let sources = std::iter::once(&*configuration.tokens.sources)
            .chain(routes.map(|route| &*route.rules.sources));
        Self::with(
            sources,
            configuration
                .claim_headers
                .names()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Returns the names of the default settings, for which the files under `deploy/` are made.
    pub fn shipped() -> Self {
        Self::with(std::iter::empty(), default_claim_headers())
    }

    fn with<'a>(sources: impl Iterator<Item = &'a TokenSources>, mapped: Vec<String>) -> Self {
        let mut asked: Vec<String> = ASKED.map(str::to_owned).into();
        let mut known: HashSet<String> =
            asked.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut websocket = false;
        for source in sources {
            websocket |= source.reads_protocols();
            // The parser has converted them to lower case.
            asked.extend(
                source
                    .header_names()
                    .filter(|name| known.insert((*name).to_owned()))
                    .map(str::to_owned),
            );
        }
        Self {
            asked,
            mapped,
            websocket,
        }
    }

    /// Returns the headers that the proxy must send to doorward.
    pub(super) fn request_headers(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }

    /// Returns those of them that may hold a token because of a token source.
    pub(super) fn token_headers(&self) -> impl Iterator<Item = &str> {
        self.request_headers().skip(ASKED.len())
    }

    /// Returns the names of the claim headers.
    pub(super) fn claim_headers(&self) -> impl Iterator<Item = &str> {
        self.mapped.iter().map(String::as_str)
    }

    /// Returns `true` if a token may be among the protocols of a WebSocket.
    pub(super) fn websocket(&self) -> bool {
        self.websocket
    }

    pub(super) fn is_sent(&self, name: &str) -> bool {
        self.request_headers()
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_claim_header(&self, name: &str) -> bool {
        self.claim_headers()
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Returns the claim headers that must be removed in addition to `others`, spelled with
    /// hyphens: the client can send no other spelling, because names with other characters are
    /// removed anyway.
    ///
    /// Headers that are sent to doorward are left out. They must get there, and doorward's own
    /// values overwrite them afterwards.
    pub(super) fn removed_besides(&self, others: &EarlyRemoval) -> impl Iterator<Item = String> {
        let names = self
            .claim_headers()
            .map(|name| name.to_ascii_lowercase().replace('_', "-"));
        names.filter(|name| !others.removes(name) && !self.is_sent(name))
    }

    /// Returns the spellings with hyphens of claim headers that have underscores.
    pub(super) fn hyphenated(&self) -> impl Iterator<Item = String> {
        self.claim_headers()
            .filter(|name| name.contains('_'))
            .map(|name| name.replace('_', "-"))
    }
}
