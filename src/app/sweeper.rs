//! Verified tokens that nobody presents any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::domain::Clock;
use crate::http::VerifyService;

/// A token that is over is no longer good for anything from then on; this is how long its claims
/// may stay in memory.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Frees their memory again and again, of whatever configuration is in force.
pub(super) async fn sweep_cache(service: Arc<VerifyService>, clock: Arc<dyn Clock>) {
    let mut at = clock.moment();
    loop {
        let now = clock.moment();
        // Not once for each minute that the machine was suspended, and not by a date that is no
        // longer the date.
        at = at.plus(SWEEP_EVERY).within(now, now.plus(SWEEP_EVERY));
        clock.reach(at).await;
        let (service, now) = (service.clone(), clock.moment());
        // Not with what the workers leave over: they wait for the locks that this takes.
        let swept =
            spawn_blocking(move || service.generation().decisions.gate.cache().sweep(now)).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "verified tokens that are over stay in memory: no thread to free them");
        }
    }
}
