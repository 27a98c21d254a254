use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;

use super::*;

struct Cookies<'a>(&'a [u8]);

impl HeaderFields for Cookies<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        assert_eq!(name, "cookie");
        Field::Once(self.0)
    }
}

fn found(cookies: impl AsRef<[u8]>) -> Result<Option<String>, &'static str> {
    match find(&Cookies(cookies.as_ref()), "tok") {
        Ok(Found::Token(token)) => Ok(Some(String::from_utf8_lossy(token).into_owned())),
        Ok(_) => Ok(None),
        Err(denial) => Err(denial.code()),
    }
}

#[test]
fn a_cookie_is_a_token() {
    for (cookies, token) in [
        ("tok=GOOD", Some("GOOD")),
        ("a=1; tok=GOOD; b=2", Some("GOOD")),
        ("a=1;tok=GOOD ;b", Some("GOOD")),
        ("tok=GOOD; tok=GOOD", Some("GOOD")),
        ("a=\"x\"; tok=GOOD", Some("GOOD")),
        ("a=\"x; y\"; tok=GOOD", Some("GOOD")),
        ("prefs={\"a\":\"b, c\"}; tok=GOOD", Some("GOOD")),
        ("tok=GOOD; a=5\"", Some("GOOD")),
        ("tok=GOOD; a=\"x\\\"y", Some("GOOD")),
        ("next=/x?tok=BAD&y; tok=GOOD", Some("GOOD")),
        ("atok=BAD; toka=BAD; a-tok=BAD; tok=GOOD", Some("GOOD")),
        ("a=see tok, tok; tok=GOOD", Some("GOOD")),
        ("tok=", None),
        ("", None),
        ("; ;a;=;", None),
        ("atok=BAD", None),
    ] {
        assert_eq!(found(cookies), Ok(token.map(str::to_owned)), "{cookies}");
    }
}

#[test]
fn a_possible_second_cookie_is_ambiguous() {
    for other in [
        "tok=BAD",
        "tok=",
        "tok",
        "tok =BAD",
        "tok\t=BAD",
        "tok \t =BAD",
        "TOK=BAD",
        "tok[]=BAD",
        "tok%20=BAD",
        "t%6Fk=BAD",
        "a=1, tok=BAD",
        "a=1,tok=BAD",
        "a=1 tok=BAD",
        "a=1\ttok =BAD",
        "a=\"x\"tok=BAD",
        "a=\"x; tok=BAD; y\"",
    ] {
        for cookies in [
            format!("tok=GOOD; {other}"),
            format!("{other}; tok=GOOD"),
            format!("a=b;{other};tok=GOOD"),
        ] {
            assert_eq!(found(&cookies), Err("token_ambiguous"), "{cookies}");
        }
    }
    for other in ["tok\u{a0}=BAD", "\u{a0}tok=BAD", "a=1\u{a0}tok=BAD"] {
        let latin: Vec<u8> = format!("tok=GOOD; {other}")
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        assert_eq!(found(latin), Err("token_ambiguous"), "{other}");
        assert_eq!(
            found(format!("tok=GOOD; {other}")),
            Err("token_ambiguous"),
            "{other}"
        );
    }
    assert_eq!(
        found(b"tok=GOOD; a=1\x0btok=BAD; b=2\x85tok\x1f=BAD"),
        Err("token_ambiguous")
    );
}

#[test]
fn a_possible_part_of_a_quoted_value_is_ambiguous() {
    for cookies in [
        "a=\"x; tok=GOOD; y\"",
        "a= \"x; tok=GOOD; y\"",
        "a=\"x; tok=GOOD",
        "a=\"x\\\"; tok=GOOD; y\"",
        "a=x\"; tok=GOOD; b=\"y",
        "a=5\"; tok=GOOD",
        "a=x\"y=\"z; tok=GOOD; b=\"",
    ] {
        assert_eq!(found(cookies), Err("token_ambiguous"), "{cookies}");
    }
}

