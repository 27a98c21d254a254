use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{oneshot, watch};

use super::*;
use crate::domain::{Timestamp, Uptime};
use crate::telemetry::{LogQueue, Metrics};

/// A clock that is moved by hand.
struct ManualClock(watch::Sender<Moment>);

impl ManualClock {
    fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.plus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().date
    }

    fn uptime(&self) -> Uptime {
        self.0.borrow().uptime
    }

    fn reach(&self, at: Moment) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move { drop(now.wait_for(|now| now.reaches(at)).await) })
    }
}

const BOUNDS: CallBounds = CallBounds {
    max_in_flight: 4,
    timeout: Duration::from_secs(2),
    wait: Duration::from_millis(800),
};

/// Room for about ten answers of each kind.
const LIMITS: AnswerLimits = AnswerLimits {
    positive: 1024,
    negative: 1024,
};

impl HeapBytes for &str {
    fn heap_bytes(&self) -> usize {
        0
    }
}

struct Fixture {
    clock: Arc<ManualClock>,
    metrics: Metrics,
    calls: Arc<Calls<u32, &'static str>>,
    made: Arc<AtomicUsize>,
}

impl Fixture {
    fn new() -> Self {
        let noon = Moment {
            date: Timestamp::from_secs(1_780_000_000),
            uptime: Uptime::new(Duration::from_hours(1)),
        };
        let clock = Arc::new(ManualClock(watch::channel(noon).0));
        let metrics = Metrics::new(false, &LogQueue::start(std::io::sink()).unwrap()).unwrap();
        let dependency = Dependency::new(
            metrics.dependency("directory", None),
            (DependencyName::Directory, None),
            BOUNDS,
            Handle::current(),
            clock.clone(),
        );
        Self {
            calls: Arc::new(Calls::new(dependency.into(), LIMITS)),
            clock,
            metrics,
            made: Arc::default(),
        }
    }

    fn now(&self) -> Moment {
        self.clock.moment()
    }

    fn caller(&self) -> Caller {
        Caller {
            began: self.now(),
            client: None,
        }
    }

    /// Asks for a key, with a call that waits for `answer`.
    fn ask(
        &self,
        key: u32,
        answer: impl Future<Output = Result<Answer<&'static str>, CallError>> + Send + 'static,
    ) -> tokio::task::JoinHandle<Result<&'static str, CallDenied>> {
        let (calls, made, caller) = (self.calls.clone(), self.made.clone(), self.caller());
        tokio::spawn(async move {
            let call = move || {
                made.fetch_add(1, Ordering::Relaxed);
                answer
            };
            let known = calls.get_or_call(key, caller, call).await;
            known.map(|known| known.value)
        })
    }

    fn good(&self, value: &'static str, keep: Duration) -> Answer<&'static str> {
        Answer {
            value,
            until: self.now().plus(keep),
            is_negative: false,
            result: "found",
        }
    }

    async fn fail(&self, key: u32) -> CallDenied {
        let failed = async { Err(CallError::failed("status", "status 500")) };
        self.ask(key, failed).await.unwrap().unwrap_err()
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }
}

/// A future that another task completes.
fn later() -> (
    oneshot::Sender<Answer<&'static str>>,
    impl Future<Output = Result<Answer<&'static str>, CallError>> + Send + 'static,
) {
    let (answer, waiting) = oneshot::channel();
    (answer, async { Ok(waiting.await.unwrap()) })
}

