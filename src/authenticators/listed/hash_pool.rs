//! The bound on hashing passwords.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::domain::Reason;
use crate::outbound::dependency::{ClientShares, ClientSlot};

/// The number of requests in the common queue for a thread. Requests that wait for a thread of
/// their client's share are not in it.
const QUEUE: usize = 64;

/// The longest time that a request waits, for a thread and for its hash together.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The bound on hashing passwords: so many at a time, so many that wait, and how long.
///
/// A hash takes a core for a quarter of a second, on purpose. Without a bound, anyone could use up
/// all cores with wrong passwords, and requests with tokens would wait too.
///
/// A client whose address is known gets at most half of the threads (but at least one), and half as
/// many requests as the queue has places, so that other clients get the rest. The address is known
/// only while failures are limited.
pub struct HashPool {
    threads: Arc<Semaphore>,
    places: Arc<Semaphore>,
    thread_shares: Arc<ClientShares>,
    place_shares: Arc<ClientShares>,
    max_wait: Duration,
}

/// The permission to use a thread.
pub(in crate::authenticators) struct HashSlot {
    held: ([OwnedSemaphorePermit; 2], Option<[ClientSlot; 2]>),
    deadline: Instant,
}

impl HashPool {
    /// Creates a pool for a machine with so many cores: half of them hash, and at least one.
    pub fn new(cores: usize) -> Self {
        let threads = (cores / 2).max(1);
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads + QUEUE)),
            thread_shares: ClientShares::new((threads / 2).max(1)),
            place_shares: ClientShares::new(QUEUE / 2),
            max_wait: MAX_WAIT,
        }
    }

    /// Waits for a thread. If the client is known, the request first waits for a thread of the
    /// client's share, and takes no place in the common queue meanwhile. That queue is served in
    /// order.
    ///
    /// Fails with [`Reason::DependencyUnavailable`] if too many wait already, or if it takes too
    /// long.
    pub(super) async fn enter(&self, client: Option<IpAddr>) -> Result<HashSlot, Reason> {
        let deadline = Instant::now() + self.max_wait;
        let waited = timeout_at(deadline, self.held(client)).await;
        let held = waited.ok().flatten().ok_or(Reason::DependencyUnavailable)?;
        Ok(HashSlot { held, deadline })
    }

    /// Returns the permits that a hash holds; `None` if too many wait already.
    async fn held(
        &self,
        client: Option<IpAddr>,
    ) -> Option<([OwnedSemaphorePermit; 2], Option<[ClientSlot; 2]>)> {
        let share = match client {
            Some(client) => Some([
                self.place_shares.try_acquire(client)?,
                self.thread_shares.acquire(client).await?,
            ]),
            None => None,
        };
        let place = self.places.clone().try_acquire_owned().ok()?;
        let thread = self.threads.clone().acquire_owned().await.ok()?;
        Some(([place, thread], share))
    }
}

