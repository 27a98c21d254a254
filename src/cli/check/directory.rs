//! `doorward check --online`: the query of the user directory.

use serde::Serialize;

use super::output::Output;
use crate::cli::egress_checks::directory_problem;
use crate::cli::exit::Failure;
use crate::cli::runtime::block_on;
use crate::config::DirectorySettings;
use crate::config_reader::Problems;
use crate::outbound::{QueryDescription, SqlClient, SqlError};

/// The query of the user directory, as its database describes it.
#[derive(Debug, Default, Serialize)]
pub(super) struct DirectoryReport {
    kind: &'static str,
    tried: bool,
    parameters: Vec<String>,
    columns: Vec<ColumnReport>,
    pub(super) error: Option<String>,
    hint: Option<String>,
}

/// A column of the query.
#[derive(Debug, Serialize)]
struct ColumnReport {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
}

impl DirectoryReport {
    /// Describes a directory that was not asked.
    pub(super) fn untried(settings: &DirectorySettings) -> Self {
        Self {
            kind: settings.database.address.kind(),
            ..Self::default()
        }
    }

    /// Returns `true` if the database was asked.
    pub(super) const fn is_tried(&self) -> bool {
        self.tried
    }

    /// Has the query prepared, and reports its parameters and columns.
    ///
    /// Fails if the query can never run. A database that cannot be asked is noted.
    pub(super) fn try_query(
        &mut self,
        settings: &DirectorySettings,
        output: Output,
    ) -> Result<(), Failure> {
        let described = block_on(describe(settings))?;
        self.tried = true;
        match described {
            Ok(description) => {
                self.note(description);
                output.say(&self.text())
            }
            Err(error) => {
                self.error = Some(error.to_string());
                if let SqlError::Query { message, hint } = error {
                    self.hint.clone_from(&hint);
                    return Err(Problems::from(directory_problem(message, hint)).into());
                }
                output.say(&format!("directory: {}: not asked: {error}\n", self.kind))
            }
        }
    }

    fn note(&mut self, description: QueryDescription) {
        self.parameters = description.parameters;
        let columns = description.columns.into_iter();
        self.columns = columns
            .map(|column| ColumnReport {
                name: column.name,
                type_name: column.type_name,
            })
            .collect();
    }

    fn text(&self) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| format!("{} {}", column.name, column.type_name))
            .collect();
        format!(
            "directory: {}, parameters: {}\ndirectory: columns: {}\n",
            self.kind,
            self.parameters.join(", "),
            columns.join(", ")
        )
    }
}

async fn describe(settings: &DirectorySettings) -> Result<QueryDescription, SqlError> {
    let query = &settings.query;
    let client = SqlClient::new(&settings.database);
    let description = client.describe(&query.text, query.parameters.len()).await?;
    description.check(query.key.as_deref(), query.active.as_deref())?;
    Ok(description)
}