#[tokio::test]
async fn a_thousand_requests_share_one_call_even_if_the_first_goes_away() {
    let fixture = Fixture::new();
    let (answer, waiting) = later();
    let first = fixture.ask(1, waiting);
    while fixture.made() == 0 {
        tokio::task::yield_now().await;
    }
    let others: Vec<_> = (0..999)
        .map(|_| fixture.ask(1, async { unreachable!() }))
        .collect();
    first.abort();
    tokio::task::yield_now().await;
    answer
        .send(fixture.good("a", Duration::from_secs(1)))
        .unwrap();
    for other in others {
        assert_eq!(other.await.unwrap(), Ok("a"));
    }
    assert_eq!(fixture.made(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_until_its_own_end() {
    let fixture = Fixture::new();
    for (key, keep) in [(1, 10), (2, 20)] {
        let answer = fixture.good("old", Duration::from_secs(keep));
        fixture
            .ask(key, async { Ok(answer) })
            .await
            .unwrap()
            .unwrap();
    }
    fixture.clock.advance(Duration::from_secs(15));
    for (key, expected) in [(1, "new"), (2, "old")] {
        let answer = fixture.good("new", Duration::from_secs(1));
        let got = fixture.ask(key, async { Ok(answer) }).await.unwrap();
        assert_eq!(got, Ok(expected), "{key}");
    }
    let kept = fixture.calls.kept(&1, fixture.now()).unwrap();
    assert_eq!(kept.value, "new");
}

#[tokio::test]
async fn failures_are_never_kept_and_open_the_breaker() {
    let fixture = Fixture::new();
    for _ in 0..5 {
        fixture.fail(1).await;
    }
    assert_eq!(fixture.made(), 5);
    let refused = fixture.fail(2).await;
    assert_eq!(fixture.made(), 5, "no call");
    let pause = refused.retry_after().unwrap();
    assert!(
        pause <= Duration::from_secs(1) && pause >= Duration::from_millis(740),
        "{pause:?}"
    );
    let status = fixture.calls.dependency().status();
    assert_eq!((status.failures, status.in_flight), (5, 0));
    assert_eq!(status.last_failure.unwrap().1, "status 500");
    let page = fixture.metrics.render();
    for line in [
        r#"doorward_dependency_requests_total{dependency="directory",issuer="none",result="status"} 5"#,
        r#"doorward_dependency_requests_total{dependency="directory",issuer="none",result="refused"} 1"#,
        r#"doorward_dependency_breaker_open{dependency="directory",issuer="none"} 1"#,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    fixture.clock.advance(Duration::from_secs(1));
    let answer = fixture.good("a", Duration::from_secs(1));
    assert_eq!(fixture.ask(1, async { Ok(answer) }).await.unwrap(), Ok("a"));
    assert!(
        fixture.metrics.render().contains(
            r#"doorward_dependency_breaker_open{dependency="directory",issuer="none"} 0"#
        )
    );
}

#[tokio::test]
async fn what_is_kept_stays_in_use_while_the_breaker_is_open() {
    let fixture = Fixture::new();
    let answer = fixture.good("a", Duration::from_mins(1));
    fixture.ask(1, async { Ok(answer) }).await.unwrap().unwrap();
    for _ in 0..5 {
        fixture.fail(2).await;
    }
    assert_eq!(
        fixture.ask(1, async { unreachable!() }).await.unwrap(),
        Ok("a")
    );
}

#[tokio::test]
async fn requests_that_are_rejected_do_not_open_the_breaker() {
    let fixture = Fixture::new();
    for key in 0..20 {
        let rejected = async { Err(CallError::rejected("invalid", "status 400")) };
        let denied = fixture.ask(key, rejected).await.unwrap().unwrap_err();
        assert_eq!(denied, CallDenied::Rejected);
    }
    assert_eq!(fixture.calls.dependency().status().failures, 0);
    let answer = fixture.good("a", Duration::ZERO);
    assert_eq!(fixture.ask(1, async { Ok(answer) }).await.unwrap(), Ok("a"));
}

#[tokio::test]
async fn a_probe_that_is_rejected_proves_that_the_dependency_answers() {
    let fixture = Fixture::new();
    for _ in 0..5 {
        fixture.fail(1).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    let rejected = async { Err(CallError::rejected("rejected", "status 400")) };
    let denied = fixture.ask(1, rejected).await.unwrap().unwrap_err();
    assert_eq!(denied, CallDenied::Rejected);
    let (answers, waiting): (Vec<_>, Vec<_>) = (0..2).map(|_| later()).unzip();
    let asked = (2..).zip(waiting);
    let asked: Vec<_> = asked.map(|(key, call)| fixture.ask(key, call)).collect();
    settle().await;
    assert_eq!(fixture.calls.dependency().status().in_flight, 2);
    for answer in answers {
        answer.send(fixture.good("a", Duration::ZERO)).unwrap();
    }
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok("a"));
    }
    let status = fixture.calls.dependency().status();
    assert_eq!((status.failures, status.open_for), (0, None));
    let gauge = r#"doorward_dependency_breaker_open{dependency="directory",issuer="none"} 0"#;
    assert!(fixture.metrics.render().contains(gauge));
}

#[tokio::test]
async fn a_request_waits_no_longer_than_it_may_and_the_call_goes_on() {
    let fixture = Fixture::new();
    let (answer, waiting) = later();
    let first = fixture.ask(1, waiting);
    while fixture.made() == 0 {
        tokio::task::yield_now().await;
    }
    fixture.clock.advance(Duration::from_millis(800));
    assert!(first.await.unwrap().is_err());
    answer
        .send(fixture.good("a", Duration::from_secs(10)))
        .unwrap();
    assert_eq!(
        fixture.ask(1, async { unreachable!() }).await.unwrap(),
        Ok("a")
    );
}

#[tokio::test]
async fn a_call_that_hangs_ends_and_counts_as_a_failure() {
    let fixture = Fixture::new();
    let waiting = fixture.ask(1, std::future::pending());
    while fixture.made() == 0 {
        tokio::task::yield_now().await;
    }
    fixture.clock.advance(Duration::from_secs(2));
    assert!(waiting.await.unwrap().is_err());
    while fixture.calls.dependency().status().failures == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.calls.dependency().status().in_flight, 0);
}

#[tokio::test]
async fn calls_in_flight_are_bounded_and_the_others_wait_in_order() {
    let fixture = Fixture::new();
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let mut open = Vec::new();
    let mut asked = Vec::new();
    for key in 0..8 {
        let (answer, waiting) = later();
        let order = order.clone();
        asked.push(fixture.ask(key, async move {
            order.lock().unwrap().push(key);
            waiting.await
        }));
        // One after the other into the queue.
        settle().await;
        open.push(answer);
    }
    assert_eq!(fixture.made(), 4);
    assert_eq!(fixture.calls.dependency().status().in_flight, 4);
    for answer in open {
        drop(answer.send(fixture.good("a", Duration::ZERO)));
    }
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok("a"));
    }
    assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<_>>());
}

