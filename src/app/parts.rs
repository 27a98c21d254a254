//! Notices parts of the service that end although nobody has asked them to.

use std::future::Future;
use std::io;

use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The parts of a running service: its listeners, and the tasks beside them.
///
/// The process must not go on without one of them: a listener that is gone looks like an outage of
/// the network, and without the task that reloads the configuration nothing ever changes. A process
/// that ends is started again.
#[derive(Default)]
pub(super) struct Parts {
    listener_ended: Notify,
}

impl Parts {
    /// Runs a listener to its end. Fails with an error that has the name of the listener.
    pub(super) async fn listener(
        &self,
        name: &'static str,
        listener: impl Future<Output = io::Result<()>>,
    ) -> io::Result<()> {
        let ended = listener.await;
        self.listener_ended.notify_one();
        ended.map_err(|error| {
            tracing::error!(listener = name, %error, "listener failed");
            io::Error::new(error.kind(), format!("{name} listener: {error}"))
        })
    }

    /// Resolves with an error once a listener has ended or a task has panicked.
    pub(super) async fn failure(&self, tasks: &mut JoinSet<()>) -> io::Error {
        tokio::select! {
            () = self.listener_ended.notified() => io::Error::other("a listener has ended"),
            error = first_panic(tasks) => {
                tracing::error!(%error, "task failed");
                error
            }
        }
    }
}

/// Resolves with the error of the first task that panics. A task may return: there is nothing to do
/// for it then.
async fn first_panic(tasks: &mut JoinSet<()>) -> io::Error {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return io::Error::other(error);
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_that_fails_is_noticed_and_named() {
        let parts = Parts::default();
        let failing = async { Err(io::Error::new(io::ErrorKind::BrokenPipe, "gone")) };
        let (mut tasks, going_on) = (JoinSet::new(), std::future::pending());
        let serving =
            async { tokio::join!(parts.listener("verify", failing), parts.failure(&mut tasks)) };
        let (ended, failure) = tokio::select! {
            ended = serving => ended,
            _ = parts.listener("admin", going_on) => unreachable!(),
        };
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(error.to_string(), "verify listener: gone");
        assert_eq!(failure.to_string(), "a listener has ended");
    }

    #[tokio::test]
    async fn a_listener_that_ends_without_an_error_is_noticed_too() {
        let parts = Parts::default();
        parts.listener("grpc", async { Ok(()) }).await.unwrap();
        let failure = parts.failure(&mut JoinSet::new()).await;
        assert_eq!(failure.to_string(), "a listener has ended");
    }

    #[tokio::test]
    async fn a_task_that_panics_is_noticed_and_one_that_returns_is_not() {
        let (parts, mut tasks) = (Parts::default(), JoinSet::new());
        tasks.spawn(async {});
        tasks.spawn(std::future::pending());
        tasks.spawn(async { panic!("a bug") });
        let failure = parts.failure(&mut tasks).await;
        assert!(failure.to_string().contains("a bug"), "{failure}");
    }
}
