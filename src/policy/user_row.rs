//! The row of a user in a directory.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::condition::ClaimValues;
use super::{ClaimHeader, ClaimHeaders, RenderedHeaders};
use crate::domain::{ClaimPath, Reason};
use crate::jose::Json;

/// The row of a user in a directory: its columns by name, as one JSON object.
///
/// A directory keeps up to a hundred thousand rows, so a row is one piece of memory. What is made
/// of it for requests, values of headers and of conditions, is made once and kept with it.
pub struct UserRow {
    /// The columns, as a strict JSON object without white space around it.
    columns: Box<str>,
    /// The values of the headers that are made of the columns.
    headers: OnceLock<KeptHeaders>,
    /// The columns as values of conditions; the first condition that reads them converts them.
    values: OnceLock<Option<ClaimValues>>,
}

/// The values of headers, and for which headers they were rendered.
struct KeptHeaders {
    of: Arc<[ClaimHeader]>,
    rendered: Result<RenderedHeaders, Reason>,
}

/// The error of [`UserRow::from_json_object`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserRowError {
    /// The text is longer than [`UserRow::MAX_BYTES`].
    #[error("a row of more than 16 KiB")]
    TooLong,
    /// The text is no JSON object, or two columns have the same name.
    #[error("not a JSON object, or a column is repeated")]
    NotStrict,
}

impl UserRow {
    /// The maximum length of a row as JSON, in bytes.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Makes a row of its columns by name, as a JSON object. `null` counts as absent.
    ///
    /// Fails with [`UserRowError`] if the text is too long, is no JSON object, or has the same name
    /// twice at any depth.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::domain::ClaimPath;
    /// use doorward::policy::UserRow;
    ///
    /// let row = UserRow::from_json_object(r#"{"id":42,"role":"admin"}"#.to_owned())?;
    /// let role = row.find(&ClaimPath::parse("role")?);
    /// assert_eq!(role.map(|role| role.as_written()), Some(r#""admin""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json_object(text: String) -> Result<Self, UserRowError> {
        if text.len() > Self::MAX_BYTES {
            return Err(UserRowError::TooLong);
        }
        if !Json::is_strict_object(&text) {
            return Err(UserRowError::NotStrict);
        }
        let columns = text.trim_ascii();
        let columns = if columns.len() == text.len() {
            text.into_boxed_str()
        } else {
            columns.into()
        };
        Ok(Self::of(columns))
    }

    /// Returns a row without columns, for a user who may pass without one.
    pub fn empty() -> Self {
        Self::of("{}".into())
    }

    const fn of(columns: Box<str>) -> Self {
        Self {
            columns,
            headers: OnceLock::new(),
            values: OnceLock::new(),
        }
    }

    /// Returns the column, or the part of it, at the end of a path; `null` counts as absent. The
    /// path `$` leads to all columns.
    pub fn find(&self, path: &ClaimPath) -> Option<Json<'_>> {
        self.at(path).filter(|value| !value.is_null())
    }

    /// Describes the column at the end of a path for people, as JSON, or as `absent`.
    pub fn describe_at(&self, path: &ClaimPath) -> &str {
        self.at(path).map_or("absent", Json::as_written)
    }

    /// Returns all columns as one JSON object.
    pub fn all(&self) -> Json<'_> {
        Json::of_strict(&self.columns)
    }

    fn at(&self, path: &ClaimPath) -> Option<Json<'_>> {
        path.segments()
            .iter()
            .try_fold(self.all(), |value, name| value.member(name))
    }

    /// Returns the row with its columns rendered for these headers, which happens once.
    ///
    /// A row may be kept for longer than a configuration. If it was rendered for other headers, the
    /// result is a copy.
    pub(super) fn rendered(self: Arc<Self>, headers: &ClaimHeaders) -> Arc<Self> {
        if self.is_rendered_for(headers) {
            return self;
        }
        let copy = Self::of(self.columns.clone());
        copy.is_rendered_for(headers);
        Arc::new(copy)
    }

    /// Renders the columns if that has not happened yet, and returns whether it was for these
    /// headers.
    fn is_rendered_for(&self, headers: &ClaimHeaders) -> bool {
        let wanted = headers.of_columns();
        let kept = self.headers.get_or_init(|| KeptHeaders {
            of: wanted.clone(),
            rendered: headers.render_columns(|path| self.find(path)),
        });
        // Most often it is the same list; after a reload it may be an equal one.
        Arc::ptr_eq(&kept.of, wanted) || kept.of == *wanted
    }

    /// Returns the headers that are made of columns.
    ///
    /// Fails with the reason why there can be none, and with [`Reason::DependencyUnavailable`] for
    /// a row that was never rendered.
    pub(super) fn headers(&self) -> Result<&RenderedHeaders, Reason> {
        let kept = self.headers.get().ok_or(Reason::DependencyUnavailable)?;
        kept.rendered.as_ref().map_err(|reason| *reason)
    }

    /// Returns the columns as values of conditions.
    pub(super) fn values(&self) -> Option<&ClaimValues> {
        self.values
            .get_or_init(|| ClaimValues::of_members(self.all().members()?))
            .as_ref()
    }

    /// Returns about how many bytes the row takes in memory, with or without its values of
    /// conditions.
    pub fn size(&self, with_values: bool) -> usize {
        let headers = self.headers().map_or(0, RenderedHeaders::size);
        let converted = if with_values {
            ClaimValues::size(&self.all().members().unwrap_or_default())
        } else {
            0
        };
        size_of::<Self>() + self.columns.len() + headers + converted
    }
}

