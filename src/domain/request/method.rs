//! The method of the original request.

use super::Field;
use crate::domain::Reason;

/// The method of the original request (RFC 9110 section 9.1), which is case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestMethod<'a>(&'a str);

impl<'a> RequestMethod<'a> {
    /// Parses the method that the proxy reports.
    ///
    /// Fails with [`Reason::ForwardedHeadersMissing`] if it reports none, and with
    /// [`Reason::ForwardedHeadersAmbiguous`] if it is repeated or cannot be a method.
    pub fn from_field(method: Field<'a>) -> Result<Self, Reason> {
        let method = method.described()?;
        let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_graphic);
        let text = std::str::from_utf8(method).ok().filter(|_| is_method);
        text.map(Self).ok_or(Reason::ForwardedHeadersAmbiguous)
    }

    /// Returns the method as it was sent.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_visible_ascii() {
        for method in ["GET", "M-SEARCH", "get"] {
            assert_eq!(
                RequestMethod::from_field(Field::Once(method.as_bytes()))
                    .unwrap()
                    .as_str(),
                method
            );
        }
        for method in ["", " ", "GET ", "GET,POST GET", "G\u{c9}T"] {
            let parsed = RequestMethod::from_field(Field::Once(method.as_bytes()));
            assert_eq!(parsed, Err(Reason::ForwardedHeadersAmbiguous), "{method}");
        }
        assert_eq!(
            RequestMethod::from_field(Field::Repeated),
            Err(Reason::ForwardedHeadersAmbiguous)
        );
        assert_eq!(
            RequestMethod::from_field(Field::Absent),
            Err(Reason::ForwardedHeadersMissing)
        );
    }
}
