//! Hints: each is given in the situation that it is for.

mod denials;
mod fetching;

use doorward::hints::Hint;

/// The lists together try every hint of the table.
#[test]
fn every_hint_is_tried() {
    let tried = [
        denials::tried(),
        fetching::tried(),
        crate::introspection::explain::tried(),
        crate::listed::explain::tried(),
        crate::directory::online::tried(),
    ]
    .concat();
    let missed: Vec<_> = Hint::ALL
        .iter()
        .filter(|hint| !tried.contains(hint))
        .collect();
    assert_eq!(missed, Vec::<&Hint>::new());
}
