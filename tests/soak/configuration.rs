//! The settings of the service.

use std::fmt::Write;

use crate::actor::{Actor, Character, MIN_REFETCH, REFRESH, SHORT_STALE};

/// The configuration that trusts these issuers.
pub fn configuration(actors: &[Actor]) -> String {
    let mut text = format!(
        "listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
access_log: off
log_format: json
token_cache_capacity: 5000
jwks_refresh: {}s
jwks_min_refetch: {}s
jwks_timeout: 1s
issuers:
",
        REFRESH.as_secs(),
        MIN_REFETCH.as_secs(),
    );
    for actor in actors {
        let stale = if actor.character == Character::Gone {
            format!("{}s", SHORT_STALE.as_secs())
        } else {
            "1h".into()
        };
        let (name, url) = (actor.name(), &actor.issuer.url);
        writeln!(
            text,
            "  - {{name: {name}, issuer: '{url}', audience: [api], jwks_max_stale: {stale}}}"
        )
        .unwrap();
    }
    text
}
