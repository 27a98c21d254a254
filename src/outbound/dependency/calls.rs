//! Answers that are kept, and one call for all that wait for the same answer.

use std::hash::Hash;
use std::sync::Arc;

use moka::future::Cache;

use super::answer::{Answer, BoxedCall, CallFuture};
use super::{CallDenied, CallError, Caller, Dependency};
use crate::domain::Moment;

/// The answers of a dependency by key.
///
/// Entries carry their own end, by the clock of the service. A failure is never kept: all requests
/// that waited for the call share it, and the next one calls again. A rejection may be kept: it is
/// about this key.
pub struct Calls<K, V> {
    dependency: Arc<Dependency>,
    answers: Cache<K, Kept<V>>,
}

#[derive(Clone)]
struct Kept<V> {
    outcome: Result<V, CallDenied>,
    until: Moment,
}

/// The outcome of a call that is not kept.
struct Unkept<V>(Result<V, CallDenied>);

impl<V> Kept<V> {
    fn is_over(&self, now: Moment) -> bool {
        now.reaches(self.until)
    }
}

impl<K, V> Calls<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Creates an empty cache of at most `capacity` answers.
    pub fn new(dependency: Arc<Dependency>, capacity: u64) -> Self {
        Self {
            dependency,
            answers: Cache::new(capacity),
        }
    }

    /// Returns the dependency that is called.
    pub const fn dependency(&self) -> &Arc<Dependency> {
        &self.dependency
    }

    /// Returns the answer that is kept for this key, if its time is not over.
    pub async fn kept(&self, key: &K, now: Moment) -> Option<V> {
        let kept = self.answers.get(key).await?;
        if kept.is_over(now) {
            return None;
        }
        kept.outcome.ok()
    }

    /// Returns the answer for this key: one that is kept, or that of a call.
    ///
    /// Requests that ask for one key at once share one call. It is a task of its own, so that a
    /// client that hangs up cancels nothing that others wait for. The request waits until the
    /// dependency's `wait` after the moment when it began.
    pub async fn get_or_call<F>(
        &self,
        key: K,
        caller: Caller,
        call: impl FnOnce() -> F + Send + 'static,
    ) -> Result<V, CallDenied>
    where
        F: Future<Output = Result<Answer<V>, CallError>> + Send + 'static,
    {
        match self.kept(&key, self.dependency.clock.moment()).await {
            Some(value) => Ok(value),
            None => self.call(key, caller, call).await,
        }
    }

    /// Returns the answer of a call for this key, like [`get_or_call`](Self::get_or_call), without
    /// looking for one that is kept: the caller has done so.
    pub async fn call<F>(
        &self,
        key: K,
        caller: Caller,
        call: impl FnOnce() -> F + Send + 'static,
    ) -> Result<V, CallDenied>
    where
        F: Future<Output = Result<Answer<V>, CallError>> + Send + 'static,
    {
        let dependency = &self.dependency;
        let deadline = caller.began.plus(dependency.bounds.wait);
        let call = Box::new(move || Box::pin(call()) as CallFuture<V>);
        let task = load(dependency.clone(), self.answers.clone(), key, caller, call);
        let mut task = dependency.runtime.spawn(task);
        tokio::select! {
            // The task ends without a value only if the service ends, or if the call panics.
            ended = &mut task => ended.unwrap_or_else(|_| Err(CallDenied::failed(None))),
            () = dependency.clock.reach(deadline) => Err(CallDenied::failed(None)),
        }
    }

    /// Forgets all answers.
    pub fn clear(&self) {
        self.answers.invalidate_all();
    }

    /// Returns about how many answers are kept, including those whose time is over.
    pub fn len(&self) -> u64 {
        self.answers.entry_count()
    }

    /// Returns `true` if no answer is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

async fn load<K, V>(
    dependency: Arc<Dependency>,
    answers: Cache<K, Kept<V>>,
    key: K,
    caller: Caller,
    call: BoxedCall<V>,
) -> Result<V, CallDenied>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let now = || dependency.clock.moment();
    // The cache would return it instead of calling.
    if answers
        .get(&key)
        .await
        .is_some_and(|kept| kept.is_over(now()))
    {
        answers.invalidate(&key).await;
    }
    // What is over from the start is not kept, as an error is not: it would only take the room of
    // another entry. Those who wait get it all the same.
    let perform = async {
        let kept = match dependency.perform(caller, call).await {
            Ok(answer) => Kept {
                outcome: Ok(answer.value),
                until: answer.until,
            },
            Err((denied, until)) => Kept {
                outcome: Err(denied),
                until,
            },
        };
        if kept.is_over(now()) {
            Err(Unkept(kept.outcome))
        } else {
            Ok(kept)
        }
    };
    match answers.try_get_with_by_ref(&key, perform).await {
        Ok(kept) => kept.outcome,
        Err(unkept) => unkept.0.clone(),
    }
}
