//! The client's address, for the log alone: no decision looks at it.

use std::net::IpAddr;

use crate::config::TrustedProxies;
use crate::domain::{HeaderFields, parse_address};

/// More addresses than this in `X-Forwarded-For` are not looked at.
const MAX_HOPS: usize = 32;

/// Returns the address of the client as trusted proxies write it: the last one in `X-Forwarded-For`
/// that is no trusted proxy itself, or the first one if all are. What a client writes into the
/// field is to the left of that.
///
/// Returns `None` if there is no such field, or if something other than addresses comes first. A peer that
/// is not trusted is the client.
pub(crate) fn client_address(
    fields: &dyn HeaderFields,
    peer: Option<IpAddr>,
    peer_trusted: bool,
    trusted: &TrustedProxies,
) -> Option<IpAddr> {
    if !peer_trusted {
        return peer;
    }
    let lines = fields.lines("x-forwarded-for")?;
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut nearest = None;
    for hop in hops.take(MAX_HOPS) {
        let address = parse_address(hop)?;
        nearest = Some(address);
        if !trusted.contains(address) {
            break;
        }
    }
    nearest
}
