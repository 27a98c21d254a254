//! A query as its database describes it.

use super::sql_error::SqlError;

/// The parameters and columns of a prepared query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDescription {
    /// The types of the parameters; `any` where the database takes every text.
    pub parameters: Vec<String>,
    /// The columns, in order.
    pub columns: Vec<DescribedColumn>,
}

/// A column of a prepared query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedColumn {
    /// Its name.
    pub name: String,
    /// The name of its type, as the database calls it.
    pub type_name: String,
    /// `true` if its values can be rendered.
    pub is_known: bool,
}

impl QueryDescription {
    /// Fails unless there are this many parameters.
    pub(super) fn with_parameters(self, expected: usize) -> Result<Self, SqlError> {
        refuse_other_number(self.parameters.len(), expected)?;
        Ok(self)
    }

    /// Fails with the first reason why no row of this query can be used, with these columns for the
    /// key and for whether a user is active.
    pub fn check(&self, key: Option<&str>, active: Option<&str>) -> Result<(), SqlError> {
        let names = || {
            let names: Vec<_> = self.columns.iter().map(|column| &*column.name).collect();
            names.join(", ")
        };
        for (setting, wanted) in [("directory_key", key), ("directory_active", active)] {
            if let Some(wanted) = wanted
                && !self.columns.iter().any(|column| column.name == wanted)
            {
                let message = format!("{setting} is {wanted:?}, and the query has no such column");
                return Err(SqlError::query(
                    message,
                    Some(format!("it has {}", names())),
                ));
            }
        }
        for (position, column) in self.columns.iter().enumerate() {
            let earlier = self.columns.iter().take(position);
            if earlier.clone().any(|other| other.name == column.name) {
                let message = format!("two columns are called {:?}", column.name);
                return Err(SqlError::query(
                    message,
                    Some("name one of them by AS".into()),
                ));
            }
            if !column.is_known {
                let (name, type_name) = (&column.name, &column.type_name);
                let message = format!("column {name:?} has the type {type_name}");
                let hint = "leave it out, or cast it to a text".to_owned();
                return Err(SqlError::query(message, Some(hint)));
            }
        }
        Ok(())
    }
}

/// Fails if a query has another number of parameters than there are claims for them.
pub(super) fn refuse_other_number(found: usize, expected: usize) -> Result<(), SqlError> {
    if found == expected {
        return Ok(());
    }
    let message = format!(
        "the query has {found} parameters, and directory_parameters names {expected} claims"
    );
    Err(SqlError::query(message, None))
}