/// A server's parser of the field: returns the value of the cookie `tok`, if it finds one.
type Reader = fn(&str) -> Option<String>;

/// The parsers of frameworks.
const READERS: [(&str, Reader); 7] = [
    ("Go net/http", go),
    ("Express cookie 0.7", |text| {
        express(text, |part| part.trim_matches([' ', '\t']))
    }),
    ("Express cookie 0.3", |text| express(text, str::trim)),
    ("Django", django),
    ("Python SimpleCookie", simple_cookie),
    ("Tomcat, RFC 6265", |text| tomcat(text, false)),
    ("Java, RFC 2965", |text| tomcat(text, true)),
];

/// Takes the first cookie of the name.
fn go(text: &str) -> Option<String> {
    let is_token = |name: &str| crate::extract::found::is_token(name);
    let unquoted = |value: &str| match value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.to_owned(),
        None => value.to_owned(),
    };
    let is_value = |value: &str| {
        value
            .bytes()
            .all(|byte| (0x20..0x7F).contains(&byte) && !b"\";\\".contains(&byte))
    };
    let pairs = text
        .split(';')
        .map(|part| part.trim_matches([' ', '\t', '\r', '\n']));
    let mut pairs = pairs
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs.find_map(|(name, value)| {
        let (name, value) = (name.trim_matches([' ', '\t', '\r', '\n']), unquoted(value));
        (is_token(name) && name == "tok" && is_value(&value)).then_some(value)
    })
}

/// Takes the first cookie of the name.
fn express(text: &str, trimmed: fn(&str) -> &str) -> Option<String> {
    let pairs = text.split(';').filter_map(|part| part.split_once('='));
    let mut own = pairs
        .filter(|(name, _)| trimmed(name) == "tok")
        .map(|(_, value)| trimmed(value));
    own.next().map(|value| {
        value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(value)
            .to_owned()
    })
}

/// Takes the last cookie of the name.
fn django(text: &str) -> Option<String> {
    let pairs = text
        .split(';')
        .map(|part| part.split_once('=').unwrap_or(("", part)));
    let mut own = pairs
        .filter(|(name, _)| name.trim() == "tok")
        .map(|(_, value)| value.trim());
    own.next_back().map(|value| unquoted(value).to_owned())
}

/// Takes the last cookie of the name, and nothing after a pair that does not match.
fn simple_cookie(text: &str) -> Option<String> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        let key = r"0-9A-Za-z_!#%&'~`><@,:/$*+\-.\^|)(?}{=";
        let date = r"[0-9A-Za-z_]{3},[ \t][0-9A-Za-z_ \t-]{9,11}[ \t][0-9:]{8}[ \t]GMT";
        let value = format!(r#""(?:[^\\"]|\\.)*"|{date}|[{key}\[\]]*"#);
        let blanks = r"[ \t\x0B\x0C\r\n]";
        let pair = format!(
            "^{blanks}*(?P<key>[{key}]+?)(?:{blanks}*={blanks}*(?P<val>{value}))?{blanks}*(?:{blanks}+|;|$)"
        );
        Regex::new(&pair).unwrap()
    });
    let reserved = [
        "expires", "path", "comment", "domain", "max-age", "secure", "httponly", "version",
        "samesite",
    ];
    let (mut rest, mut found, mut seen) = (text, None, false);
    while !rest.is_empty() {
        let Some(pair) = PAIR.captures(rest) else {
            break;
        };
        rest = &rest[pair[0].len()..];
        let (key, value) = (&pair["key"], pair.name("val").map(|value| value.as_str()));
        match value {
            _ if key.starts_with('$') => {}
            _ if reserved.contains(&key.to_lowercase().as_str()) && !seen => return None,
            _ if reserved.contains(&key.to_lowercase().as_str()) => {}
            None => return None,
            Some(value) => {
                seen = true;
                if key == "tok" {
                    found = Some(unquoted(value).to_owned());
                }
            }
        }
    }
    found
}

