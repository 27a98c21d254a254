//! The word to stop.

use tokio::sync::watch;

/// How often the service was told to stop: once means finish, twice means now.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<u32>);

impl Shutdown {
    /// A way to tell the service to stop, and what it listens to. Each increment tells it once
    /// more.
    pub fn channel() -> (watch::Sender<u32>, Self) {
        let (tell, told) = watch::channel(0);
        (tell, Self(told))
    }

    /// Resolves when the service was told so often; never, if nobody can tell it any more.
    pub(super) async fn requested(&mut self, times: u32) {
        if self.0.wait_for(|told| *told >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
