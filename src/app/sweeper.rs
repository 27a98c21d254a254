//! Frees the memory of expired tokens, and of answers of other services whose time is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::domain::Clock;
use crate::http::VerifyService;

/// The interval between two sweeps, which is how long the claims of an expired token or the row of
/// a user may stay in memory. They are not used any more from their end on.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Removes what is over from the caches of the active configuration, once per interval.
pub(super) async fn sweep_caches(service: Arc<VerifyService>, clock: Arc<dyn Clock>) {
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
        let swept = spawn_blocking(move || service.snapshot().decisions.gate.sweep(now)).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "tokens and rows that are over stay in memory: no thread to free them");
        }
    }
}