/// Shows no column: a row has more personal data than a token.
impl fmt::Debug for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRow")
            .field("bytes", &self.columns.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(text: &str) -> UserRow {
        UserRow::from_json_object(text.to_owned()).unwrap()
    }

    #[test]
    fn columns_are_found_by_path() {
        let row =
            row(" {\"id\": 7, \"a.b\": \"x\", \"address\": {\"city\": \"Bonn\"}, \"none\": null} ");
        for (path, found) in [
            ("id", Some("7")),
            ("\"a.b\"", Some("\"x\"")),
            ("address.city", Some("\"Bonn\"")),
            ("address.street", None),
            ("id.x", None),
            ("none", None),
            ("absent", None),
        ] {
            let path = ClaimPath::parse(path).unwrap();
            assert_eq!(row.find(&path).map(Json::as_written), found, "{path}");
        }
        let all = row.find(&ClaimPath::parse("$").unwrap()).unwrap();
        assert!(all.as_written().starts_with('{') && all.as_written().ends_with('}'));
        assert_eq!(row.describe_at(&ClaimPath::parse("none").unwrap()), "null");
        assert_eq!(row.describe_at(&ClaimPath::parse("no").unwrap()), "absent");
        assert_eq!(UserRow::empty().all().as_written(), "{}");
    }

    #[test]
    fn a_row_is_a_strict_object_of_bounded_length() {
        for text in [
            "",
            "[]",
            "null",
            "{\"a\":1,\"a\":1}",
            "{\"a\":{\"b\":1,\"b\":1}}",
            "{} {}",
        ] {
            let made = UserRow::from_json_object(text.to_owned());
            assert_eq!(made.unwrap_err(), UserRowError::NotStrict, "{text}");
        }
        let long = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        let made = UserRow::from_json_object(long(UserRow::MAX_BYTES));
        assert_eq!(made.unwrap().columns.len(), UserRow::MAX_BYTES);
        let made = UserRow::from_json_object(long(UserRow::MAX_BYTES + 1));
        assert_eq!(made.unwrap_err(), UserRowError::TooLong);
    }

    #[test]
    fn no_column_is_in_its_debug_form() {
        assert!(!format!("{:?}", row(r#"{"email":"alice@example.com"}"#)).contains("alice"));
    }

    /// With moka's entry of 359 bytes, a user of five columns takes at most 0.75 KiB.
    #[test]
    fn a_row_of_five_columns_is_small() {
        let columns = r#"{"id":1048576,"email":"alice@example.com","role":"editor","active":true,"plan":"pro"}"#;
        assert!(row(columns).size(false) < 300);
    }

    proptest! {
        #[test]
        fn any_text_is_a_row_or_refused(text in any::<String>()) {
            let _ = UserRow::from_json_object(text);
        }

        #[test]
        fn each_column_comes_back(columns in proptest::collection::btree_map("[a-z.\"\\\\]{1,8}", any::<String>(), 0..6)) {
            let row = row(&serde_json::to_string(&columns).unwrap());
            for (name, value) in &columns {
                prop_assert_eq!(row.all().member(name).unwrap().string().unwrap(), value.as_str());
            }
        }
    }
}
