//! The bound on calls in flight.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::client_share::{ClientShares, ClientSlot};

/// The maximum number of calls that wait for a slot. Each holds a task and a request.
const MOST_WAITING: usize = 10_000;

/// Slots for calls. Calls wait in the order in which they came: first for their client's share,
/// then for a slot.
#[derive(Debug)]
pub(super) struct Slots {
    size: usize,
    all: Semaphore,
    shares: Arc<ClientShares>,
    waiting: AtomicUsize,
}

/// A slot that a call has.
#[derive(Debug)]
pub(super) struct Slot<'s> {
    _all: SemaphorePermit<'s>,
    _client: Option<ClientSlot>,
}

/// A call that waits for a slot.
struct Waiting<'s>(&'s AtomicUsize);

impl Slots {
    /// Creates this many slots, of which one client gets at most half.
    pub(super) fn new(size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            size,
            all: Semaphore::new(size),
            shares: ClientShares::new(size.div_ceil(2)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for a slot. Returns `None` at once if too many calls wait already.
    pub(super) async fn acquire(&self, client: Option<IpAddr>) -> Option<Slot<'_>> {
        let _waiting = Waiting::join(&self.waiting)?;
        // The client's own share first: a call that waits for it must not take a slot from others.
        let client = match client {
            Some(client) => Some(self.shares.acquire(client).await?),
            None => None,
        };
        let all = self.all.acquire().await.ok()?;
        Some(Slot {
            _all: all,
            _client: client,
        })
    }

    /// Returns the number of slots in use.
    pub(super) fn in_use(&self) -> usize {
        self.size.saturating_sub(self.all.available_permits())
    }
}

impl<'s> Waiting<'s> {
    fn join(count: &'s AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        // Counted first and given back by `drop`, so that two at once cannot both be the last.
        (count.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Returns the output of a future that is ready at once.
    fn poll<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_client_gets_half_and_gives_it_back() {
        let slots = Slots::new(4);
        let take = |client| poll(slots.acquire(client)).flatten();
        let first = (
            take(Some(address(1))).unwrap(),
            take(Some(address(1))).unwrap(),
        );
        assert!(
            take(Some(address(1))).is_none(),
            "a third slot of one client"
        );
        let second = (take(Some(address(2))).unwrap(), take(None).unwrap());
        assert!(take(Some(address(3))).is_none(), "a fifth slot");
        assert_eq!((slots.in_use(), slots.shares.len()), (4, 2));
        drop((first, second));
        assert_eq!((slots.in_use(), slots.shares.len()), (0, 0));
        assert_eq!(slots.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_number_of_those_who_wait_is_bounded() {
        let slots = Slots::new(1);
        let _taken = poll(slots.acquire(None)).flatten().unwrap();
        let mut waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| Box::pin(slots.acquire(None)))
            .collect();
        for wait in &mut waiting {
            assert!(poll(wait).is_none());
        }
        assert!(matches!(poll(slots.acquire(None)), Some(None)));
        drop(waiting);
        assert!(poll(slots.acquire(None)).is_none(), "waits again");
    }
}
