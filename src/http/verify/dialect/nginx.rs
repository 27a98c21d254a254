//! nginx: the headers that `deploy/nginx` sets. ingress-nginx uses the same names.

use crate::domain::{HeaderFields, OriginalRequest};

pub(super) fn original(fields: &dyn HeaderFields) -> OriginalRequest<'_> {
    OriginalRequest::from_url(
        fields.field("x-original-method"),
        fields.field("x-original-url"),
    )
}
