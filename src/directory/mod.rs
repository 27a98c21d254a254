//! Layer 6: the directory of users.
//!
//! After a credential was accepted, [`Directory::look_up`] finds the row of its subject. A row is
//! kept with the principal and in a cache, each for `directory_cache_ttl`. Requests that wait for
//! the same user share one call to the database.

mod answer;
mod lookup;
mod sql_directory;
mod steps;
mod subject;

use std::sync::Arc;

pub use sql_directory::{DirectoryClients, SqlDirectory};

use crate::domain::{Denial, Explain, Reason, RequestContext};
#[cfg(test)]
use crate::jose::Json;
#[cfg(test)]
use crate::policy::UserRow;
use crate::policy::{Identity, Rules};

/// The directory of users, if there is one.
#[derive(Default)]
pub enum Directory {
    /// There is none.
    #[default]
    Off,
    /// There is one, and nothing may be asked here. The users are unknown.
    NotAsked,
    /// A database.
    Sql(Arc<SqlDirectory>),
    /// These rows, by `sub`.
    #[cfg(test)]
    Rows(std::collections::HashMap<&'static str, Arc<UserRow>>),
}

impl Directory {
    /// Returns `true` if there is no directory, so that nothing has to be awaited.
    pub const fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }

    /// Looks up the user of this identity, if the rules need one, and returns the identity with the
    /// user's row.
    ///
    /// Fails with [`Reason::SubjectUnknown`] or [`Reason::SubjectDisabled`] if the database says
    /// so, and with [`Reason::DependencyUnavailable`] if it has no usable answer. Fails with
    /// [`Reason::ClaimMissing`] or [`Reason::ClaimInvalid`] if a parameter of the query has no
    /// value.
    pub async fn look_up(
        &self,
        identity: Identity,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Identity, Denial> {
        match self {
            Self::Off => return Ok(identity),
            _ if !rules.needs_user => return Ok(identity),
            _ => {}
        }
        if let Some(row) = identity.principal().kept_user(cx.now) {
            cx.explain.step(steps::kept);
            return Ok(identity.with_user(row));
        }
        match self {
            Self::Off => Ok(identity),
            Self::NotAsked => {
                cx.explain.step(steps::would_be_asked);
                Err(Reason::DependencyUnavailable.into())
            }
            // Boxed, so that a request whose row is kept does not carry the state of a call.
            Self::Sql(directory) => Box::pin(directory.look_up(identity, rules, cx)).await,
            #[cfg(test)]
            Self::Rows(rows) => {
                let subject = identity.principal().token().claims().member("sub");
                let subject = subject.and_then(Json::string);
                let row = subject.and_then(|subject| rows.get(&*subject)).cloned();
                let row = row.ok_or(Reason::SubjectUnknown)?;
                let until = cx.now.plus(std::time::Duration::from_secs(30));
                identity.principal().keep_user(row.clone(), until);
                Ok(identity.with_user(row))
            }
        }
    }

    /// Returns the database, if there is one.
    pub const fn database(&self) -> Option<&Arc<SqlDirectory>> {
        match self {
            Self::Sql(directory) => Some(directory),
            _ => None,
        }
    }
}
