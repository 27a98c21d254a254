use proptest::prelude::*;

use super::*;
use crate::domain::Field;

/// The lines of the field, separated by line ends.
struct Offer(Vec<u8>);

impl HeaderFields for Offer {
    fn field(&self, _: &str) -> Field<'_> {
        panic!("one line is not all of it");
    }

    fn lines(&self, name: &str) -> Option<Vec<&[u8]>> {
        assert_eq!(name, FIELD);
        Some(self.0.split(|byte| *byte == b'\n').collect())
    }
}

/// The form and the text of a token.
type FoundToken = Option<(&'static str, String)>;

/// Returns the token and the other protocols.
fn found(list: impl Into<Vec<u8>>) -> Result<(FoundToken, String), &'static str> {
    let offer = Offer(list.into());
    let token = match find(&offer).map_err(|denial| denial.code())? {
        Found::Token(token) => Some(("plain", String::from_utf8(token.to_vec()).unwrap())),
        Found::Base64url(text) => Some(("encoded", text.to_owned())),
        Found::Nothing => None,
        Found::OtherScheme | Found::OneWord | Found::Basic(_) => {
            panic!("there are no schemes here")
        }
    };
    Ok((token, without_token(&offer)))
}

#[test]
fn the_token_is_taken_out_of_the_list() {
    for (list, token, others) in [
        ("bearer, a.b", Some(("plain", "a.b")), ""),
        (
            "chat, BEARER,a.b\t, v2.chat",
            Some(("plain", "a.b")),
            "chat, v2.chat",
        ),
        ("bearer, a, chat, bearer, a", Some(("plain", "a")), "chat"),
        (
            "base64url.bearer.authorization.k8s.io.YQ,x",
            Some(("encoded", "YQ")),
            "x",
        ),
        (
            "x,Base64URL.Bearer.authorization.k8s.io.YQ",
            Some(("encoded", "YQ")),
            "x",
        ),
        (
            "base64url.bearer.authorization.k8s.io.",
            Some(("encoded", "")),
            "",
        ),
        ("chat,  superchat", None, "chat, superchat"),
        (
            "base64url.bearer.authorization.k8s.iox, bearers",
            None,
            "base64url.bearer.authorization.k8s.iox, bearers",
        ),
        ("", None, ""),
    ] {
        let token = token.map(|(form, text)| (form, text.to_owned()));
        assert_eq!(found(list), Ok((token, others.to_owned())), "{list}");
    }
}

#[test]
fn a_broken_list_is_malformed() {
    for list in [
        "bearer",
        "chat, bearer",
        "bearer, bearer, a",
        "bearer,",
        "bearer, , a",
        ",",
        " ",
        "a b",
        "bearer a",
        "a;b",
        "\"a\"",
        "a\u{e9}",
        "bearer, a=",
        "a\rX-Auth-Subject: root",
    ] {
        assert_eq!(found(list), Err("token_malformed"), "{list:?}");
        assert_eq!(without_token(&Offer(list.into())), "", "{list:?}");
    }
    assert_eq!(found(b"a\xff".to_vec()), Err("token_malformed"));
}

#[test]
fn several_lines_are_one_list() {
    for (lines, list) in [
        ("bearer\na.b\nchat", "bearer, a.b, chat"),
        ("bearer, a.b\nchat", "bearer, a.b, chat"),
        (
            "chat\nsuperchat, bearer\na.b",
            "chat, superchat, bearer, a.b",
        ),
        ("\nbearer, a.b\n\n", "bearer, a.b"),
        ("bearer, a\nbearer, b", "bearer, a, bearer, b"),
        ("chat\nbearer", "chat, bearer"),
        ("chat\n,", "chat, ,"),
    ] {
        assert_eq!(found(lines), found(list), "{lines:?}");
    }
}

#[test]
fn lines_that_are_not_known_are_ambiguous() {
    struct Twice;
    impl HeaderFields for Twice {
        fn field(&self, _: &str) -> Field<'_> {
            Field::Repeated
        }
    }
    assert_eq!(
        find(&Twice).err().map(|denial| denial.code()),
        Some("token_ambiguous")
    );
    assert_eq!(without_token(&Twice), "");
}

#[test]
fn two_tokens_are_ambiguous() {
    for list in [
        "bearer, a, bearer, b",
        "bearer, a, base64url.bearer.authorization.k8s.io.YQ",
        "base64url.bearer.authorization.k8s.io.YQ, x, base64url.bearer.authorization.k8s.io.Yg",
    ] {
        assert_eq!(found(list), Err("token_ambiguous"), "{list}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_other_protocols_are_a_list_without_tokens(
        list in proptest::collection::vec(
            prop_oneof![Just("bearer"), Just("Bearer"), Just(","), Just(", "), Just("a.b"), Just("chat"), Just(ENCODED), Just(" ")],
            0..12,
        ),
    ) {
        if let Ok((token, others)) = found(list.concat()) {
            prop_assert_eq!(found(others.as_str()), Ok((None, others.clone())));
            let count = |list: &str| list.split(',').filter(|element| !element.trim().is_empty()).count();
            prop_assert!(token.is_none() || count(&others) < count(&list.concat()));
            prop_assert!(token.is_some() || count(&others) == count(&list.concat()));
        }
    }

    #[test]
    fn no_bytes_panic(list in any::<Vec<u8>>()) {
        let _ = found(list);
    }
}
