//! A token among the subprotocols of a WebSocket handshake (RFC 6455 section 4.1), the only list
//! that a browser lets a page write.

use super::found::{Found, is_token};
use crate::domain::{Denial, HeaderFields, Reason};

pub(super) const FIELD: &str = "sec-websocket-protocol";

/// The protocol whose successor in the list is the token.
const BEARER: &str = "bearer";

/// What Kubernetes puts in front of a token in base64url.
const ENCODED: &str = "base64url.bearer.authorization.k8s.io.";

/// Looks for `bearer, TOKEN`, or for a token in the form of Kubernetes.
pub(super) fn look(fields: &dyn HeaderFields) -> Result<Found<'_>, Denial> {
    let credential = read(fields, |_| ())?;
    Ok(
        credential.map_or(Found::Nothing, |credential| match credential {
            Credential::Plain(token) => Found::Token(token.as_bytes()),
            Credential::Encoded(text) => Found::Base64url(text),
        }),
    )
}

/// The protocols that are no part of a token, as a list; empty if the list cannot be read, so that
/// nobody behind us reads it in another way.
pub(super) fn without_token(fields: &dyn HeaderFields) -> String {
    let mut list = String::new();
    let credential = read(fields, |protocol| {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(protocol);
    });
    if credential.is_ok() {
        list
    } else {
        String::new()
    }
}

/// A token in one of its two forms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credential<'a> {
    Plain(&'a str),
    Encoded(&'a str),
}

/// Reads the list: the credential in it is returned, everything else is handed out.
///
/// It is a strict list of `token` (RFC 9110 section 5.6.2), so that each element can stand in a
/// header again. It may stand in several lines (RFC 6455 section 11.3.4).
fn read<'a>(
    fields: &'a dyn HeaderFields,
    mut other: impl FnMut(&'a str),
) -> Result<Option<Credential<'a>>, Reason> {
    let lines = fields.lines(FIELD).ok_or(Reason::TokenAmbiguous)?;
    let lines = lines
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(std::str::from_utf8);
    let lines: Vec<_> = lines
        .collect::<Result<_, _>>()
        .map_err(|_| Reason::TokenMalformed)?;
    let mut protocols = lines
        .into_iter()
        .flat_map(|line| line.split(','))
        .map(protocol);
    let mut found = None;
    while let Some(protocol) = protocols.next().transpose()? {
        let credential = if is_bearer(protocol) {
            let token = protocols
                .next()
                .transpose()?
                .filter(|token| !is_bearer(token));
            Credential::Plain(token.ok_or(Reason::TokenMalformed)?)
        } else if let Some(text) = encoded(protocol) {
            Credential::Encoded(text)
        } else {
            other(protocol);
            continue;
        };
        // Who reads only one of the forms must not see another token.
        if found.is_some_and(|earlier| earlier != credential) {
            return Err(Reason::TokenAmbiguous);
        }
        found = Some(credential);
    }
    Ok(found)
}

fn protocol(element: &str) -> Result<&str, Reason> {
    let protocol = element.trim_matches([' ', '\t']);
    if is_token(protocol) {
        Ok(protocol)
    } else {
        Err(Reason::TokenMalformed)
    }
}

fn is_bearer(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case(BEARER)
}

fn encoded(protocol: &str) -> Option<&str> {
    let (prefix, text) = protocol.split_at_checked(ENCODED.len())?;
    prefix.eq_ignore_ascii_case(ENCODED).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Field;

    /// The lines of the field; line ends divide them.
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
    type Told = Option<(&'static str, String)>;

    /// The token and the other protocols.
    fn looked(list: impl Into<Vec<u8>>) -> Result<(Told, String), &'static str> {
        let offer = Offer(list.into());
        let token = match look(&offer).map_err(|denial| denial.code())? {
            Found::Token(token) => Some(("plain", String::from_utf8(token.to_vec()).unwrap())),
            Found::Base64url(text) => Some(("encoded", text.to_owned())),
            Found::Nothing => None,
            Found::OtherScheme | Found::OneWord => panic!("there are no schemes here"),
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
            assert_eq!(looked(list), Ok((token, others.to_owned())), "{list}");
        }
    }

    #[test]
    fn what_is_no_list_is_malformed() {
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
            assert_eq!(looked(list), Err("token_malformed"), "{list:?}");
            assert_eq!(without_token(&Offer(list.into())), "", "{list:?}");
        }
        assert_eq!(looked(b"a\xff".to_vec()), Err("token_malformed"));
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
            assert_eq!(looked(lines), looked(list), "{lines:?}");
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
            look(&Twice).err().map(|denial| denial.code()),
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
            assert_eq!(looked(list), Err("token_ambiguous"), "{list}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_left_is_a_list_without_tokens(
            list in proptest::collection::vec(
                prop_oneof![Just("bearer"), Just("Bearer"), Just(","), Just(", "), Just("a.b"), Just("chat"), Just(ENCODED), Just(" ")],
                0..12,
            ),
        ) {
            if let Ok((token, others)) = looked(list.concat()) {
                prop_assert_eq!(looked(others.as_str()), Ok((None, others.clone())));
                let count = |list: &str| list.split(',').filter(|element| !element.trim().is_empty()).count();
                prop_assert!(token.is_none() || count(&others) < count(&list.concat()));
                prop_assert!(token.is_some() || count(&others) == count(&list.concat()));
            }
        }

        #[test]
        fn any_bytes_get_an_answer(list in any::<Vec<u8>>()) {
            let _ = looked(list);
        }
    }
}
