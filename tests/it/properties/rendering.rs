//! Claims become headers without loss: two that differ never look alike, and no byte can end a
//! header line.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::{Subject, cases, good, trusted};
use crate::support::TestClock;

/// What could be confused: the escape and what it makes (`%20`, `%25`, `%2C`), a blank, the
/// separator, and other bytes.
const TRICKY: [&str; 9] = ["%", "2", "0", "5", "C", " ", ",", "\n", "\u{e9}"];

#[test]
fn different_texts_never_render_alike() {
    let fixture = House::new();
    assert_distinct(&fixture, texts_up_to(&TRICKY, 3), |text| {
        text.as_str().into()
    });
}

#[test]
fn different_arrays_of_texts_never_render_alike() {
    let fixture = House::new();
    let texts: Vec<String> = texts_up_to(&["%", "2", "C", ","], 3).split_off(1);
    let pairs = texts
        .iter()
        .flat_map(|one| texts.iter().map(|two| vec![one.clone(), two.clone()]));
    let shorter = std::iter::once(Vec::new()).chain(texts.iter().map(|one| vec![one.clone()]));
    assert_distinct(&fixture, shorter.chain(pairs).collect(), |array| {
        array.as_slice().into()
    });
}

#[test]
fn any_text_comes_back_from_its_header() {
    let fixture = House::new();
    proptest!(cases(256), |(text in any_text())| {
        let rendered = fixture.rendered(text.as_str().into()).unwrap();
        assert_plain(&rendered);
        prop_assert_eq!(decoded(&rendered), text);
    });
}

#[test]
fn any_array_of_texts_comes_back_from_its_header() {
    let fixture = House::new();
    let texts = vec(
        any_text().prop_filter("not empty", |text| !text.is_empty()),
        1..5,
    );
    proptest!(cases(256), |(texts in texts)| {
        let rendered = fixture.rendered(texts.as_slice().into()).unwrap();
        assert_plain(&rendered);
        prop_assert_eq!(rendered.split(',').map(decoded).collect::<Vec<_>>(), texts);
    });
}

/// Scopes have no blanks inside them, so that a blank between them is no other scope.
#[test]
fn any_scopes_come_back_from_their_header() {
    let fixture = House::new();
    let scope = any_text()
        .prop_map(|text| text.replace(' ', ""))
        .prop_filter("not empty", |text| !text.is_empty());
    proptest!(cases(128), |(scopes in vec(scope, 1..5))| {
        let rendered = fixture.render("scope", scopes.join(" ").into()).unwrap();
        assert_plain(&rendered);
        prop_assert_eq!(rendered.split(' ').map(decoded).collect::<Vec<_>>(), scopes);
    });
}

/// In an array a scope may have blanks inside it, which are encoded, or be no scope at all.
#[test]
fn any_array_of_scopes_comes_back_from_its_header_but_for_empty_ones() {
    let fixture = House::new();
    proptest!(cases(128), |(scopes in vec(prop_oneof![any_text(), Just(String::new())], 0..5))| {
        let rendered = fixture.render("scope", scopes.as_slice().into()).unwrap();
        assert_plain(&rendered);
        let found: Vec<_> = rendered.split(' ').filter(|scope| !scope.is_empty()).map(decoded).collect();
        prop_assert_eq!(found, scopes.into_iter().filter(|scope| !scope.is_empty()).collect::<Vec<_>>());
    });
}

/// A service that renders the claim `c`, and the scopes.
struct House {
    key: Arc<SigningKey>,
    subject: Subject,
}

impl House {
    fn new() -> Self {
        let (key, settings) = trusted(Algorithm::HS256);
        let settings = settings
            .set("CLAIM_HEADERS", "c=X-C,scope=X-Scope")
            .set("TOKEN_CACHE_CAPACITY", "0");
        Self {
            key,
            subject: Subject::new(&settings, &TestClock::new()),
        }
    }

    fn rendered(&self, value: Value) -> Result<String, &'static str> {
        self.render("c", value)
    }

    /// The header of this claim, as the service answers it.
    fn render(&self, claim: &str, value: Value) -> Result<String, &'static str> {
        let token = good(&self.key, &self.subject.clock)
            .claim(claim, value)
            .sign();
        let values = self.subject.verdict(token)?;
        Ok(values[usize::from(claim == "scope")].clone())
    }
}

fn assert_distinct<T: Debug + Clone + Eq + Hash>(
    fixture: &House,
    all: Vec<T>,
    value: impl Fn(&T) -> Value,
) {
    assert!(all.len() > 500, "nothing was tried");
    let mut seen: HashMap<String, T> = HashMap::new();
    for one in all {
        let rendered = fixture.rendered(value(&one)).unwrap();
        assert_plain(&rendered);
        if let Some(other) = seen.insert(rendered.clone(), one.clone()) {
            panic!("{one:?} and {other:?} both become {rendered:?}");
        }
    }
}

/// Visible ASCII and blanks inside, and nothing that an HTTP library would cut off.
fn assert_plain(rendered: &str) {
    assert!(
        rendered.bytes().all(|byte| matches!(byte, 0x20..=0x7E)),
        "{rendered:?}"
    );
    assert_eq!(rendered.trim_matches(' '), rendered);
}

/// All texts of at most so many of these pieces.
fn texts_up_to(pieces: &[&str], most: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut longest = texts.clone();
    for _ in 0..most {
        longest = longest
            .iter()
            .flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}")))
            .collect();
        texts.extend(longest.iter().cloned());
    }
    texts
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ %,0-9A-F\\r\\n\u{e9}\u{2028}]{0,12}"]
}

/// The text that was percent-encoded (RFC 3986 section 2.1).
fn decoded(rendered: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = rendered.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = match byte {
            b'%' => (
                u8::from_str_radix(std::str::from_utf8(&behind[..2]).unwrap(), 16).unwrap(),
                &behind[2..],
            ),
            plain => (plain, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes).unwrap()
}
