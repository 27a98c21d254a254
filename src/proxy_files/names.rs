//! The headers that a configuration is about.

use std::collections::HashSet;

use super::early_removal::EarlyRemoval;
use crate::config::{Configuration, default_claim_headers};
use crate::extract::TokenSources;

/// What doorward reads in any configuration.
const ASKED: [&str; 7] = [
    "Authorization",
    "Cookie",
    "Origin",
    "Access-Control-Request-Method",
    "Sec-WebSocket-Protocol",
    "X-Request-Id",
    "Traceparent",
];

/// The headers that a configuration is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderNames {
    asked: Vec<String>,
    mapped: Vec<String>,
    websocket: bool,
}

impl HeaderNames {
    /// Those of this configuration, its routes included.
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

    /// Those that the files under `deploy/` are made for: the defaults.
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
            // The parser has made them lower-case.
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

    /// What doorward is to be asked with.
    pub(super) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }

    /// What doorward is asked with for the sake of a token source.
    pub(super) fn asked_for_tokens(&self) -> impl Iterator<Item = &str> {
        self.asked().skip(ASKED.len())
    }

    /// The claim headers.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &str> {
        self.mapped.iter().map(String::as_str)
    }

    /// Whether a token may stand among the protocols of a WebSocket.
    pub(super) fn websocket(&self) -> bool {
        self.websocket
    }

    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.asked().any(|own| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_mapped(&self, name: &str) -> bool {
        self.mapped().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Claim headers to be removed besides these, in the spelling that is left to a client where
    /// every other one goes.
    ///
    /// Those that doorward is asked with are left out: they must get there, and doorward's own
    /// overwrite them afterwards.
    pub(super) fn removed_besides(&self, others: &EarlyRemoval) -> impl Iterator<Item = String> {
        let names = self
            .mapped()
            .map(|name| name.to_ascii_lowercase().replace('_', "-"));
        names.filter(|name| !others.takes(name) && !self.is_asked(name))
    }

    /// Spellings with hyphens of claim headers that have underscores.
    pub(super) fn hyphenated(&self) -> impl Iterator<Item = String> {
        self.mapped()
            .filter(|name| name.contains('_'))
            .map(|name| name.replace('_', "-"))
    }
}
