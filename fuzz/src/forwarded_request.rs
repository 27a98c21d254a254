//! Header fields of every kind: who is let in is the one whose token is the only one in the
//! request.
//!
//! The first line of the input is the platform, one letter each: `n`, `f` and `e` are the
//! dialects, `p` lets preflights pass, `t` trusts the peer. The other lines are fields, in which
//! `{alice}` stands for her token, and so on.

use std::sync::LazyLock;

use doorward::domain::{Field, ForwardedRequest};
use doorward::gate::Gate;
use doorward::http::{Dialect, ProxyRequest};

use super::fixture::{AUDIENCE, Fields, ISSUER, NOW, decide, gate, signed};

/// Of the question itself, which only Envoy's dialect looks at.
const METHOD: &str = "OPTIONS";

const SOURCES: &str = "bearer, header:x-token, header:x-jwt:JWT, cookie:at";

struct House {
    judging: Gate,
    letting_preflights_pass: Gate,
    /// What stands for which token.
    tokens: [(&'static str, String); 4],
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let settings = [
        ("TOKEN_SOURCES", SOURCES),
        ("CLAIM_HEADERS", "sub=X-Sub"),
        ("PROXY", "nginx"),
    ];
    let token = |subject: &str, end: i64| {
        let claims =
            format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"{subject}","exp":{end}}}"#);
        signed(claims.as_bytes())
    };
    let alice = token("alice", NOW + 60);
    let forged = alice.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    House {
        judging: gate(&settings),
        letting_preflights_pass: gate(
            &[settings.as_slice(), &[("ALLOW_PREFLIGHT", "true")]].concat(),
        ),
        tokens: [
            ("{alice}", alice),
            ("{bob}", token("bob", NOW + 60)),
            ("{late}", token("late", NOW - 60)),
            ("{forged}", forged),
        ],
    }
});

/// Judges the bytes as platform and header fields.
pub fn check(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let said = lines.next().unwrap_or_default();
    let fields = Fields(
        lines
            .map(field)
            .filter(|(name, _)| !name.is_empty())
            .collect(),
    );
    let dialect = match () {
        () if said.contains(&b'n') => Dialect::Nginx,
        () if said.contains(&b'f') => Dialect::Forwarded,
        () if said.contains(&b'h') => Dialect::Haproxy,
        () if said.contains(&b'e') => Dialect::Envoy,
        () => Dialect::Auto,
    };
    let preflights_pass = said.contains(&b'p');
    let original = dialect.original(&ProxyRequest {
        fields: &fields,
        method: METHOD,
        tail: "/",
    });
    if let Field::Once(host) = original.host {
        assert!(
            dialect != Dialect::Nginx || !host.iter().any(|byte| b"/?#@".contains(byte)),
            "more than a host"
        );
    }
    let request = ForwardedRequest {
        fields: &fields,
        original,
        peer_trusted: said.contains(&b't'),
        route_name: None,
        client: dialect.client(),
    };
    let gate = if preflights_pass {
        &HOUSE.letting_preflights_pass
    } else {
        &HOUSE.judging
    };

    let found = match decide(gate, &request) {
        Ok(permit) => match permit.claim_values().next().flatten() {
            Some(subject) => Verdict::LetIn(String::from_utf8(subject.to_vec()).unwrap()),
            None => Verdict::Preflight,
        },
        Err(_) => Verdict::Denied,
    };
    if found != Verdict::Denied || !fields.all("cookie").into_iter().any(is_doubtful) {
        assert_eq!(
            found,
            expected(&fields, dialect, preflights_pass, request.peer_trusted)
        );
    }
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Denied,
    Preflight,
    LetIn(String),
}

/// The verdict, for somebody who has only read the documentation.
fn expected(fields: &Fields, dialect: Dialect, preflights_pass: bool, trusted: bool) -> Verdict {
    if preflights_pass {
        match (trusted, method(fields, dialect)) {
            (true, Some(b"OPTIONS")) if is_preflight(fields) => return Verdict::Preflight,
            (true, Some(method))
                if !method.is_empty() && method.iter().all(u8::is_ascii_graphic) => {}
            _ => return Verdict::Denied,
        }
    }
    let Some(tokens) = tokens(fields) else {
        return Verdict::Denied;
    };
    let [(_, alice), (_, bob), ..] = &HOUSE.tokens;
    match tokens.split_first() {
        Some((first, others)) if others.iter().any(|other| other != first) => Verdict::Denied,
        Some((first, _)) if first == alice.as_bytes() => Verdict::LetIn("alice".into()),
        Some((first, _)) if first == bob.as_bytes() => Verdict::LetIn("bob".into()),
        _ => Verdict::Denied,
    }
}

