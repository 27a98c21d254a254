//! A clock that does not move until a test moves it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use doorward::domain::{Clock, Moment, Timestamp, Uptime};
use tokio::sync::watch;

#[derive(Clone)]
pub struct TestClock(Arc<watch::Sender<Moment>>);

impl TestClock {
    /// Noon of a day in 2026, ten days after the machine was switched on.
    pub fn new() -> Self {
        let uptime = Uptime::new(Duration::from_hours(240));
        Self(Arc::new(watch::Sender::new(Moment {
            date: Timestamp::from_secs(1_780_000_000),
            uptime,
        })))
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.plus(by));
    }

    /// The machine sleeps: time passes, and those who wait for a time do not notice before the
    /// clock is moved again.
    pub fn sleep(&self, by: Duration) {
        self.0.send_if_modified(|now| {
            *now = now.plus(by);
            false
        });
    }

    /// The date is set ahead; no time passes.
    pub fn set_ahead(&self, by: Duration) {
        self.0.send_modify(|now| now.date = now.date.plus(by));
    }

    /// The date is set back; no time passes.
    pub fn set_back(&self, by: Duration) {
        self.0.send_modify(|now| now.date = now.date.minus(by));
    }

    pub fn secs(&self) -> i64 {
        self.now().as_secs()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.moment().date
    }

    fn uptime(&self) -> Uptime {
        self.moment().uptime
    }

    fn moment(&self) -> Moment {
        *self.0.borrow()
    }

    fn reach(&self, at: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| now.reaches(at)).await;
        })
    }
}
