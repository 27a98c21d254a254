//! The header fields of a request, for the floors that know no web framework.

use actix_web::http::header::HeaderMap;

use crate::domain::{Field, HeaderFields};

pub(super) struct Fields<'a>(pub(super) &'a HeaderMap);

impl HeaderFields for Fields<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let mut values = self.0.get_all(name);
        match (values.next(), values.next()) {
            (None, _) => Field::Absent,
            (Some(value), None) => Field::Once(value.as_bytes()),
            (Some(_), Some(_)) => Field::Repeated,
        }
    }
}
