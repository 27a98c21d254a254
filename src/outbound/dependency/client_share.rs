//! The share of the slots that one client may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the calls of each client, so that a client with many invalid tokens leaves slots to
/// others.
#[derive(Debug)]
pub struct ClientShares {
    size: usize,
    by_client: Mutex<HashMap<IpAddr, Share>>,
}

/// The share of one client, and the number of calls that use it or wait for it.
#[derive(Debug)]
struct Share {
    slots: Arc<Semaphore>,
    users: usize,
}

/// A slot of a client's share.
#[derive(Debug)]
pub struct ClientSlot {
    _user: User,
    _permit: OwnedSemaphorePermit,
}

/// A use of a share. The last one that ends removes the share.
#[derive(Debug)]
struct User {
    shares: Arc<ClientShares>,
    client: IpAddr,
}

impl ClientShares {
    /// Creates shares of this size.
    pub fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            size,
            by_client: Mutex::default(),
        })
    }

    /// Waits for a slot of this client's share.
    pub async fn acquire(self: &Arc<Self>, client: IpAddr) -> Option<ClientSlot> {
        let (user, slots) = self.join(client);
        let permit = slots.acquire_owned().await.ok()?;
        Some(ClientSlot {
            _user: user,
            _permit: permit,
        })
    }

    /// Returns a slot of this client's share, if one is free.
    pub fn try_acquire(self: &Arc<Self>, client: IpAddr) -> Option<ClientSlot> {
        let (user, slots) = self.join(client);
        let permit = slots.try_acquire_owned().ok()?;
        Some(ClientSlot {
            _user: user,
            _permit: permit,
        })
    }

    fn join(self: &Arc<Self>, client: IpAddr) -> (User, Arc<Semaphore>) {
        let mut by_client = self.lock();
        let share = by_client.entry(client).or_insert_with(|| Share {
            slots: Arc::new(Semaphore::new(self.size)),
            users: 0,
        });
        share.users += 1;
        let user = User {
            shares: self.clone(),
            client,
        };
        (user, share.slots.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Share>> {
        self.by_client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let mut by_client = self.shares.lock();
        if let Some(share) = by_client.get_mut(&self.client) {
            share.users -= 1;
            if share.users == 0 {
                by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
impl ClientShares {
    /// Returns the number of clients that use a share.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}
