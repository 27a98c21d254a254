//! However a key document is spelt, it holds the same keys.

use doorward::jose::{Algorithms, KeySet, decode_base64url, encode_base64url};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::keys::filled_in;
use super::{PROVIDERS, object, read};

/// Members that an issuer may leave out, or write with nothing in them.
const OPTIONAL: [&str; 13] = [
    "use", "alg", "key_ops", "kid", "x5c", "x5t", "x5u", "d", "p", "q", "oth", "priv", "ext",
];

/// Members that hold a number or bytes.
const NUMBERS: [&str; 5] = ["n", "e", "x", "y", "pub"];

/// What is done to one member of one key.
#[derive(Debug, Clone)]
enum Change {
    /// One that is not there is written with nothing in it.
    Nothing(&'static str, &'static str),
    /// A number is padded.
    Padding(&'static str),
    /// A number gets a zero in front of it.
    Zero(&'static str),
    /// The members come in another order.
    Order(Vec<Index>),
}

fn change() -> impl Strategy<Value = Change> {
    let nothing = prop::sample::select(&["null", "\"\"", "[]", "[ ]"][..]);
    prop_oneof![
        4 => (prop::sample::select(&OPTIONAL[..]), nothing).prop_map(|(name, nothing)| Change::Nothing(name, nothing)),
        2 => prop::sample::select(&NUMBERS[..]).prop_map(Change::Padding),
        2 => prop::sample::select(&NUMBERS[..]).prop_map(Change::Zero),
        1 => prop::collection::vec(any::<Index>(), 20).prop_map(Change::Order),
    ]
}

/// A key as text, member by member.
type Members = Vec<(String, String)>;

fn changed(mut key: Members, change: &Change) -> Members {
    let text = |written: &str| serde_json::from_str::<String>(written).unwrap();
    let number = |key: &mut Members, name: &str, spelt: &dyn Fn(&str) -> String| {
        let found = key
            .iter_mut()
            .find(|(own, value)| own == name && value != "null");
        if let Some((_, value)) = found {
            *value = Value::from(spelt(text(value).trim_end_matches('='))).to_string();
        }
    };
    match change {
        Change::Nothing(name, nothing) => {
            if key.iter().all(|(own, _)| own != name) {
                key.push(((*name).to_owned(), (*nothing).to_owned()));
            }
        }
        Change::Padding(name) => {
            number(&mut key, name, &|bare| {
                format!("{bare}{}", "=".repeat((4 - bare.len() % 4) % 4))
            });
        }
        Change::Zero(name) => {
            number(&mut key, name, &|bare| {
                encode_base64url([&[0], decode_base64url(bare).unwrap().as_slice()].concat())
            });
        }
        Change::Order(indices) => shuffle(&mut key, indices),
    }
    key
}

fn shuffle<T>(list: &mut [T], indices: &[Index]) {
    for (at, index) in (0..list.len()).zip(indices) {
        list.swap(at, index.index(list.len()));
    }
}

fn keys_of(document: &str) -> Vec<Members> {
    let document: Value = serde_json::from_str(document).unwrap();
    let keys = document["keys"].as_array().unwrap().iter();
    keys.map(|key| {
        object(key)
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect()
    })
    .collect()
}

fn text(keys: &[Members]) -> String {
    let key = |key: &Members| {
        let members = key
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    format!(
        "{{\"keys\":[{}]}}",
        keys.iter().map(key).collect::<Vec<_>>().join(",")
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_document_that_says_the_same_holds_the_same_keys(
        provider in prop::sample::select(&PROVIDERS[..]),
        changes in prop::collection::vec((any::<Index>(), change()), 1..12),
        order in prop::collection::vec(any::<Index>(), 10),
    ) {
        let original = filled_in(&read(provider)["jwks"]);
        let all = Algorithms::asymmetric();
        let expected = KeySet::from_jwks(original.as_bytes(), &all).unwrap();
        let mut keys = keys_of(&original);
        for (index, change) in &changes {
            let key = index.get_mut(&mut keys);
            *key = changed(std::mem::take(key), change);
        }
        shuffle(&mut keys, &order);
        let spelt = text(&keys);
        let found = KeySet::from_jwks(spelt.as_bytes(), &all).unwrap();
        prop_assert!(found.has_same_keys_as(&expected), "{}", spelt);
        prop_assert_eq!(found.refused(), &[][..], "{}", spelt);
        prop_assert_eq!(found.for_encryption().count(), expected.for_encryption().count());
        prop_assert!(found.iter().all(|key| !key.is_private_part_published()), "{}", spelt);
    }
}
