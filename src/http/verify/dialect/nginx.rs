//! nginx: what `deploy/nginx` sets, which are also the names that ingress-nginx uses.

use crate::domain::{HeaderFields, OriginalRequest};

pub(super) fn original(fields: &dyn HeaderFields) -> OriginalRequest<'_> {
    OriginalRequest::from_url(
        fields.field("x-original-method"),
        fields.field("x-original-url"),
    )
}
