//! A directory in a database.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::answer::UserState;
use super::lookup::{BYTES_OF_ROWS, Lookup};
use super::steps;
use super::subject::{Subject, SubjectKey};
use crate::config::DirectorySettings;
use crate::domain::{Clock, Denial, Explain, Moment, Reason, RequestContext};
use crate::outbound::dependency::{
    AnswerLimits, CallBounds, CallDenied, CallError, Caller, Calls, Dependency, DependencyName,
    Kept,
};
use crate::outbound::{QueryDescription, SqlClient, SqlError};
use crate::policy::{Identity, Rules, UserRule};
use crate::telemetry::DependencyMetrics;

/// A directory in a database, with the answers that it has given.
pub struct SqlDirectory {
    settings: DirectorySettings,
    client: Arc<SqlClient>,
    lookup: Arc<Lookup>,
    shared: Option<SharedCalls>,
}

/// The bounded calls of a running service, and the answers that they have got.
struct SharedCalls {
    calls: Calls<SubjectKey, UserState>,
    runtime: Handle,
}

/// The bytes of memory that answers about unknown and disabled users may take: about 10,000.
const BYTES_OF_NEGATIVES: u64 = 4 * 1024 * 1024;

/// The clients and metrics that a directory needs from outside.
pub struct DirectoryClients {
    /// The client of its database.
    pub client: Arc<SqlClient>,
    /// The runtime of calls.
    pub runtime: Handle,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// The metrics of its calls.
    pub metrics: DependencyMetrics,
}

impl SqlDirectory {
    /// Creates a directory that knows no answer yet. A request waits for it for at most `wait`.
    pub fn new(settings: DirectorySettings, wait: Duration, clients: DirectoryClients) -> Self {
        let DirectoryClients {
            client,
            runtime,
            clock,
            metrics,
        } = clients;
        let bounds = CallBounds {
            max_in_flight: usize::try_from(settings.database.max_connections).unwrap_or(1),
            timeout: settings.database.timeout,
            wait,
        };
        let name = (DependencyName::Directory, None);
        let dependency = Dependency::new(metrics, name, bounds, runtime.clone(), clock.clone());
        let limits = AnswerLimits {
            positive: BYTES_OF_ROWS,
            negative: BYTES_OF_NEGATIVES,
        };
        let calls = Calls::new(Arc::new(dependency), limits);
        Self {
            lookup: Arc::new(Lookup::new(&settings, client.clone(), clock)),
            shared: Some(SharedCalls { calls, runtime }),
            client,
            settings,
        }
    }

    /// Creates a directory for explanations. It keeps nothing, and asks the database only if the
    /// explanation may ask.
    pub fn direct(settings: DirectorySettings, clock: Arc<dyn Clock>) -> Self {
        let client = Arc::new(SqlClient::new(&settings.database));
        Self {
            lookup: Arc::new(Lookup::new(&settings, client.clone(), clock)),
            shared: None,
            client,
            settings,
        }
    }

    /// Returns the settings.
    pub const fn settings(&self) -> &DirectorySettings {
        &self.settings
    }

    /// Returns the client of the database.
    pub const fn client(&self) -> &Arc<SqlClient> {
        &self.client
    }

    /// Returns the dependency that bounds its calls; `None` for a directory for explanations.
    pub fn dependency(&self) -> Option<&Arc<Dependency>> {
        self.shared.as_ref().map(|shared| shared.calls.dependency())
    }

    /// Removes the rows and the other answers whose time is over.
    pub(super) fn sweep(&self, now: Moment) {
        if let Some(shared) = &self.shared {
            shared.calls.sweep(now);
        }
        self.lookup.sweep(now);
    }

    /// Has the query prepared, and returns its parameters and columns.
    ///
    /// Fails with [`SqlError::Query`] if it can never run with these settings.
    pub async fn describe(&self) -> Result<QueryDescription, SqlError> {
        let query = &self.settings.query;
        let count = query.parameters.len();
        let description = self.client.describe(&query.text, count).await?;
        description.check(query.key.as_deref(), query.active.as_deref())?;
        Ok(description)
    }

