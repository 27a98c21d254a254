use proptest::prelude::*;

use super::*;
use crate::domain::{ClientSource, Field, HeaderFields, Moment, OriginalRequest};

struct Fields<'a>(Vec<(&'static str, &'a [u8])>);

impl HeaderFields for Fields<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let mut values = self
            .0
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value);
        match (values.next(), values.next()) {
            (None, _) => Field::Absent,
            (Some(value), None) => Field::Once(value),
            (Some(_), Some(_)) => Field::Repeated,
        }
    }
}

fn extract(sources: &[&str], fields: &[(&'static str, &[u8])]) -> Result<String, &'static str> {
    let sources = sources
        .iter()
        .map(|source| source.parse().unwrap())
        .collect();
    let fields = Fields(fields.to_vec());
    let request = ForwardedRequest {
        fields: &fields,
        original: OriginalRequest::UNKNOWN,
        peer_trusted: false,
        route_name: None,
        client: ClientSource::Unknown,
    };
    let mut cx = RequestContext {
        request: &request,
        now: Moment::PAST,
        cost_limit: None,
        explain: &mut (),
    };
    let extracted = TokenSources::new(sources, 10).extract(&mut cx);
    extracted
        .map(|token| String::from_utf8(token.as_bytes().to_vec()).unwrap())
        .map_err(|denial| denial.code())
}

#[test]
fn bearer_scheme_is_case_insensitive_and_takes_spaces() {
    for value in [&b"Bearer a.b.c"[..], b"bearer a.b.c", b"BEARER   a.b.c"] {
        assert_eq!(
            extract(&["bearer"], &[("authorization", value)]),
            Ok("a.b.c".into())
        );
    }
}

#[test]
fn other_schemes_are_unsupported_only_if_nothing_else_is_there() {
    for value in [
        &b"Basic dTpw"[..],
        b"DPoP a.b.c",
        b"Token x",
        b"a.b.c a.b.c",
    ] {
        assert_eq!(
            extract(&["bearer"], &[("authorization", value)]),
            Err("scheme_unsupported")
        );
    }
    let both: &[(_, &[u8])] = &[
        ("authorization", b"Basic dTpw"),
        ("cookie", b"x=1; at=a.b.c"),
    ];
    assert_eq!(extract(&["bearer", "cookie:at"], both), Ok("a.b.c".into()));
}

#[test]
fn a_doubtful_scheme_is_malformed() {
    for (value, reason) in [
        (&b"Bearer\xa0a.b.c"[..], "authorization_malformed"),
        (b"Bearer\x0ba.b.c", "authorization_malformed"),
        (b"\xa0Bearer a.b.c", "token_malformed"),
        (b"\tBearer a.b.c", "token_malformed"),
        (b"Basic\tdTpw", "token_malformed"),
        (b" Bearer a.b.c", "token_malformed"),
    ] {
        assert_eq!(
            extract(&["bearer"], &[("authorization", value)]),
            Err(reason),
            "{value:?}"
        );
        let both: &[(_, &[u8])] = &[("authorization", value), ("cookie", b"at=a.b.c")];
        assert_eq!(
            extract(&["bearer", "cookie:at"], both),
            Err(reason),
            "{value:?}"
        );
    }
}

#[test]
fn one_word_is_no_credential() {
    for value in [
        &b"Bearer"[..],
        b"bearer  ",
        b"Bearer\t",
        b"Basic",
        b"a.b.c",
        b" a.b.c ",
        b"Bearera.b.c",
        b",",
        b"\xff",
    ] {
        assert_eq!(
            extract(&["bearer"], &[("authorization", value)]),
            Err("authorization_malformed")
        );
    }
    // Another source may have the token, except where the client named this one.
    let beside = |value| [("authorization", value), ("x", &b"a.b.c"[..])];
    assert_eq!(
        extract(&["bearer", "header:x"], &beside(b"Basic")),
        Ok("a.b.c".into())
    );
    assert_eq!(
        extract(&["header:x", "bearer"], &beside(b"BEARER")),
        Err("authorization_malformed")
    );
    // This reason is more specific than that of the other scheme in the second field.
    assert_eq!(
        extract(&["bearer", "header:x:jwt"], &beside(b"Basic")),
        Err("authorization_malformed")
    );
    let other: &[(_, &[u8])] = &[("authorization", b"Basic"), ("x", b"y z")];
    assert_eq!(
        extract(&["header:x:jwt", "bearer"], other),
        Err("authorization_malformed")
    );
    // A source for a raw token finds it there.
    assert_eq!(
        extract(
            &["bearer", "header:authorization"],
            &[("authorization", b"a.b.c")]
        ),
        Ok("a.b.c".into())
    );
}

proptest! {
    #[test]
    fn words_are_separated_by_ascii_whitespace(value in "([Bb]earer|[!-~]{1,3}|\\PC)?[ \\t]{0,2}[ -~\\t]{0,6}") {
        let expected = match value.split_ascii_whitespace().count() {
            0 => Some("token_missing"),
            1 => Some("authorization_malformed"),
            _ => None,
        };
        let found = extract(&["bearer"], &[("authorization", value.as_bytes())]).err();
        match expected {
            Some(_) => prop_assert_eq!(found, expected),
            None => prop_assert!(!matches!(found, Some("token_missing" | "authorization_malformed")), "{:?}", found),
        }
    }
}

#[test]
fn nothing_is_missing_and_a_tab_is_no_separator() {
    assert_eq!(extract(&["bearer"], &[]), Err("token_missing"));
    for empty in [&b""[..], b" ", b" \t "] {
        assert_eq!(
            extract(&["bearer"], &[("authorization", empty)]),
            Err("token_missing")
        );
    }
    assert_eq!(
        extract(&["bearer"], &[("authorization", b"Bearer\ta.b.c")]),
        Err("token_malformed")
    );
    assert_eq!(
        extract(&["bearer"], &[("authorization", b"Bearer \ta.b.")]),
        Ok("\ta.b.".into()),
        "no separator"
    );
}

#[test]
fn repeated_fields_are_ambiguous_equal_or_not() {
    let twice: &[(_, &[u8])] = &[
        ("authorization", b"Bearer a"),
        ("authorization", b"Bearer a"),
    ];
    assert_eq!(extract(&["bearer"], twice), Err("token_ambiguous"));
    assert_eq!(
        extract(&["header:x"], &[("x", b"a"), ("x", b"a")]),
        Err("token_ambiguous")
    );
}

#[test]
fn two_sources_must_agree() {
    let same: &[(_, &[u8])] = &[("authorization", b"Bearer a"), ("cookie", b"at=a")];
    let other: &[(_, &[u8])] = &[("authorization", b"Bearer a"), ("cookie", b"at=b")];
    assert_eq!(extract(&["bearer", "cookie:at"], same), Ok("a".into()));
    assert_eq!(
        extract(&["bearer", "cookie:at"], other),
        Err("token_ambiguous")
    );
    assert_eq!(
        extract(&["cookie:at"], &[("cookie", b"at=a; at=b")]),
        Err("token_ambiguous")
    );
    assert_eq!(
        extract(&["cookie:at"], &[("cookie", b"at=a; at=a")]),
        Ok("a".into())
    );
}

#[test]
fn headers_with_and_without_scheme() {
    assert_eq!(
        extract(&["header:x-token"], &[("x-token", b"a")]),
        Ok("a".into())
    );
    assert_eq!(
        extract(&["header:x-token"], &[("x-token", b"")]),
        Err("token_missing")
    );
    assert_eq!(
        extract(&["header:x-token:jwt"], &[("x-token", b"JWT a")]),
        Ok("a".into())
    );
    assert_eq!(
        extract(&["header:x-token:jwt"], &[("x-token", b"a")]),
        Err("scheme_unsupported")
    );
    assert_eq!(
        extract(&["header:x-token:jwt"], &[("x-token", b"JWT")]),
        Err("token_malformed")
    );
    assert_eq!(
        extract(&["header:authorization:jwt"], &[("authorization", b"a")]),
        Err("scheme_unsupported")
    );
}

#[test]
fn size_is_checked_first() {
    assert_eq!(
        extract(&["header:x"], &[("x", b"0123456789")]),
        Ok("0123456789".into())
    );
    assert_eq!(
        extract(&["header:x"], &[("x", b"0123456789 ")]),
        Err("token_too_large")
    );
}
