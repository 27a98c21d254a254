//! Token sources and the token cache.

use std::sync::Arc;
use std::time::Duration;

use super::ProxySettings;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::extract::{TokenSource, TokenSources};

pub(super) const TOKEN_SOURCES: Setting = Setting::new(
    "token_sources",
    "bearer",
    "Parts of the request that may have the token. A list of `bearer` (the `Authorization` field), `basic` (a user and a password of `htpasswd_file`), `header:NAME`, `header:NAME:SCHEME`, `cookie:NAME`, `query:NAME` (of the client's URI; needs a `proxy` other than `auto`) and `websocket` (the `Sec-WebSocket-Protocol` field). A request with two different tokens is refused.",
).shaped(Shape::List(&Shape::Text));
const MAX_TOKEN_BYTES: Setting = Setting::new(
    "max_token_bytes",
    "16384",
    "Greatest length of a token in bytes. A longer token is refused with `token_too_large` and is not parsed.",
)
.shaped(Shape::Number);
const CACHE_CAPACITY: Setting = Setting::new(
    "token_cache_capacity",
    "100000",
    "Size of the token cache in units of 2 KiB. A typical token takes one unit, a larger one several. A token over 32 KiB, or larger than the whole cache, is not cached. `0` turns the cache off.",
)
.shaped(Shape::Number);
const CACHE_TTL: Setting = Setting::new(
    "token_cache_ttl",
    "5m",
    "Longest time that a verified token stays in the cache. It never stays longer than its `exp`.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] =
    &[TOKEN_SOURCES, MAX_TOKEN_BYTES, CACHE_CAPACITY, CACHE_TTL];

/// Token sources and the token cache.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The parts of a request that may hold a token.
    pub sources: Arc<TokenSources>,
    /// The token sources without `basic`, for routes that take no passwords.
    pub sources_without_passwords: Arc<TokenSources>,
    /// The greatest length of a token, in bytes.
    pub max_token_bytes: usize,
    /// The cache of verified tokens.
    pub cache: CacheSettings,
}

/// The bounds of the cache of verified tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Capacity in units of 2 KiB; 0 turns the cache off.
    pub capacity: u64,
    /// The longest time that a verified token is kept.
    pub time_to_live: Duration,
}

impl TokenSettings {
    pub(super) fn read(
        reader: &mut Reader,
        proxy: &Result<ProxySettings, Reported>,
    ) -> Result<Self, Reported> {
        let sources = reader.list(&TOKEN_SOURCES, source);
        let max_token_bytes = reader.read(&MAX_TOKEN_BYTES, value::size(64, 96 * 1024));
        let capacity = reader.read(&CACHE_CAPACITY, value::number(0, 100_000_000));
        let time_to_live = reader.read(
            &CACHE_TTL,
            value::duration_within(Duration::from_secs(1), Duration::from_hours(24)),
        );
        let sources = TokenSources::new(sources?, max_token_bytes?);
        if let Ok(proxy) = proxy
            && sources.needs_request()
        {
            proxy
                .dialect
                .require_named_proxy(reader, &TOKEN_SOURCES, "query")?;
        }
        let sources = Arc::new(sources);
        Ok(Self {
            sources_without_passwords: if sources.read_passwords() {
                Arc::new(sources.without_passwords())
            } else {
                sources.clone()
            },
            sources,
            max_token_bytes: max_token_bytes?,
            cache: CacheSettings {
                capacity: capacity?,
                time_to_live: time_to_live?,
            },
        })
    }
}

pub(super) fn source(text: &str) -> Result<TokenSource, Invalid> {
    text.parse().map_err(Invalid::expected)
}