    pub(super) async fn look_up<E: Explain>(
        &self,
        identity: Identity,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Identity, Denial> {
        let principal = identity.principal();
        let issuer = &principal.profile().name.clone();
        if !self.settings.knows(issuer) {
            // Subject 42 of another issuer is another subject.
            let outcome = match rules.user {
                UserRule::Required => Err(Reason::SubjectUnknown),
                UserRule::Ignored | UserRule::LookedUp => Ok(identity),
            };
            let known = &self.settings.issuers;
            cx.explain
                .step(|| steps::other_issuer(&outcome, known, issuer));
            return Ok(outcome?);
        }
        let paths = &self.settings.query.parameters;
        let subject = Subject::of(principal.token(), paths);
        if subject.is_err() {
            cx.explain.step(|| steps::missing_claim(principal, paths));
        }
        let answer = match subject? {
            Subject::NoRow => None,
            Subject::Key(key) => Some(self.user_answer(key, cx).await?),
        };
        Self::conclude(identity, answer, cx)
    }

    /// Returns what is known of this subject, from the cache or from the database.
    async fn user_answer<E: Explain>(
        &self,
        key: SubjectKey,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Kept<UserState>, Denial> {
        let shared = match &self.shared {
            Some(shared) if !E::DRY_RUN => shared,
            _ => return self.explained_answer(key, cx).await,
        };
        let caller = Caller {
            began: cx.now,
            client: cx.client(),
        };
        let (lookup, asked) = (self.lookup.clone(), key.clone());
        let call = move || async move { lookup.ask(asked).await };
        match shared.calls.get_or_call(key.clone(), caller, call).await {
            Ok(answer) => Ok(answer),
            Err(denied) => self.answer_in_outage(&key, denied, cx),
        }
    }

    /// Returns what is known of this subject without counting or keeping anything. The database is
    /// asked only if the explanation may ask.
    async fn explained_answer<E: Explain>(
        &self,
        key: SubjectKey,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Kept<UserState>, Denial> {
        if let Some(shared) = &self.shared
            && let Some(answer) = shared.calls.kept(&key, cx.now)
        {
            return Ok(answer);
        }
        if !cx.explain.may_ask() {
            cx.explain.step(steps::would_be_asked);
            return Err(Reason::DependencyUnavailable.into());
        }
        let lookup = self.lookup.clone();
        let asking = async move { lookup.ask_aside(&key).await };
        let asked = match &self.shared {
            // Connections belong to the runtime of calls.
            Some(shared) => match shared.runtime.spawn(asking).await {
                Ok(asked) => asked,
                Err(error) => Err(CallError::failed("unreadable", error.to_string())),
            },
            None => asking.await,
        };
        match asked {
            Ok(looked) => Ok(for_this_request(looked.user)),
            Err(error) => {
                cx.explain.step(|| steps::failed(&error));
                Err(Reason::DependencyUnavailable.into())
            }
        }
    }

    /// Returns the last answer if the database cannot be asked and the settings allow it.
    fn answer_in_outage<E: Explain>(
        &self,
        key: &SubjectKey,
        denied: CallDenied,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Kept<UserState>, Denial> {
        // An answer that cannot be used is no outage: the user may have got a second row.
        let is_rejected = denied == CallDenied::Rejected;
        let last = if is_rejected {
            None
        } else {
            self.lookup.last_answer(key, cx.now)
        };
        cx.explain
            .step(|| steps::outage(is_rejected, last.is_some()));
        last.map(for_this_request)
            .ok_or_else(|| Denial::dependency_unavailable(denied.retry_after()))
    }

    /// Decides by what is known of the subject; `None` means values that no row has.
    fn conclude<E: Explain>(
        identity: Identity,
        answer: Option<Kept<UserState>>,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Identity, Denial> {
        let user = match answer {
            None => UserState::Unknown,
            Some(Kept { value: user, until }) => {
                if let UserState::Known(row) = &user
                    && !E::DRY_RUN
                    && !cx.now.reaches(until)
                {
                    identity.principal().keep_user(row, until);
                }
                user
            }
        };
        cx.explain.step(|| steps::state(&user, E::DRY_RUN));
        match user {
            UserState::Known(row) => Ok(identity.with_user(row)),
            UserState::Unknown => Err(Reason::SubjectUnknown.into()),
            UserState::Disabled => Err(Reason::SubjectDisabled.into()),
        }
    }
}

/// Returns an answer that is not kept for another request.
const fn for_this_request(value: UserState) -> Kept<UserState> {
    let until = Moment::PAST;
    Kept { value, until }
}
