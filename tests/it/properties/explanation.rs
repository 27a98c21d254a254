//! A decision that is explained is the same decision: routes, requirements, conditions, and
//! whatever a proxy may say.

use doorward::domain::{ClientSource, Field, ForwardedRequest, HeaderFields, OriginalRequest};
use doorward::jose::Algorithm;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Subject, cases, good, trusted};
use crate::support::{TestClock, TokenBuilder};

const ROUTES: &str = "
proxy: traefik
allow_preflight: true
required_claims: tenant
routes:
  - {name: open, match: {path: /open}, access: anonymous}
  - {name: closed, match: {path: /closed}, access: denied}
  - {name: perhaps, match: {path: '/perhaps/**'}, access: optional, require: {scopes: [read]}}
  - {name: trial, match: {host: '*.a.example', path: /trial}, report_only: true, require: {claims: [{claim: role, equals: boss}]}}
  - {name: write, match: {path: '/w-*', methods: [POST, PUT]}, require: {any_scope: [write, admin]}}
  - {name: own, match: {path: '/users/*'}, require: {when: \"claims.sub == request.path.split('/')[2]\"}}
  - {name: other, match: {host: other.example}, audience: [other], issuers: [idp.example]}
  - {name: elsewhere, match: {host: c.example}, token_sources: ['cookie:session', 'query:t', websocket]}
  - {name: rest, match: {methods: [GET]}}
";

/// What a request is made of.
#[derive(Debug, Clone)]
struct Question {
    method: Part,
    host: Part,
    uri: Part,
    route_name: Option<&'static str>,
    peer_trusted: bool,
    preflight: bool,
    token_in: Option<&'static str>,
}

/// A field of the proxy.
#[derive(Debug, Clone)]
enum Part {
    Absent,
    Once(&'static str),
    Repeated,
}

impl Part {
    fn field(&self) -> Field<'_> {
        match self {
            Self::Absent => Field::Absent,
            Self::Once(text) => Field::Once(text.as_bytes()),
            Self::Repeated => Field::Repeated,
        }
    }
}

struct Fields(Vec<(&'static str, String)>);

impl HeaderFields for Fields {
    fn field(&self, name: &str) -> Field<'_> {
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map_or(Field::Absent, |(_, value)| Field::Once(value.as_bytes()))
    }
}

fn part(texts: &'static [&'static str]) -> impl Strategy<Value = Part> {
    prop_oneof![16 => select(texts).prop_map(Part::Once), 1 => Just(Part::Absent), 1 => Just(Part::Repeated)]
}

fn question() -> impl Strategy<Value = Question> {
    let paths = part(&[
        "/open",
        "/closed",
        "/perhaps",
        "/perhaps/x?t=1",
        "/trial",
        "/w-1",
        "/users/alice",
        "/users/bob",
        "/users/a;b",
        "/",
        "/../x",
        "/%2e",
        "no-path",
    ]);
    let names = &[
        "open",
        "closed",
        "perhaps",
        "trial",
        "write",
        "own",
        "other",
        "elsewhere",
        "nobody",
        "",
    ][..];
    (
        part(&["GET", "POST", "OPTIONS", "G T"]),
        part(&[
            "a.example",
            "x.a.example",
            "other.example",
            "c.example",
            "?",
        ]),
        paths,
        option::weighted(0.3, select(names)),
        proptest::bool::weighted(0.9),
        any::<bool>(),
        option::weighted(
            0.9,
            select(
                &[
                    "authorization",
                    "cookie",
                    "sec-websocket-protocol",
                    "other scheme",
                ][..],
            ),
        ),
    )
        .prop_map(
            |(method, host, uri, route_name, peer_trusted, preflight, token_in)| Question {
                method,
                host,
                uri,
                route_name,
                peer_trusted,
                preflight,
                token_in,
            },
        )
}

/// A good token after some changes, most of which some route minds.
fn changed(token: TokenBuilder) -> impl Strategy<Value = String> {
    let change = select(
        &[
            ("scope", r#""read""#),
            ("scope", r#""write read""#),
            ("scope", "7"),
            ("role", r#""boss""#),
            ("role", r#"["boss"]"#),
            ("aud", r#""other""#),
            ("sub", r#""bob""#),
            ("sub", "7"),
            ("exp", "1"),
            ("nbf", r#""now""#),
            ("iat", "1e300"),
            ("cnf", "{}"),
            ("iss", r#""nobody""#),
            ("tenant", "null"),
            ("email", r#""\u0000""#),
        ][..],
    );
    let changes = prop_oneof![
        3 => proptest::collection::vec(change.clone(), 0..2),
        1 => proptest::collection::vec(change, 0..4),
    ];
    changes.prop_map(move |changes| {
        let token = changes.into_iter().fold(
            token.clone().claim("tenant", "acme"),
            |token, (name, json)| {
                token.claim(
                    name,
                    serde_json::from_str::<serde_json::Value>(json).unwrap(),
                )
            },
        );
        token.sign()
    })
}

proptest! {
    #![proptest_config(cases(2000))]
    #[test]
    fn aloud_it_is_the_same_decision(
        question in question(),
        token in { let (key, _) = trusted(Algorithm::EdDSA); changed(good(&key, &TestClock::new())) },
    ) {
        thread_local! {
            static SUBJECT: Subject = Subject::new(&trusted(Algorithm::EdDSA).1.file(ROUTES), &TestClock::new());
        }
        let mut fields = match question.token_in {
            Some("authorization") => vec![("authorization", format!("Bearer {token}"))],
            Some("cookie") => vec![("cookie", format!("session={token}"))],
            Some("sec-websocket-protocol") => vec![("sec-websocket-protocol", format!("bearer, {token}, chat"))],
            Some(_) => vec![("authorization", "Basic dTpw".to_owned())],
            None => Vec::new(),
        };
        if question.preflight {
            fields.push(("origin", "https://x.example".to_owned()));
            fields.push(("access-control-request-method", "GET".to_owned()));
        }
        let fields = Fields(fields);
        let Question { route_name, peer_trusted, .. } = question;
        let original = OriginalRequest {
            method: question.method.field(),
            host: question.host.field(),
            uri: question.uri.field(),
        };
        // The harness compares each decision with its explanation.
        let _ = SUBJECT.with(|subject| subject.decide(&ForwardedRequest { fields: &fields, original, peer_trusted, route_name, client: ClientSource::Unknown }));
    }
}
