//! A text that is accepted as a path has one reading, whatever a server makes of it.

use std::collections::BTreeSet;

use doorward::domain::{Field, RequestPath};
use proptest::prelude::*;

use super::{paths, readings};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_accepted_is_read_alike_by_all(target in paths::any()) {
        let Ok(path) = RequestPath::from_field(Field::Once(&target)) else { return Ok(()) };
        let before_query = target.split(|byte| *byte == b'?').next().unwrap();
        let text = std::str::from_utf8(before_query).expect("what is no UTF-8 is refused");
        let settled: BTreeSet<_> = readings::of(text).into_iter().filter(|path| readings::is_settled(path)).collect();
        // A slash at the end is a matter of taste.
        let own = path.as_str().strip_suffix('/').filter(|own| !own.is_empty()).unwrap_or(path.as_str());
        prop_assert_eq!(settled, BTreeSet::from([own.to_owned()]));
    }
}