/// Lets all tasks go on until each waits for something.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_that_came_later_waits_longer_for_a_slot() {
    let fixture = Fixture::new();
    let mut open = Vec::new();
    for key in 10..14 {
        let (answer, waiting) = later();
        drop(fixture.ask(key, waiting));
        open.push(answer);
        settle().await;
    }
    let first = fixture.ask(1, async { unreachable!() });
    settle().await;
    fixture.clock.advance(Duration::from_millis(400));
    let answer = fixture.good("a", Duration::ZERO);
    let second = fixture.ask(1, async { Ok(answer) });
    settle().await;
    fixture.clock.advance(Duration::from_millis(400));
    assert!(first.await.unwrap().is_err());
    settle().await;
    let slot = open.pop().unwrap();
    slot.send(fixture.good("b", Duration::ZERO)).unwrap();
    assert_eq!(second.await.unwrap(), Ok("a"));
}

#[tokio::test]
async fn a_rejection_may_be_kept_for_its_key() {
    let fixture = Fixture::new();
    let until = fixture.now().plus(Duration::from_secs(10));
    let rejected = async move { Err(CallError::rejected_until(until, "rejected", "status 400")) };
    assert!(fixture.ask(1, rejected).await.unwrap().is_err());
    let again = fixture.ask(1, async { unreachable!() }).await.unwrap();
    assert_eq!(again.unwrap_err(), CallDenied::Rejected);
    assert_eq!(fixture.calls.dependency().status().failures, 0);
    fixture.clock.advance(Duration::from_secs(10));
    let answer = fixture.good("a", Duration::ZERO);
    assert_eq!(fixture.ask(1, async { Ok(answer) }).await.unwrap(), Ok("a"));
}

#[tokio::test]
async fn a_flood_of_negative_answers_displaces_no_other() {
    let fixture = Fixture::new();
    let minute = Duration::from_mins(1);
    for key in 0..3 {
        let answer = fixture.good("a", minute);
        fixture
            .ask(key, async { Ok(answer) })
            .await
            .unwrap()
            .unwrap();
    }
    for key in 10..200 {
        // Asked for again and again, as one who wants a place would do.
        for _ in 0..3 {
            let answer = Answer {
                is_negative: true,
                ..fixture.good("none", minute)
            };
            let got = fixture.ask(key, async { Ok(answer) }).await.unwrap();
            assert_eq!(got, Ok("none"));
        }
        let until = fixture.now().plus(minute);
        let rejected = async move { Err(CallError::rejected_until(until, "rejected", "400")) };
        assert!(fixture.ask(1000 + key, rejected).await.unwrap().is_err());
    }
    for key in 0..3 {
        let got = fixture.ask(key, async { unreachable!() }).await.unwrap();
        assert_eq!(got, Ok("a"));
    }
    assert!(fixture.calls.len() <= 3 + 12, "{}", fixture.calls.len());
}

#[tokio::test]
async fn answers_that_are_over_are_removed() {
    let fixture = Fixture::new();
    for (key, is_negative) in [(1, false), (2, true)] {
        let answer = Answer {
            is_negative,
            ..fixture.good("a", Duration::from_secs(1))
        };
        fixture
            .ask(key, async { Ok(answer) })
            .await
            .unwrap()
            .unwrap();
    }
    fixture.calls.sweep(fixture.now());
    assert_eq!(fixture.calls.len(), 2);
    fixture.clock.advance(Duration::from_secs(1));
    fixture.calls.sweep(fixture.now());
    assert!(fixture.calls.is_empty());
}
