//! Envoy's HTTP service of `ext_authz`. Its request has the client's own request line behind a
//! prefix, and the client's host.

use super::proxy_request::ProxyRequest;
use crate::domain::{ClientSource, Field, OriginalRequest};

/// With `use_remote_address`, as in the shipped files, Envoy appends its peer to the second, and
/// writes the first for peers outside of its internal networks.
pub(super) const CLIENT: ClientSource<'_> = ClientSource::FieldOrLastOf {
    field: "x-envoy-external-address",
    list: "x-forwarded-for",
};

pub(super) fn original<'a>(request: &ProxyRequest<'a>) -> OriginalRequest<'a> {
    let uri = if request.tail.starts_with('/') {
        Field::Once(request.tail.as_bytes())
    } else {
        Field::Absent
    };
    OriginalRequest {
        method: Field::Once(request.method.as_bytes()),
        host: request.fields.field("host"),
        uri,
    }
}
