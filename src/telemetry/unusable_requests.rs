//! Requests of proxies that are configured in the wrong way.

use std::net::IpAddr;

use prometheus::{IntCounter, IntCounterVec};

use super::throttle::Throttle;
use crate::domain::{Uptime, before_encoded_query, may_hold_token};

/// The reason why a request of a proxy cannot be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusableKind {
    /// Its path does not exist.
    UnknownPath,
    /// It has the header fields of another dialect.
    WrongDialect,
    /// It does not describe the original request, or not all of it.
    NotDescribed,
    /// It describes the original request and does not come from a trusted proxy.
    UntrustedPeer,
}

/// A request that cannot be decided.
#[derive(Debug, Clone, Copy)]
pub struct UnusableRequest<'a> {
    /// The reason.
    pub kind: UnusableKind,
    /// The address of the proxy, if it has one.
    pub peer: Option<IpAddr>,
    /// The path that the proxy asks for, without the query. gRPC has none.
    pub path: Option<&'a str>,
}

/// The bytes of a path that are logged.
const MAX_PATH: usize = 64;

/// Counts unusable requests by kind, and warns of them.
pub struct UnusableRequests {
    kinds: [(IntCounter, Throttle); UnusableKind::ALL.len()],
}

impl UnusableKind {
    const ALL: [Self; 4] = [
        Self::UnknownPath,
        Self::WrongDialect,
        Self::NotDescribed,
        Self::UntrustedPeer,
    ];

    const fn message(self) -> &'static str {
        match self {
            Self::UnknownPath => "a proxy asks for a path that does not exist",
            Self::WrongDialect => "a proxy asks in the dialect of another one",
            Self::NotDescribed => "a proxy does not describe the request of its client",
            Self::UntrustedPeer => "a request is described by a peer that is no trusted proxy",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown_path",
            Self::WrongDialect => "wrong_dialect",
            Self::NotDescribed => "not_described",
            Self::UntrustedPeer => "untrusted_peer",
        }
    }
}

impl UnusableRequests {
    /// Creates the counters of all kinds at zero, so that an alert sees the first request of each.
    pub(super) fn new(family: &IntCounterVec) -> Self {
        let kind =
            |kind: UnusableKind| (family.with_label_values(&[kind.label()]), Throttle::new());
        Self {
            kinds: UnusableKind::ALL.map(kind),
        }
    }

    /// Counts a request, and logs one warning per minute and kind, with the peer, the path, a hint
    /// and the number of warnings that were left out since the last one. The hint is computed only
    /// for a warning.
    pub fn report(&self, request: UnusableRequest<'_>, now: Uptime, hint: impl FnOnce() -> String) {
        let UnusableRequest { kind, peer, path } = request;
        let Some((counter, throttle)) = self.kinds.get(kind as usize) else {
            return;
        };
        counter.inc();
        let Some(left_out) = throttle.pass(now) else {
            return;
        };
        // A token may have been put anywhere.
        let path = path.filter(|path| !may_hold_token(path));
        let path = path.and_then(|path| {
            let end = before_encoded_query(path.as_bytes()).len();
            path.get(..path.floor_char_boundary(end.min(MAX_PATH)))
        });
        let peer = peer.map(|peer| peer.to_canonical().to_string());
        tracing::warn!(
            kind = kind.label(),
            path,
            peer,
            hint = hint(),
            left_out = Some(left_out).filter(|number| *number > 0),
            "{}",
            kind.message()
        );
    }
}
