//! Hints: each is given in the situation that it is for.

mod denials;
mod fetching;

use doorward::hints::Hint;

/// These lists together try every hint of the table.
#[test]
fn every_hint_is_tried() {
    let introspection = crate::introspection::explain::tried();
    let explain = crate::explain::tried();
    let tried = [denials::tried(), fetching::tried(), introspection, explain].concat();
    let missed: Vec<_> = Hint::ALL
        .iter()
        .filter(|hint| !tried.contains(hint))
        .collect();
    assert_eq!(missed, Vec::<&Hint>::new());
}
