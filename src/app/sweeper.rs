//! Verified tokens that nobody presents any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::domain::Clock;
use crate::http::VerifyService;

/// A token that is over is no longer good for anything from then on; this is how long its claims may stay in memory.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Frees their memory again and again, of whatever configuration is in force.
pub(super) async fn sweep_cache(service: Arc<VerifyService>, clock: Arc<dyn Clock>) {
    let mut at = clock.now();
    loop {
        // Not once for each minute that the machine was suspended.
        at = at.plus(SWEEP_EVERY).max(clock.now());
        clock.reach(at).await;
        let (service, now) = (service.clone(), clock.now());
        // Not with what the workers leave over: they wait for the locks that this takes.
        let swept = spawn_blocking(move || service.generation().door.gate.cache().sweep(now)).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "verified tokens that are over stay in memory: no thread to free them");
        }
    }
}
