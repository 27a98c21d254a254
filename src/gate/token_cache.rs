//! Tokens that were verified already.
//!
//! An entry says "this token's signature and claims were good, and this key vouches for it". It is no decision: time,
//! trust in the key and what the request asks for are judged on every hit. Denials are never kept.

use std::sync::Arc;
use std::time::Duration;

use moka::notification::RemovalCause;
use moka::sync::Cache;
use prometheus::IntCounter;

use super::TokenDigest;
use super::token_digest::BuildDigestHasher;
use crate::config::CacheSettings;
use crate::domain::Timestamp;
use crate::issuers::{Issuer, TrustedKey};
use crate::policy::Principal;

/// The unit in which the capacity is counted.
const UNIT_BYTES: usize = 2048;

/// A token that takes more is not kept: a few of them must not push out everybody else's.
const MAX_UNITS: usize = 16;

/// Tokens that were verified already, by their digest.
pub struct TokenCache {
    tokens: Option<Cache<TokenDigest, Arc<CachedToken>, BuildDigestHasher>>,
    time_to_live: Duration,
    has_conditions: bool,
}

/// A token that was verified already.
pub(super) struct CachedToken {
    pub(super) issuer: Arc<Issuer>,
    pub(super) key: TrustedKey,
    pub(super) principal: Arc<Principal>,
    kept_until: Timestamp,
    units: usize,
}

impl TokenCache {
    /// A cache of this size; tokens that have to leave are counted. If there are conditions, room is reserved for what
    /// they make of the claims.
    pub fn new(settings: &CacheSettings, has_conditions: bool, evictions: IntCounter) -> Self {
        let tokens = (settings.capacity > 0).then(|| {
            Cache::builder()
                .max_capacity(settings.capacity)
                .weigher(|_, token: &Arc<CachedToken>| u32::try_from(token.units).unwrap_or(u32::MAX))
                // The exact end is judged by our own clock on each hit; this frees the memory of tokens nobody presents.
                .time_to_live(settings.time_to_live)
                .eviction_listener(move |_, _, cause| {
                    if matches!(cause, RemovalCause::Size | RemovalCause::Expired) {
                        evictions.inc();
                    }
                })
                .build_with_hasher(BuildDigestHasher::default())
        });
        Self { tokens, time_to_live: settings.time_to_live, has_conditions }
    }

    /// The token with this digest, if it is known and both its own and the cache's time for it are not over.
    pub(super) fn get(&self, digest: &TokenDigest, now: Timestamp) -> Option<Arc<CachedToken>> {
        let tokens = self.tokens.as_ref()?;
        let token = tokens.get(digest)?;
        if now >= token.kept_until {
            tokens.invalidate(digest);
            return None;
        }
        Some(token)
    }

    /// Keeps a verified token, unless it is too large or about to end.
    pub(super) fn keep(
        &self,
        digest: TokenDigest,
        issuer: Arc<Issuer>,
        key: TrustedKey,
        principal: Arc<Principal>,
        now: Timestamp,
    ) {
        let Some(tokens) = &self.tokens else { return };
        let latest = now.plus(self.time_to_live);
        let kept_until = principal.token().validity().expires_at().map_or(latest, |end| end.min(latest));
        let bytes = size_of::<CachedToken>() + principal.size(self.has_conditions);
        let units = bytes.div_ceil(UNIT_BYTES);
        if kept_until > now && units <= MAX_UNITS {
            tokens.insert(digest, Arc::new(CachedToken { issuer, key, principal, kept_until, units }));
        }
    }

    /// Forgets a token.
    pub(super) fn forget(&self, digest: &TokenDigest) {
        if let Some(tokens) = &self.tokens {
            tokens.invalidate(digest);
        }
    }

    /// How many tokens there are.
    pub fn len(&self) -> u64 {
        self.tokens.as_ref().map_or(0, |tokens| {
            tokens.run_pending_tasks();
            tokens.entry_count()
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether tokens are kept at all.
    pub const fn is_on(&self) -> bool {
        self.tokens.is_some()
    }
}
