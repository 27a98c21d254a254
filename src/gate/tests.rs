use super::*;
use crate::authenticators::tests::{NOW, OneField, authenticators, ready, rules};
use crate::platform::StoppedClock;
use crate::policy::AcceptedSources;

fn gate() -> Gate {
    Gate {
        clock: Arc::new(StoppedClock(NOW.date)),
        policy: Policy::new(rules(), None),
        authenticators: authenticators(AcceptedSources::OfRoute),
    }
}

/// Each request on its way holds one of these: what only a fresh token needs is in a box.
#[test]
fn the_future_of_a_decision_is_small() {
    let (gate, fields) = (gate(), OneField::authorization());
    let (request, mut record) = (fields.request(), DecisionRecord::default());
    let future = gate.decide(&request, &mut record);
    let size = size_of_val(&future);
    assert!(size <= 320, "{size} bytes");
    assert!(ready(future).is_ok());
}

/// tonic spawns decisions on any thread. This compiles or it does not.
#[test]
fn a_decision_can_be_sent_to_another_thread() {
    fn assert_send(_: &impl Send) {}
    let (gate, fields) = (gate(), OneField::authorization());
    let (request, mut record) = (fields.request(), DecisionRecord::default());
    assert_send(&gate.decide(&request, &mut record));
    assert_send(&gate.explain(&request, false));
}