fn is_preflight(fields: &Fields) -> bool {
    let is_there = |name| once(fields, name).is_some_and(|value| !value.is_empty());
    is_there("origin") && is_there("access-control-request-method")
}

fn method(fields: &Fields, dialect: Dialect) -> Option<&[u8]> {
    match dialect {
        Dialect::Nginx => once(fields, "x-original-method"),
        Dialect::Forwarded | Dialect::Haproxy => once(fields, "x-forwarded-method"),
        Dialect::Envoy => Some(METHOD.as_bytes()),
        Dialect::Auto => None,
    }
}

/// All tokens of the request, or nothing if one of the places where they may stand is unclear.
fn tokens(fields: &Fields) -> Option<Vec<Vec<u8>>> {
    let mut tokens = Vec::new();
    for name in ["authorization", "x-token", "x-jwt", "cookie"] {
        let values = fields.all(name);
        let [value] = values[..] else {
            if values.is_empty() {
                continue;
            }
            return None;
        };
        match name {
            "authorization" => tokens.extend(behind_scheme(value, "bearer ").ok()?),
            "x-jwt" => tokens.extend(behind_scheme(value, "jwt ").ok()?),
            "cookie" => tokens.extend(in_cookie(value).ok()?),
            _ if value.is_empty() => {}
            _ => tokens.push(value.to_vec()),
        }
    }
    Some(tokens)
}

/// Nothing is no credential, an error is a malformed one.
fn behind_scheme(value: &[u8], scheme: &str) -> Result<Option<Vec<u8>>, ()> {
    // A blank behind a bare scheme makes no difference.
    let padded = [value, b" "].concat();
    let (head, tail) = padded.split_at_checked(scheme.len()).unwrap_or_default();
    if !head.eq_ignore_ascii_case(scheme.as_bytes()) {
        let is_scheme = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_graphic);
        let first = value.split(|byte| *byte == b' ').next().unwrap_or_default();
        return if value.is_empty() || is_scheme(first) {
            Ok(None)
        } else {
            Err(())
        };
    }
    let token = tail.strip_suffix(b" ").unwrap_or_default();
    let token: Vec<u8> = token
        .iter()
        .copied()
        .skip_while(|byte| *byte == b' ')
        .collect();
    if token.is_empty() {
        Err(())
    } else {
        Ok(Some(token))
    }
}

fn in_cookie(value: &[u8]) -> Result<Option<Vec<u8>>, ()> {
    let pairs = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let tokens: Vec<&[u8]> = pairs.filter_map(|pair| pair.strip_prefix(b"at=")).collect();
    let Some(first) = tokens.first() else {
        return Ok(None);
    };
    if tokens.iter().any(|token| token != first) {
        return Err(());
    }
    Ok((!first.is_empty()).then(|| first.to_vec()))
}

/// Whether servers may differ about the cookies: then a token in them may be refused, and no other
/// one let in.
fn is_doubtful(value: &[u8]) -> bool {
    let is_odd =
        |byte: &u8| !byte.is_ascii() || byte.is_ascii_control() || b"\"%+[,".contains(byte);
    let is_other = |pair: &[u8]| {
        !pair.starts_with(b"at=") && pair.to_ascii_lowercase().windows(2).any(|two| two == b"at")
    };
    value.iter().any(is_odd)
        || value
            .split(|byte| *byte == b';')
            .map(<[u8]>::trim_ascii)
            .any(is_other)
}

fn once<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    if let [only] = fields.all(name)[..] {
        Some(only)
    } else {
        None
    }
}

/// `name: value`, with tokens in their places.
fn field(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let colon = line
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let mut value = value
        .strip_prefix(b":")
        .unwrap_or(value)
        .trim_ascii()
        .to_vec();
    for (placeholder, token) in &HOUSE.tokens {
        value = replaced(&value, placeholder.as_bytes(), token.as_bytes());
    }
    (name.to_vec(), value)
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}
