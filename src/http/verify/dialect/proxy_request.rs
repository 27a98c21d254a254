//! A request from a proxy, before a dialect reads it.

use crate::domain::HeaderFields;

/// The parts of a proxy's request that a dialect may read.
#[derive(Clone, Copy)]
pub struct ProxyRequest<'a> {
    /// The header fields.
    pub fields: &'a dyn HeaderFields,
    /// The method of the request line.
    pub method: &'a str,
    /// The part of the request target behind the listener's own path, with the query.
    pub tail: &'a str,
}
