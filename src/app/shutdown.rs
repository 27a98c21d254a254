//! The shutdown signal of the service.

use tokio::sync::watch;

/// The receiver of shutdown requests. The first request asks for a graceful shutdown, the second
/// for an immediate one.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<u32>);

impl Shutdown {
    /// Creates a sender and its receiver. Each increment of the sent number is one request.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::app::Shutdown;
    ///
    /// let (sender, shutdown) = Shutdown::channel();
    /// // `shutdown` goes to `Application::run`, and the sender to a signal handler:
    /// sender.send_modify(|requests| *requests += 1);
    /// # drop(shutdown);
    /// ```
    pub fn channel() -> (watch::Sender<u32>, Self) {
        let (sender, receiver) = watch::channel(0);
        (sender, Self(receiver))
    }

    /// Resolves once at least this many requests have arrived. Never resolves if the sender is
    /// dropped before that.
    pub(super) async fn requested(&mut self, times: u32) {
        if self
            .0
            .wait_for(|requests| *requests >= times)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }
}
