//! Traefik, Caddy, `HAProxy`, APISIX: `X-Forwarded-Method`, `-Host` and `-Uri`.

use crate::domain::{Field, HeaderFields, OriginalRequest};

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
