//! `HAProxy`: the headers of [`forwarded`](super::forwarded), and an address of the client that the
//! shipped script sets.

use crate::domain::ClientSource;

/// The field in which the shipped script puts the address of `HAProxy`'s own peer.
pub(super) const CLIENT: ClientSource<'_> = ClientSource::LastOf("x-real-ip");
