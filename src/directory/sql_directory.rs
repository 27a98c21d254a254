//! A directory in a database.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::answer::{UserAnswer, UserState};
use super::lookup::{CAPACITY, Lookup};
use super::steps;
use super::subject::{Subject, SubjectKey};
use crate::config::DirectorySettings;
use crate::domain::{Clock, Denial, Explain, Reason, RequestContext};
use crate::outbound::dependency::{
    CallBounds, CallDenied, Caller, Calls, Dependency, DependencyName,
};
use crate::outbound::{QueryDescription, SqlClient, SqlError};
use crate::policy::{Identity, Rules};
use crate::telemetry::DependencyMetrics;

/// A directory in a database, with the answers that it has given.
pub struct SqlDirectory {
    settings: DirectorySettings,
    client: Arc<SqlClient>,
    lookup: Arc<Lookup>,
    calls: Calls<SubjectKey, UserAnswer>,
}

/// What a directory needs from outside.
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
    /// Creates a directory that knows no answer yet. A request waits for it as long as `wait`.
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
        let dependency = Dependency::new(metrics, name, bounds, runtime, clock.clone());
        Self {
            lookup: Arc::new(Lookup::new(&settings, client.clone(), clock)),
            calls: Calls::new(Arc::new(dependency), CAPACITY),
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

    /// Returns the bound, the breaker and the state of its calls.
    pub const fn dependency(&self) -> &Arc<Dependency> {
        self.calls.dependency()
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
            let outcome = if rules.requires_user {
                Err(Reason::SubjectUnknown)
            } else {
                Ok(identity)
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
            Subject::Nobody => None,
            Subject::Key(key) => Some(self.answer(key, cx).await?),
        };
        self.conclude(identity, answer, cx)
    }

    /// Returns what is known of this subject, from the cache or from the database.
    async fn answer<E: Explain>(
        &self,
        key: SubjectKey,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<UserAnswer, Denial> {
        if E::DRY_RUN {
            if let Some(answer) = self.calls.kept(&key, cx.now).await {
                return Ok(answer);
            }
            cx.explain.step(steps::would_be_asked);
            return Err(Denial::undecided());
        }
        let caller = Caller {
            began: cx.now,
            client: None,
        };
        let (lookup, asked) = (self.lookup.clone(), key.clone());
        let answered = self
            .calls
            .get_or_call(key.clone(), caller, move || async move {
                lookup.ask(asked).await
            })
            .await;
        match answered {
            Ok(answer) => Ok(answer),
            Err(denied) => self.answer_in_outage(&key, denied, cx).await,
        }
    }

    /// Returns the last answer if the database cannot be asked and the settings allow it.
    async fn answer_in_outage<E: Explain>(
        &self,
        key: &SubjectKey,
        denied: CallDenied,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<UserAnswer, Denial> {
        // An answer that cannot be used is no outage: the user may have got a second row.
        let last = if denied.is_rejected {
            None
        } else {
            self.lookup.last_answer(key, cx.now).await
        };
        cx.explain
            .step(|| steps::outage(denied.is_rejected, last.is_some()));
        last.ok_or_else(|| Reason::DependencyUnavailable.into())
    }

    /// Decides by what is known of the subject; `None` stands for values that no row has.
    fn conclude<E: Explain>(
        &self,
        identity: Identity,
        answer: Option<UserAnswer>,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Identity, Denial> {
        let user = match answer {
            None => self.lookup.missing(),
            Some(UserAnswer { user, until, .. }) => {
                if let UserState::Known(row) = &user
                    && !E::DRY_RUN
                    && !cx.now.reaches(until)
                {
                    identity.principal().keep_user(row.clone(), until);
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
