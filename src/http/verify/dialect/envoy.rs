//! Envoy's HTTP service of `ext_authz`: it asks with the client's own request line behind a prefix,
//! and the client's host.

use super::proxy_request::ProxyRequest;
use crate::domain::{Field, OriginalRequest};

pub(super) fn original<'a>(asked: &ProxyRequest<'a>) -> OriginalRequest<'a> {
    let uri = if asked.tail.starts_with('/') {
        Field::Once(asked.tail.as_bytes())
    } else {
        Field::Absent
    };
    OriginalRequest {
        method: Field::Once(asked.method.as_bytes()),
        host: asked.fields.field("host"),
        uri,
    }
}
