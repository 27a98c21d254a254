//! The open connections to a database, and queries on them.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::sql_error::SqlError;

/// A connection that idled for longer is not used any more: a firewall may have forgotten it.
const MAX_IDLE: Duration = Duration::from_mins(2);

/// A connection of this age is closed before the next query, so that a change of addresses or roles
/// takes effect in the end.
const MAX_AGE: Duration = Duration::from_mins(30);

/// One kind of database: how a connection to it is opened, and how it is asked.
pub(super) trait Driver {
    /// A connection.
    type Connection;

    /// Opens a connection.
    async fn connect(&self) -> Result<Self::Connection, SqlError>;

    /// Returns the one row that the query has for these values.
    async fn fetch_on(
        &self,
        connection: &mut Self::Connection,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, Failure>;

    /// Returns `true` if nothing is left to be read or ended on the connection after this.
    fn is_idle_after(&self, fetched: &Result<Option<String>, SqlError>) -> bool;
}

/// The failure of a query on one connection.
pub(super) enum Failure {
    /// The server has closed the connection meanwhile, or a statement that the connection knows is
    /// out of date. Another connection may have an answer.
    Outdated(SqlError),
    /// No connection has another answer.
    Final(SqlError),
}

impl Failure {
    /// Returns the error, once no other connection is tried.
    pub(super) fn into_error(self) -> SqlError {
        let (Self::Outdated(error) | Self::Final(error)) = self;
        error
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Final(error)
    }
}

/// The open connections to a database, up to a number.
///
/// It has no tasks and makes no connections in advance. A connection is given back only after a
/// query that ended well; any other is closed.
pub(super) struct Connections<C> {
    max: u32,
    idle: Mutex<Vec<Idle<C>>>,
    permits: Arc<Semaphore>,
}

struct Idle<C> {
    connection: C,
    opened: Instant,
    since: Instant,
}

/// A connection in use. It is closed when it is dropped, unless it was given back.
pub(super) struct Lease<C> {
    connection: C,
    opened: Instant,
    /// `true` if it was opened for an earlier query, and may have been closed since.
    is_reused: bool,
    permit: OwnedSemaphorePermit,
}

impl<C> Connections<C> {
    pub(super) fn new(max: u32) -> Self {
        Self {
            max,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(1))),
        }
    }

    /// Returns the one row that the query has for these values, on any connection.
    pub(super) async fn fetch_row<D: Driver<Connection = C>>(
        &self,
        driver: &D,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        let mut outdated = 0;
        loop {
            let permit = self.permit().await?;
            let mut lease = self.take(permit, async || driver.connect().await).await?;
            let fetched = driver.fetch_on(&mut lease, query, values).await;
            // Each attempt uses up such a connection. A query only reads, so asking once more does
            // no harm.
            if matches!(fetched, Err(Failure::Outdated(_)))
                && lease.is_reused
                && outdated < self.max
            {
                outdated += 1;
                continue;
            }
            let fetched = fetched.map_err(Failure::into_error);
            if driver.is_idle_after(&fetched) {
                self.give_back(lease);
            }
            return fetched;
        }
    }

    /// Waits until another connection may be open.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, SqlError> {
        // The semaphore is never closed.
        let permit = self.permits.clone().acquire_owned().await;
        permit.map_err(|_| SqlError::unavailable("connect", "no connections"))
    }

    /// Returns a connection: the one that was used last, or a new one.
    pub(super) async fn take(
        &self,
        permit: OwnedSemaphorePermit,
        connect: impl AsyncFnOnce() -> Result<C, SqlError>,
    ) -> Result<Lease<C>, SqlError> {
        if let Some(idle) = self.pop() {
            return Ok(Lease {
                connection: idle.connection,
                opened: idle.opened,
                is_reused: true,
                permit,
            });
        }
        Ok(Lease {
            connection: connect().await?,
            opened: Instant::now(),
            is_reused: false,
            permit,
        })
    }

    /// Takes a connection back whose query has ended, and on which nothing is left to be read.
    pub(super) fn give_back(&self, lease: Lease<C>) {
        let Lease {
            connection,
            opened,
            permit,
            ..
        } = lease;
        self.lock().push(Idle {
            connection,
            opened,
            since: Instant::now(),
        });
        drop(permit);
    }

    fn pop(&self) -> Option<Idle<C>> {
        let mut idle = self.lock();
        let is_fresh =
            |idle: &Idle<C>| idle.since.elapsed() < MAX_IDLE && idle.opened.elapsed() < MAX_AGE;
        idle.retain(is_fresh);
        idle.pop()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle<C>>> {
        // A list is complete at any time, also after a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Deref for Lease<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for Lease<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}
