//! Whatever comes, there is an answer; and a token without a valid signature never passes.

use std::cell::Cell;

use doorward::domain::{ClientSource, Field, ForwardedRequest, HeaderFields, OriginalRequest};
use doorward::jose::{Algorithm, encode_base64url};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Subject, cases, good, trusted};
use crate::support::{GateBuilder, TestClock, TokenBuilder};

fn fixture(settings: impl Fn(GateBuilder) -> GateBuilder) -> (Subject, impl Fn() -> TokenBuilder) {
    let clock = TestClock::new();
    let (key, plain) = trusted(Algorithm::HS256);
    let subject = Subject::new(&settings(plain), &clock);
    (subject, move || good(&key, &clock))
}

#[test]
fn bytes_that_are_no_token() {
    let (subject, _) = fixture(|plain| plain);
    proptest!(cases(512), |(bytes in vec(any::<u8>(), 0..300))| {
        prop_assert!(subject.verdict(bytes).is_err());
    });
}

#[test]
fn texts_that_look_like_a_token() {
    let (subject, _) = fixture(|plain| plain);
    proptest!(cases(512), |(header in ".{0,80}", payload in ".{0,80}", signature in vec(any::<u8>(), 0..80))| {
        let parts = [header.as_bytes(), payload.as_bytes(), &signature].map(encode_base64url);
        prop_assert!(subject.verdict(parts.join(".")).is_err());
    });
}

#[test]
fn any_json_under_a_signature_that_is_nobodys() {
    let (subject, good) = fixture(|plain| plain);
    let of_another = good().subject("another").sign();
    let signature = of_another.rsplit_once('.').unwrap().1;
    let judged = Cell::new(0);
    proptest!(cases(256), |(header in any_members(&HEADER_MEMBERS), claims in any_members(&CLAIMS))| {
        let signed = with_members(good(), &header, &claims).sign();
        let verdict = subject.verdict(format!("{}.{signature}", signed.rsplit_once('.').unwrap().0));
        prop_assert!(verdict.is_err());
        judged.set(judged.get() + usize::from(verdict == Err("signature_invalid")));
    });
    assert!(judged.get() > 0, "no token got as far as its signature");
}

#[test]
fn any_json_that_the_issuer_signed() {
    let mapped =
        "$=X-All,sub=X-Sub,scope=X-Scope,exp=X-Exp,a.b=X-A-B,client_id=X-Client,\"a\".b.c=X-C";
    let (subject, good) = fixture(|plain| {
        plain
            .set("CLAIM_HEADERS", mapped)
            .set("REQUIRED_CLAIMS", "a.b.c=1")
            .set("AUDIENCE_FALLBACK", "azp")
    });
    let permits = Cell::new(0);
    proptest!(cases(512), |(header in any_members(&HEADER_MEMBERS), claims in any_members(&CLAIMS))| {
        let token = with_members(good().claim("a", json!({"b": {"c": 1}})), &header, &claims);
        if let Ok(values) = subject.verdict(token.sign()) {
            permits.set(permits.get() + 1);
            prop_assert!(values.iter().all(|value| value.bytes().all(|byte| matches!(byte, 0x20..=0x7E))));
        }
    });
    assert!(permits.get() > 0, "no token got as far as its headers");
}

#[test]
fn any_header_fields() {
    let (subject, _) = fixture(|plain| {
        plain
            .set(
                "TOKEN_SOURCES",
                "bearer,header:X-Token,header:X-Other:Token,cookie:session",
            )
            .set("PROXY", "traefik")
            .set("ALLOW_PREFLIGHT", "true")
    });
    proptest!(cases(1024), |(fields in any_fields(), method in any_field(), host in any_field(), uri in any_field(), peer_trusted: bool)| {
        let original = OriginalRequest { method: method.as_field(), host: host.as_field(), uri: uri.as_field() };
        let permitted = subject.decide(&ForwardedRequest { fields: &fields, original, peer_trusted, route_name: None, client: ClientSource::Unknown }).0.is_ok();
        // There is no token here, so only a preflight of a trusted proxy may pass.
        let preflight = peer_trusted && matches!(original.method, Field::Once(b"OPTIONS"));
        prop_assert!(!permitted || preflight, "{fields:?}");
    });
}

const HEADER_MEMBERS: [&str; 9] = [
    "alg", "kid", "typ", "cty", "crit", "b64", "zip", "jwk", "x5c",
];
const CLAIMS: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "scope",
    "scp",
    "client_id",
    "azp",
    "cnf",
    "a",
];

/// The token with these members of header and claims set otherwise.
fn with_members(token: TokenBuilder, header: &Value, claims: &Value) -> TokenBuilder {
    let (header, claims) = (header.as_object().unwrap(), claims.as_object().unwrap());
    let token = header.iter().fold(token, |token, (name, value)| {
        token.header(name, value.clone())
    });
    claims.iter().fold(token, |token, (name, value)| {
        token.claim(name, value.clone())
    })
}

/// An object with some of these members, each of any value.
fn any_members(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(proptest::sample::select(names), any_json(), 0..3)
        .prop_map(|members| json!(members))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!("")),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![Just("b".to_owned()), Just("c".to_owned()), ".{0,4}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

#[derive(Debug, Clone)]
enum AnyField {
    Absent,
    Once(Vec<u8>),
    Repeated,
}

impl AnyField {
    fn as_field(&self) -> Field<'_> {
        match self {
            Self::Absent => Field::Absent,
            Self::Once(value) => Field::Once(value),
            Self::Repeated => Field::Repeated,
        }
    }
}

fn any_field() -> impl Strategy<Value = AnyField> {
    let start = proptest::sample::select(
        &[
            "",
            "Bearer ",
            "bearer",
            "Token ",
            "Basic ",
            "session=",
            "a=b; session=",
            "OPTIONS",
            "GET",
            "https://",
        ][..],
    );
    let once = (start, vec(any::<u8>(), 0..40), any::<bool>()).prop_map(|(start, rest, whole)| {
        let rest = if whole { Vec::new() } else { rest };
        AnyField::Once([start.as_bytes(), &rest].concat())
    });
    prop_oneof![1 => Just(AnyField::Absent), 4 => once, 1 => Just(AnyField::Repeated)]
}

#[derive(Debug)]
struct AnyFields(Vec<(&'static str, AnyField)>);

impl HeaderFields for AnyFields {
    fn field(&self, name: &str) -> Field<'_> {
        let found = self
            .0
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or(Field::Absent, |(_, field)| field.as_field())
    }
}

fn any_fields() -> impl Strategy<Value = AnyFields> {
    let names = [
        "authorization",
        "x-token",
        "x-other",
        "cookie",
        "origin",
        "access-control-request-method",
    ];
    vec(any_field(), names.len())
        .prop_map(move |fields| AnyFields(names.into_iter().zip(fields).collect()))
}
