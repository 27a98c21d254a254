//! nginx: what `deploy/nginx` sets, which are also the names that ingress-nginx uses.

use crate::domain::{HeaderFields, Original};

pub(super) fn original(fields: &dyn HeaderFields) -> Original<'_> {
    Original::from_url(
        fields.field("x-original-method"),
        fields.field("x-original-url"),
    )
}