/// Takes the first cookie of the name, and skips pairs that do not match. In the older form commas
/// separate pairs too, and quoted values may contain anything.
fn tomcat(text: &str, is_old: bool) -> Option<String> {
    let is_end = |byte: u8| byte == b';' || is_old && byte == b',';
    let is_octet = |byte: u8| matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E | 0x80..);
    let length_of = |text: &[u8], fits: &dyn Fn(u8) -> bool| {
        text.iter().take_while(|byte| fits(**byte)).count()
    };
    let mut rest = text.as_bytes();
    loop {
        rest = rest.trim_ascii_start();
        let is_name = |byte: u8| crate::extract::found::is_token(&char::from(byte).to_string());
        let (name, mut behind) = rest.split_at(length_of(rest, &is_name));
        if let Some(value) = behind
            .trim_ascii_start()
            .strip_prefix(b"=")
            .map(<[u8]>::trim_ascii_start)
        {
            let (own, closed) = match value.strip_prefix(b"\"") {
                Some(inner) => {
                    let own = length_of(inner, &|byte| {
                        if is_old { byte != b'"' } else { is_octet(byte) }
                    });
                    (&inner[..own], inner[own..].strip_prefix(b"\""))
                }
                None => value
                    .split_at_checked(length_of(value, &is_octet))
                    .map(|(own, rest)| (own, Some(rest)))
                    .unwrap(),
            };
            behind = closed.map_or(value, <[u8]>::trim_ascii_start);
            if name == b"tok" && closed.is_some() && behind.first().is_none_or(|byte| is_end(*byte))
            {
                return Some(String::from_utf8_lossy(own).into_owned());
            }
        }
        rest = behind.get(length_of(behind, &|byte| !is_end(byte)) + 1..)?;
    }
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

#[test]
fn the_readers_read_as_their_frameworks_do() {
    for (cookies, values) in [
        ("tok=A", ["A"; 7].map(Some)),
        (
            "tok=A; tok =B",
            [
                Some("A"),
                Some("A"),
                Some("A"),
                Some("B"),
                Some("B"),
                Some("A"),
                Some("A"),
            ],
        ),
        (
            "a=\"x; tok=A; y\"; b=1",
            [
                Some("A"),
                Some("A"),
                Some("A"),
                Some("A"),
                None,
                Some("A"),
                None,
            ],
        ),
        (
            "tok=A; a=1 tok=B",
            [
                Some("A"),
                Some("A"),
                Some("A"),
                Some("A"),
                Some("B"),
                Some("A"),
                Some("A"),
            ],
        ),
        (
            "a=1,tok=B; tok=A",
            [
                Some("A"),
                Some("A"),
                Some("A"),
                Some("A"),
                Some("A"),
                Some("A"),
                Some("B"),
            ],
        ),
    ] {
        for ((reader, read), value) in READERS.iter().zip(values) {
            assert_eq!(read(cookies).as_deref(), value, "{reader}: {cookies}");
        }
    }
}

fn tricky() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(
        &[
            "tok", "tok", "tok=", "tok=A", "tok=B", "a", "a=1", "a=", "=", ";", "; ", "; ", ";",
            " ", "\t", ",", "\"", "\"", "\\", "TOK", "$Path", "path", "{", "\u{e9}", "%", "k",
            "\u{b}",
        ][..],
    );
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_server_finds_another_token(cookies in tricky()) {
        // A value that is not a token is refused later, when it is parsed.
        let is_token = |token: &String| token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if let Some(found) = found(&cookies).ok().filter(|found| found.as_ref().is_none_or(is_token)) {
            for (reader, read) in READERS {
                let other = read(&cookies).filter(|value| !value.is_empty());
                prop_assert!(other.is_none() || other == found, "{} reads {:?}, not {:?}", reader, other, found);
            }
        }
    }

    #[test]
    fn no_bytes_panic(cookies in any::<Vec<u8>>()) {
        let _ = found(cookies);
    }
}
