//! Answers that are kept, and one call for all that wait for the same answer.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;

use moka::future::Cache;

use super::answer::{Answer, BoxedCall, CallFuture};
use super::kept_answers::{AnswerLimits, KeptAnswers, Outcome};
use super::kept_values::Kept;
use super::{CallDenied, CallError, Caller, Dependency, HeapBytes};
use crate::domain::Moment;

/// The answers of a dependency by key.
///
/// Each is kept until its own end, by the clock of the service. A failure is never kept: all
/// requests that waited for the call share it, and the next one calls again. A rejection may be
/// kept: it is about this key.
pub struct Calls<K, V>(Arc<SharedCalls<K, V>>);

/// The part of [`Calls`] that calls in flight share.
struct SharedCalls<K, V> {
    dependency: Arc<Dependency>,
    answers: KeptAnswers<K, V>,
    /// Lets requests for the same key wait for one call. Nothing can be kept here.
    flights: Cache<K, Infallible>,
}

impl<K, V> Calls<K, V>
where
    K: Hash + Eq + Clone + HeapBytes + Send + Sync + 'static,
    V: Clone + HeapBytes + Send + Sync + 'static,
{
    /// Creates calls without answers yet, and with these limits for those to come.
    pub fn new(dependency: Arc<Dependency>, limits: AnswerLimits) -> Self {
        Self(Arc::new(SharedCalls {
            dependency,
            answers: KeptAnswers::new(limits),
            flights: Cache::new(0),
        }))
    }

    /// Returns the dependency that is called.
    pub fn dependency(&self) -> &Arc<Dependency> {
        &self.0.dependency
    }

    /// Returns the answer that is kept for this key, if its time is not over.
    pub fn kept(&self, key: &K, now: Moment) -> Option<Kept<V>> {
        self.0.answers.find(key, now)?.ok()
    }

    /// Returns the answer for this key: one that is kept, or that of a call.
    ///
    /// Requests that ask for one key at once share one call. It is a task of its own, so that a
    /// client that hangs up cancels nothing that others wait for. The request waits until the
    /// dependency's `wait` after the moment when it began. A shared call waits for a slot only as
    /// long as the request that came first may; then one of the others calls in its place.
    pub async fn get_or_call<F>(
        &self,
        key: K,
        caller: Caller,
        call: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Kept<V>, CallDenied>
    where
        F: Future<Output = Result<Answer<V>, CallError>> + Send + 'static,
    {
        let dependency = self.dependency();
        if let Some(known) = self.0.answers.find(&key, dependency.clock.moment()) {
            return known;
        }
        let deadline = dependency.deadline(caller);
        let call = Box::new(move || Box::pin(call()) as CallFuture<V>);
        let shared = self.0.clone();
        let load = async move { shared.load(&key, caller, call).await };
        let mut task = dependency.runtime.spawn(load);
        tokio::select! {
            // The task ends without a value only if the service ends, or if the call panics.
            ended = &mut task => ended.unwrap_or(Err(CallDenied::NoAnswer)),
            () = dependency.clock.reach(deadline) => Err(CallDenied::NoAnswer),
        }
    }

    /// Removes the answers whose end has passed.
    pub fn sweep(&self, now: Moment) {
        self.0.answers.sweep(now);
    }

    /// Returns the number of answers that are kept, with those whose end has passed.
    pub fn len(&self) -> usize {
        self.0.answers.len()
    }

    /// Returns `true` if no answer is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K, V> SharedCalls<K, V>
where
    K: Hash + Eq + Clone + HeapBytes + Send + Sync + 'static,
    V: Clone + HeapBytes + Send + Sync + 'static,
{
    /// Makes the call, or waits for that of another request.
    async fn load(&self, key: &K, caller: Caller, call: BoxedCall<V>) -> Outcome<V> {
        let deadline = self.dependency.deadline(caller);
        let mut call = Some(call);
        loop {
            let flight = self.fly(key, caller, &mut call);
            let Err(outcome) = self.flights.try_get_with_by_ref(key, flight).await;
            let is_follower = call.is_some();
            let is_busy = matches!(&*outcome, Err(CallDenied::Busy));
            // The request that came first has waited for a slot for as long as it may, and this one
            // may wait for longer.
            if !(is_busy && is_follower && !self.dependency.clock.moment().reaches(deadline)) {
                return Outcome::clone(&outcome);
            }
        }
    }

    /// Makes the call and keeps its answer. It returns the outcome as an error: all requests that
    /// wait share an error too, and none is kept with the flights.
    async fn fly(
        &self,
        key: &K,
        caller: Caller,
        call: &mut Option<BoxedCall<V>>,
    ) -> Result<Infallible, Outcome<V>> {
        let clock = &self.dependency.clock;
        // Another call may have ended since the request looked.
        if let Some(known) = self.answers.find(key, clock.moment()) {
            return Err(known);
        }
        // A request makes one call at most.
        let call = call.take().ok_or(Err(CallDenied::NoAnswer))?;
        let answered = self.dependency.perform(caller, call).await;
        let now = clock.moment();
        Err(answered
            .map(|answer| self.answers.keep(key, answer, now))
            .map_err(|(denied, until)| {
                self.answers.keep_denial(key, denied, until, now);
                denied
            }))
    }
}
