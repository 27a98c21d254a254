//! Frees the memory of expired tokens.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::domain::Clock;
use crate::http::VerifyService;

/// The interval between two sweeps, which is how long the claims of an expired token may stay in
/// memory. The token itself is not accepted any more from its expiry on.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Removes expired tokens from the cache of the active configuration, once per interval.
pub(super) async fn sweep_cache(service: Arc<VerifyService>, clock: Arc<dyn Clock>) {
    let mut at = clock.moment();
    loop {
        let now = clock.moment();
        // Sweeps that were missed while the machine was suspended are not made up for, and a change
        // of the date does not delay the next one.
        at = at
            .plus(SWEEP_INTERVAL)
            .within(now, now.plus(SWEEP_INTERVAL));
        clock.reach(at).await;
        let (service, now) = (service.clone(), clock.moment());
        // Not on the low-priority thread: workers wait for the locks that a sweep takes.
        let swept =
            spawn_blocking(move || service.snapshot().decisions.gate.cache().sweep(now)).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "verified tokens that are over stay in memory: no thread to free them");
        }
    }
}
