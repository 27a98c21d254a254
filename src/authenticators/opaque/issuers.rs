//! The issuers that are asked about tokens.

use std::sync::Arc;

use super::introspector::Introspector;
use crate::config::IntrospectionMode;
use crate::domain::IssuerIndex;

/// The issuers that are asked about tokens, and the tokens that are theirs.
#[derive(Default)]
pub struct AskedIssuers {
    by_index: Box<[Option<Arc<Introspector>>]>,
    by_prefix: Box<[(String, IssuerIndex)]>,
    /// The issuer of opaque tokens without a known prefix.
    of_the_rest: Option<IssuerIndex>,
}

impl AskedIssuers {
    /// Creates the list, with an element for each issuer in their order; `None` for one that is not
    /// asked.
    ///
    /// No prefix may begin with another one, and at most one issuer may be asked about opaque tokens
    /// without having prefixes. The configuration refuses settings that break either rule.
    pub fn new(introspectors: impl IntoIterator<Item = Option<Arc<Introspector>>>) -> Self {
        let by_index: Box<[_]> = introspectors.into_iter().collect();
        let mut by_prefix = Vec::new();
        let mut of_the_rest = None;
        for (position, introspector) in by_index.iter().enumerate() {
            let Some(introspector) = introspector else {
                continue;
            };
            let (index, settings) = (IssuerIndex::new(position), introspector.settings());
            let prefixes = settings.token_prefixes.iter().cloned();
            by_prefix.extend(prefixes.map(|prefix| (prefix, index)));
            if settings.mode == IntrospectionMode::Opaque && settings.token_prefixes.is_empty() {
                of_the_rest = Some(index);
            }
        }
        Self {
            by_index,
            by_prefix: by_prefix.into(),
            of_the_rest,
        }
    }

    /// Returns the issuer whose tokens begin like this one.
    pub(in crate::authenticators) fn with_prefix_of(&self, token: &[u8]) -> Option<IssuerIndex> {
        let mut prefixes = self.by_prefix.iter();
        let found = prefixes.find(|(prefix, _)| token.starts_with(prefix.as_bytes()));
        found.map(|(_, index)| *index)
    }

    /// Returns the issuer of opaque tokens without a known prefix.
    pub(in crate::authenticators) const fn of_the_rest(&self) -> Option<IssuerIndex> {
        self.of_the_rest
    }

    /// Returns how this issuer is asked; `None` if it is not.
    pub fn of(&self, issuer: IssuerIndex) -> Option<&Arc<Introspector>> {
        self.by_index.get(issuer.get())?.as_ref()
    }

    /// Returns how this issuer is asked about JWTs; `None` if it is not.
    pub(in crate::authenticators) fn mode_for_jwts(
        &self,
        issuer: IssuerIndex,
    ) -> Option<IntrospectionMode> {
        let mode = self.of(issuer)?.settings().mode;
        (mode != IntrospectionMode::Opaque).then_some(mode)
    }

    /// Iterates over all of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Introspector>> {
        self.by_index.iter().flatten()
    }
}
