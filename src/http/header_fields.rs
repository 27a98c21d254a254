//! The header fields of a request, for the layers that know no web framework.

use actix_web::http::header::{HeaderMap, HeaderValue};

use crate::domain::{Field, HeaderFields};

pub(super) struct Fields<'a>(pub(super) &'a HeaderMap);

impl HeaderFields for Fields<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        Field::of(self.0.get_all(name).map(HeaderValue::as_bytes))
    }

    fn lines(&self, name: &str) -> Option<Vec<&[u8]>> {
        Some(self.0.get_all(name).map(HeaderValue::as_bytes).collect())
    }
}
