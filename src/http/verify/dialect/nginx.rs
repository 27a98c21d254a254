//! nginx: the headers that `deploy/nginx` sets. ingress-nginx uses the same names.

use crate::domain::{ClientSource, HeaderFields, OriginalRequest};

/// The field in which the shipped files put the address of nginx's own peer.
pub(super) const CLIENT: ClientSource<'_> = ClientSource::LastOf("x-real-ip");

pub(super) fn original(fields: &dyn HeaderFields) -> OriginalRequest<'_> {
    OriginalRequest::from_url(
        fields.field("x-original-method"),
        fields.field("x-original-url"),
    )
}
