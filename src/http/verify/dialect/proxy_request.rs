//! A request of the proxy, before a dialect reads it.

use crate::domain::HeaderFields;

/// A question as it arrived, as far as a dialect may look at it.
#[derive(Clone, Copy)]
pub struct ProxyRequest<'a> {
    /// The header fields.
    pub fields: &'a dyn HeaderFields,
    /// The method of the request line.
    pub method: &'a str,
    /// What stands behind the path that was asked, with the query.
    pub tail: &'a str,
}
