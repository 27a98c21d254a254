//! A clock that stands still until a test moves it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use doorward::domain::{Clock, Timestamp};
use tokio::sync::watch;

#[derive(Clone)]
pub struct TestClock(Arc<watch::Sender<Timestamp>>);

impl TestClock {
    /// Noon of a day in 2026.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Timestamp::from_secs(1_780_000_000))))
    }

    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.plus(by));
    }

    pub fn go_back(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.minus(by));
    }

    pub fn secs(&self) -> i64 {
        self.now().as_secs()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn reach(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}