impl HashSlot {
    /// Hashes in a thread of its own, which holds the slot until it has finished, even if the
    /// request ends before. Then `abandoned` gets the result, on that thread.
    pub(super) async fn run<T: Send + 'static>(
        self,
        hash: impl FnOnce() -> T + Send + 'static,
        abandoned: impl FnOnce(T) + Send + 'static,
    ) -> Result<T, Reason> {
        let Self { held, deadline } = self;
        let (answer, answered) = oneshot::channel();
        spawn_blocking(move || {
            let hashed = hash();
            drop(held);
            if let Err(hashed) = answer.send(hashed) {
                abandoned(hashed);
            }
        });
        match timeout_at(deadline, answered).await {
            Ok(Ok(hashed)) => Ok(hashed),
            _ => Err(Reason::DependencyUnavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    }

    #[test]
    fn half_of_the_cores_hash() {
        for (cores, threads) in [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (64, 32)] {
            let pool = HashPool::new(cores);
            assert_eq!(pool.threads.available_permits(), threads, "{cores} cores");
            assert_eq!(pool.places.available_permits(), threads + QUEUE);
        }
    }

    #[test]
    fn more_than_the_queue_holds_is_refused_at_once() {
        runtime().block_on(async {
            let pool = Arc::new(HashPool::new(1));
            let first = pool.enter(None).await.unwrap();
            let waiting: Vec<_> = (0..QUEUE)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { pool.enter(None).await.map(drop) })
                })
                .collect();
            while pool.places.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            let before = Instant::now();
            assert_eq!(
                pool.enter(None).await.err(),
                Some(Reason::DependencyUnavailable)
            );
            assert!(before.elapsed() < MAX_WAIT);
            // Those that wait are served one after the other.
            drop(first);
            for one in waiting {
                assert_eq!(one.await.unwrap(), Ok(()));
            }
            assert_eq!(pool.places.available_permits(), 1 + QUEUE);
        });
    }

    /// Otherwise one client with wrong passwords could keep all others from logging in.
    #[test]
    fn one_client_leaves_places_and_threads_to_others() {
        runtime().block_on(async {
            let pool = Arc::new(HashPool::new(1));
            let client = |last| Some(IpAddr::from([192, 0, 2, last]));
            let first = pool.enter(client(1)).await.unwrap();
            let mut waiting = Vec::new();
            for _ in 0..QUEUE {
                let pool = pool.clone();
                waiting.push(tokio::spawn(async move {
                    pool.enter(client(1)).await.map(drop)
                }));
                tokio::task::yield_now().await;
            }
            // Half of the queue, the first included; the rest was refused at once.
            let refused = waiting.iter().filter(|one| one.is_finished()).count();
            assert_eq!(refused, QUEUE / 2 + 1);
            let other = {
                let pool = pool.clone();
                tokio::spawn(async move { pool.enter(client(2)).await })
            };
            tokio::task::yield_now().await;
            drop(first);
            let other = other.await.unwrap().unwrap();
            let served = waiting.iter().filter(|one| one.is_finished()).count();
            assert!(served <= refused + 1, "the other client is next: {served}");
            drop(other);
            for one in waiting {
                let _ = one.await.unwrap();
            }
        });
    }

    #[test]
    fn no_request_waits_longer_than_it_may() {
        runtime().block_on(async {
            let pool = HashPool {
                max_wait: Duration::from_millis(20),
                ..HashPool::new(1)
            };
            let held = pool.enter(None).await.unwrap();
            let before = Instant::now();
            assert_eq!(
                pool.enter(None).await.err(),
                Some(Reason::DependencyUnavailable)
            );
            assert!(before.elapsed() >= pool.max_wait);
            // The hash that took too long is given up, and goes on.
            let (end, ended) = channel::<()>();
            let hashed = held.run(move || ended.recv(), drop).await;
            assert_eq!(hashed.err(), Some(Reason::DependencyUnavailable));
            assert_eq!(pool.threads.available_permits(), 0);
            end.send(()).unwrap();
            while pool.threads.available_permits() == 0 {
                tokio::task::yield_now().await;
            }
            assert!(pool.enter(None).await.is_ok());
        });
    }

    /// A client that hangs up must not make room for another hash while its own goes on, and the
    /// hash counts.
    #[test]
    fn an_abandoned_hash_holds_its_thread_until_it_ends_and_its_result_is_handed_over() {
        runtime().block_on(async {
            let pool = HashPool::new(1);
            let ((end, ended), (tell, told)) = (channel(), channel());
            let slot = pool.enter(None).await.unwrap();
            let hash = move || ended.recv().unwrap();
            let abandoned = move |hashed| tell.send(hashed).unwrap();
            let hashing = tokio::spawn(slot.run(hash, abandoned));
            tokio::task::yield_now().await;
            hashing.abort();
            assert!(hashing.await.is_err());
            assert_eq!(pool.threads.available_permits(), 0);
            end.send("hashed").unwrap();
            while pool.threads.available_permits() == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(told.recv(), Ok("hashed"));
        });
    }

    #[test]
    fn a_result_that_arrives_is_not_handed_over_as_well() {
        runtime().block_on(async {
            let slot = HashPool::new(1).enter(None).await.unwrap();
            let (tell, told) = channel();
            let hashed = slot.run(|| "hashed", move |hashed| tell.send(hashed).unwrap());
            assert_eq!(hashed.await, Ok("hashed"));
            assert!(told.recv().is_err());
        });
    }
}
