//! One question to the database, and its answer.

use std::sync::Arc;
use std::time::Duration;

use super::answer::UserState;
use super::subject::{SubjectKey, scalar};
use crate::config::{DirectorySettings, OnMissing, UserQuery};
use crate::domain::{ClaimPath, Clock, Moment, is_invisible};
use crate::jose::Json;
use crate::outbound::dependency::{Answer, CallError, Kept, KeptValues};
use crate::outbound::{SqlClient, SqlError};
use crate::policy::UserRow;

/// The bytes of memory that rows may take, with the headers and the values of conditions that are
/// made of them: about 100,000 rows of five columns.
pub(super) const BYTES_OF_ROWS: u64 = 128 * 1024 * 1024;

/// Asks the database for one user at a time.
pub(super) struct Lookup {
    client: Arc<SqlClient>,
    query: UserQuery,
    /// The path to the column of the key.
    key: Option<ClaimPath>,
    /// The path to the column that says whether a user is active.
    active: Option<ClaimPath>,
    on_missing: OnMissing,
    cache_ttl: Duration,
    negative_ttl: Duration,
    /// The last answers, for as long as they may be used while the database cannot be asked.
    last: Option<LastAnswers>,
    clock: Arc<dyn Clock>,
}

struct LastAnswers {
    answers: KeptValues<SubjectKey, UserState>,
    max_age: Duration,
}

/// The answer of the database about a subject.
pub(super) struct Looked {
    pub(super) user: UserState,
    /// The time at which the database was asked. The age of the answer is counted from it.
    asked: Moment,
    time_to_live: Duration,
    /// `true` if there is no row, or none of an active user.
    is_negative: bool,
}

impl Lookup {
    pub(super) fn new(
        settings: &DirectorySettings,
        client: Arc<SqlClient>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let query = settings.query.clone();
        Self {
            client,
            key: query.key.as_deref().map(ClaimPath::of_name),
            active: query.active.as_deref().map(ClaimPath::of_name),
            query,
            on_missing: settings.on_missing,
            cache_ttl: settings.cache_ttl,
            negative_ttl: settings.negative_ttl,
            last: settings.max_stale.map(|max_age| LastAnswers {
                answers: KeptValues::new(BYTES_OF_ROWS),
                max_age,
            }),
            clock,
        }
    }

    /// Asks for the user of this key, and keeps the answer for an outage.
    pub(super) async fn ask(&self, key: SubjectKey) -> Result<Answer<UserState>, CallError> {
        let looked = self.ask_aside(&key).await?;
        if let Some(last) = &self.last {
            let (value, until) = (looked.user.clone(), looked.asked.plus(last.max_age));
            let kept = Kept { value, until };
            last.answers.insert(key, kept, self.clock.moment());
        }
        Ok(Answer {
            until: looked.asked.plus(looked.time_to_live),
            is_negative: looked.is_negative,
            result: looked.user.label(),
            value: looked.user,
        })
    }

    /// Asks for the user of this key, and keeps nothing.
    pub(super) async fn ask_aside(&self, key: &SubjectKey) -> Result<Looked, CallError> {
        let asked = self.clock.moment();
        let row = match self.client.fetch_row(&self.query.text, key).await {
            Ok(Some(row)) => self.row_of(row, key)?,
            Ok(None) => Found::Nothing,
            // A value that no row can have, or data of the row that cannot be computed: it must not
            // pass for a user without a row.
            Err(SqlError::NoSuchValue) => Found::NoUser,
            Err(error) => return Err(failed(&error, key)),
        };
        let user = match row {
            Found::Row(row) if self.is_active(&row) => {
                return Ok(Looked {
                    user: UserState::Known(row),
                    asked,
                    time_to_live: self.cache_ttl,
                    is_negative: false,
                });
            }
            Found::Row(_) => UserState::Disabled,
            Found::NoUser => UserState::Unknown,
            Found::Nothing => self.missing(),
        };
        Ok(Looked {
            user,
            asked,
            time_to_live: self.negative_ttl,
            is_negative: true,
        })
    }

    /// Returns the last answer about this key, if it is young enough to be used although the
    /// database cannot be asked.
    pub(super) fn last_answer(&self, key: &SubjectKey, now: Moment) -> Option<UserState> {
        Some(self.last.as_ref()?.answers.get(key, now)?.value)
    }

    /// Removes last answers that are too old.
    pub(super) fn sweep(&self, now: Moment) {
        if let Some(last) = &self.last {
            last.answers.sweep(now);
        }
    }

    /// Returns the row of this key, unless it is the row of another one.
    fn row_of(&self, row: String, key: &SubjectKey) -> Result<Found, CallError> {
        let row = UserRow::from_json_object(row)
            .map_err(|error| CallError::rejected("unreadable", error.to_string()))?;
        if let Some(column) = &self.key {
            let found = row.find(column).and_then(scalar);
            // The comparison in the database may be loose: it finds `alice` for `Alice`.
            if found.as_deref() != key.first().map(|value| &**value) {
                return Ok(Found::NoUser);
            }
        }
        Ok(Found::Row(Arc::new(row)))
    }

    fn is_active(&self, row: &UserRow) -> bool {
        self.active
            .as_ref()
            .is_none_or(|column| row.find(column).is_some_and(is_true))
    }

    /// Returns the state of a subject without a row.
    pub(super) fn missing(&self) -> UserState {
        match self.on_missing {
            OnMissing::Deny => UserState::Unknown,
            OnMissing::Pass => UserState::Known(Arc::new(UserRow::empty())),
        }
    }
}

/// The result of a query.
enum Found {
    /// The row of the subject.
    Row(Arc<UserRow>),
    /// Nothing that the subject can be: a row of another key, or a value that no row can have.
    NoUser,
    /// No row.
    Nothing,
}

/// Returns `true` for `true` and for whole numbers other than 0. The text `"true"` does not count:
/// a column of texts can hold any word.
fn is_true(value: Json<'_>) -> bool {
    match value.as_written() {
        "true" => true,
        number => {
            let digits = number.strip_prefix('-').unwrap_or(number);
            !digits.is_empty()
                && digits.bytes().all(|digit| digit.is_ascii_digit())
                && digits.bytes().any(|digit| digit != b'0')
        }
    }
}

fn failed(error: &SqlError, key: &SubjectKey) -> CallError {
    let text = error.to_string();
    // The database folds case, and `shown` replaces characters and cuts.
    let folded = text.to_lowercase();
    let holds_value = key.iter().any(|value| {
        let head = value.chars().take(32);
        let head: String = head
            .map(|c| if is_invisible(c) { ' ' } else { c })
            .collect();
        folded.contains(&head.to_lowercase())
    });
    match error {
        // It says something about this user only, and not about the database.
        SqlError::NoSuchValue | SqlError::Answer(_) => CallError::rejected("unreadable", text),
        // Rejected, because one user must not close the directory to all others. The text is left
        // out, because it quotes a value.
        SqlError::Query { .. } if holds_value => CallError::rejected(
            "status",
            "the database refuses the query: `doorward check --online` shows why",
        ),
        SqlError::Query { .. } => CallError::rejected("status", text),
        SqlError::Unavailable { result, .. } => CallError::failed(result, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_true() {
        for (value, expected) in [
            ("true", true),
            ("1", true),
            ("-1", true),
            ("10", true),
            ("false", false),
            ("0", false),
            ("-0", false),
            ("1.0", false),
            ("1e3", false),
            ("\"true\"", false),
            ("\"1\"", false),
            ("[1]", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_true(Json::of_strict(value)), expected, "{value}");
        }
    }
}
