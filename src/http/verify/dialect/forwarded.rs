//! Traefik, Caddy, `HAProxy`, APISIX: `X-Forwarded-Method`, `-Host` and `-Uri`.

use crate::domain::{ClientSource, Field, HeaderFields, OriginalRequest};

/// The list to which Traefik and Caddy append the address of their own peer.
pub(super) const CLIENT: ClientSource<'_> = ClientSource::LastOf("x-forwarded-for");

pub(super) fn original(fields: &dyn HeaderFields) -> OriginalRequest<'_> {
    OriginalRequest {
        method: fields.field("x-forwarded-method"),
        host: fields.field("x-forwarded-host"),
        uri: fields.field("x-forwarded-uri"),
    }
}

pub(super) fn is_present(fields: &dyn HeaderFields) -> bool {
    fields.field("x-forwarded-uri") != Field::Absent
}
