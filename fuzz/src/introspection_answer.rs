//! Bytes as the answer of an introspection endpoint, as plain JSON and as a signed JWT: only an
//! answer that says so clearly makes a token active, and for no longer than it says.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use doorward::authenticators::opaque::{AnswerKeys, Exchange, KeptAnswer, Verdict, read_answer};
use doorward::config::IntrospectionResponse;
use doorward::domain::{Moment, Timestamp, Uptime};
use doorward::issuers::KeyStore;
use doorward::jose::{Algorithm, Algorithms, Claims, KeySet, VerificationKey};
use doorward::platform::StoppedClock;
use doorward::verify::{
    AcceptedAudience, ActiveToken, AudienceMatch, AudienceRule, Expectations, IntrospectionAnswer,
    TimeRules, TokenKindRule,
};

use super::claims::{LEEWAY, NOW_SECONDS, is_scope_list, names_us, seconds};
use super::fixture::{AUDIENCE, ISSUER, NOW, SECRET, at_once, signature, signed_with_header};
use super::json::Json;

/// The largest answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The id of the service at the issuer, for which signed answers are.
const CLIENT: &str = "svc";

/// The longest time since a signed answer was made, without leeway.
const MAX_AGE: f64 = 60.0;

const HEADER: &str = r#"{"alg":"HS256","typ":"token-introspection+jwt"}"#;

/// The event of a log-out token (`OpenID` Connect Back-Channel Logout 1.0 section 2.4).
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The end of the token that an answer completes.
const OWN_END: i64 = NOW + 60;

/// Judges the bytes as an answer in JSON, as the payload of a signed answer, and as a signed answer.
pub fn check(data: &[u8]) {
    if data.len() > MAX_ANSWER_BYTES {
        return;
    }
    check_json(data);
    check_payload(data);
    check_jwt(data);
}

fn check_json(data: &[u8]) {
    let answer = Json::strict_object(data);
    let verdict = read(data, &IntrospectionResponse::Json);
    let kept = assert_verdict(verdict, answer.as_ref(), data);
    if let (Some(kept), Some(answer)) = (kept, answer) {
        // Only the white space around it is left out.
        assert_eq!(kept.text.as_bytes(), data.trim_ascii());
        check_active(&kept, &answer);
    }
}

/// Only a JWT with all of this is opened, whoever has signed it.
fn check_payload(data: &[u8]) {
    let is_ours = |audience: &Json| audience.text() == Some(CLIENT);
    let is_for_us = |claims: &Json| match claims.get("aud") {
        Some(Json::Array(all)) => all.iter().any(is_ours),
        audience => audience.is_some_and(is_ours),
    };
    let is_of_now = |claims: &Json| {
        let floor = |at: f64| (at * 1000.0).floor() / 1000.0;
        let earliest = NOW_SECONDS - MAX_AGE - LEEWAY;
        seconds(claims, "iat").is_ok_and(|at| at.is_some_and(|at| at <= NOW_SECONDS + LEEWAY))
            && number(claims, "iat").is_some_and(|at| floor(at) >= earliest)
    };
    let claims = Json::strict_object(data).filter(|claims| {
        claims.get("iss").and_then(Json::text) == Some(ISSUER)
            && is_for_us(claims)
            && is_of_now(claims)
    });
    let answer = claims
        .as_ref()
        .and_then(|claims| claims.get("token_introspection"));
    let answer = answer.filter(|answer| matches!(answer, Json::Object(_)));
    let jwt = signed_with_header(HEADER, data);
    let verdict = read(jwt.as_bytes(), &expected());
    if let (Some(kept), Some(answer)) = (assert_verdict(verdict, answer, data), answer) {
        check_active(&kept, answer);
    }
}

/// The bytes may be a signed answer only if somebody with the secret has signed them.
fn check_jwt(data: &[u8]) {
    if read(data, &expected()).is_err() {
        return;
    }
    let jwt = std::str::from_utf8(data).unwrap().trim_ascii();
    let (input, signed) = jwt.rsplit_once('.').unwrap();
    assert_eq!(
        signature(input),
        signed,
        "an answer without a signature counts"
    );
}

/// Active and inactive are what says exactly that; everything else is no answer. Returns the answer
/// about an active token.
fn assert_verdict(
    verdict: Result<Verdict, String>,
    answer: Option<&Json>,
    data: &[u8],
) -> Option<KeptAnswer> {
    let stated = match answer.and_then(|answer| answer.get("active")) {
        Some(Json::Boolean(stated)) => Some(*stated),
        _ => None,
    };
    let data = data.escape_ascii();
    match (verdict, stated) {
        (Ok(Verdict::Active(kept)), Some(true)) => Some(kept),
        (Ok(Verdict::Inactive), Some(false)) | (Err(_), None) => None,
        (Ok(Verdict::Active(_)), _) => panic!("active: {data}"),
        (Ok(Verdict::Inactive), _) => panic!("not active: {data}"),
        (Err(problem), _) => panic!("{problem}: {data}"),
    }
}

/// The answer is over at its `exp`, and the token is judged by what the answer says.
fn check_active(kept: &KeptAnswer, answer: &Json) {
    let end = number(answer, "exp");
    assert_eq!(kept.ends.is_some(), end.is_some());
    if let (Some(kept), Some(end)) = (kept.ends, end) {
        assert_floor(kept, end);
    }
    let active = || match IntrospectionAnswer::parse(kept.text.as_ref().to_owned()) {
        Ok(IntrospectionAnswer::Active(active)) => active,
        _ => panic!("read twice, and not the same"),
    };
    check_kind(&active(), answer);
    check_issuer(active(), answer);
    check_claims(active(), answer);
    check_completed(&active(), answer);
}

/// Never later than the number says, and a millisecond earlier at most, as far as the clock goes.
#[allow(clippy::cast_precision_loss)] // the margin is that of a double
fn assert_floor(kept: Timestamp, end: f64) {
    let (kept, end) = (kept.as_millis() as f64, end * 1000.0);
    let limit = i64::MAX as f64;
    let end = end.clamp(-limit, limit);
    let margin = end.abs() * f64::EPSILON;
    assert!(kept <= end + margin, "kept beyond its end: {kept}, {end}");
    assert!(kept > end - 1.0 - margin, "kept too short: {kept}, {end}");
}

/// Only access tokens, whatever the letters' case.
fn check_kind(active: &ActiveToken, answer: &Json) {
    let is = |name: &str, accepted: &[&str]| {
        answer.stated(name).is_none_or(|kind| {
            kind.text()
                .is_some_and(|kind| accepted.contains(&&*kind.to_ascii_lowercase()))
        })
    };
    let urn = "urn:ietf:params:oauth:token-type:access_token";
    let is_access = is("token_use", &["access", "access_token"])
        && is("token_type", &["bearer", "dpop", "access_token", urn])
        && is("typ", &["bearer", "dpop", "jwt", "at+jwt"]);
    let token_type = answer.stated("token_type").and_then(Json::text);
    let is_bound = token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
    let key = answer.get("cnf").and_then(|cnf| cnf.get("jkt"));
    let names_key = key.and_then(Json::text).is_some_and(|key| !key.is_empty());
    for require_token_type in [false, true] {
        let rule = TokenKindRule { require_token_type };
        let passes = is_access
            && (!is_bound || names_key)
            && (!require_token_type || answer.stated("token_type").is_some());
        assert_eq!(rule.validate(active.claims(), &mut ()).is_ok(), passes);
    }
}

/// An answer without issuer gets the one that was asked, and loses nothing.
fn check_issuer(active: ActiveToken, answer: &Json) {
    let named = active.of_issuer(ISSUER);
    let named = Json::strict_object(named.claims().all().as_written().as_bytes()).unwrap();
    if answer.stated("iss").is_some() {
        assert_eq!(named, *answer);
    } else {
        assert_eq!(named.get("iss").and_then(Json::text), Some(ISSUER));
        assert_eq!(others(&named, &["iss"]), others(answer, &["iss"]));
    }
}

/// The token passes if and only if its claims are in order at this time.
fn check_claims(active: ActiveToken, answer: &Json) {
    let ahead = NOW_SECONDS + LEEWAY;
    let events = answer.get("events");
    let passes = seconds(answer, "exp")
        .is_ok_and(|exp| exp.is_none_or(|exp| exp > NOW_SECONDS - LEEWAY))
        && ["nbf", "iat"]
            .iter()
            .all(|name| seconds(answer, name).is_ok_and(|at| at.is_none_or(|at| at <= ahead)))
        && answer
            .stated("sub")
            .is_none_or(|subject| subject.text().is_some())
        && answer.get("cnf").is_none()
        && events.is_none_or(|events| events.get(LOGOUT).is_none())
        && is_scope_list(answer.stated("scope").or_else(|| answer.stated("scp")));
    let rules = &*EXPECTATIONS;
    match rules.validate_active(active, Timestamp::from_secs(NOW), &mut ()) {
        Ok(verified) => {
            assert!(passes, "let in: {answer:?}");
            let audience = verified.validate_audience(&rules.audience, None, &mut ());
            assert_eq!(audience.is_ok(), names_us(answer.stated("aud")));
        }
        Err(denial) => assert!(!passes, "{}: {answer:?}", denial.code()),
    }
}

/// What an answer adds to a JWT: never another identity, and never a later end.
fn check_completed(active: &ActiveToken, answer: &Json) {
    let own = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"alice","client_id":"web","exp":{OWN_END}}}"#
    );
    let token = Claims::stated(own.clone()).unwrap();
    let own = Json::strict_object(own.as_bytes()).unwrap();
    let differs = |name: &str, own: &str| {
        answer
            .stated(name)
            .is_some_and(|stated| stated.text() != Some(own))
    };
    let client = if answer.stated("client_id").is_some() {
        "client_id"
    } else {
        "azp"
    };
    let end = seconds(answer, "exp");
    let contradicts =
        differs("iss", ISSUER) || differs("sub", "alice") || differs(client, "web") || end.is_err();
    let Ok(merged) = active.merged_into(&token) else {
        assert!(contradicts, "no contradiction in {answer:?}");
        return;
    };
    assert!(!contradicts, "a contradiction in {answer:?}");
    let merged = Json::strict_object(merged.all().as_written().as_bytes()).unwrap();
    for (name, value) in others(&own, &["exp"]) {
        assert_eq!(merged.get(name), Some(value), "{name}");
    }
    let added = others(
        answer,
        &["active", "exp", "azp", "iss", "aud", "sub", "client_id"],
    );
    for (name, value) in &added {
        assert_eq!(merged.get(name), Some(*value), "{name}");
    }
    assert_eq!(others(&merged, &[]).len(), 5 + added.len());
    let own_end = seconds(&own, "exp").unwrap().unwrap();
    let earlier = end.unwrap().unwrap_or(own_end).min(own_end);
    assert_eq!(seconds(&merged, "exp"), Ok(Some(earlier)));
}

/// The members but for these.
fn others<'a>(object: &'a Json, names: &[&str]) -> Vec<(&'a str, &'a Json)> {
    let Json::Object(members) = object else {
        panic!("not an object")
    };
    members
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !names.contains(name))
        .collect()
}

fn number(claims: &Json, name: &str) -> Option<f64> {
    match claims.get(name) {
        Some(Json::Number(number)) => number.parse().ok(),
        _ => None,
    }
}

fn read(data: &[u8], response: &IntrospectionResponse) -> Result<Verdict, String> {
    let now = Moment {
        date: Timestamp::from_secs(NOW),
        uptime: Uptime::new(Duration::ZERO),
    };
    let exchange = Exchange {
        asked_at: now,
        answered_at: now,
    };
    at_once(read_answer(data.to_vec(), response, &KEYS, exchange))
}

fn expected() -> IntrospectionResponse {
    IntrospectionResponse::Jwt {
        client_id: CLIENT.to_owned(),
        issuer: ISSUER.to_owned(),
    }
}

const LEEWAY_TIME: Duration = Duration::from_secs(30);

static KEYS: LazyLock<AnswerKeys> = LazyLock::new(|| {
    let key = VerificationKey::secret(Algorithm::HS256, SECRET.as_bytes()).unwrap();
    let store = KeyStore::fixed(
        KeySet::of_any_id(vec![key]),
        Arc::new(StoppedClock(Timestamp::from_secs(NOW))),
    );
    let algorithms = Algorithms::new(vec![Algorithm::HS256]);
    AnswerKeys::new(Arc::new(store), algorithms, LEEWAY_TIME)
});

static EXPECTATIONS: LazyLock<Expectations> = LazyLock::new(|| Expectations {
    audience: AudienceRule {
        accepted: AcceptedAudience::Listed {
            names: vec![AUDIENCE.to_owned()],
            quantity: AudienceMatch::Any,
        },
        fallback: Vec::new(),
    },
    time: TimeRules {
        leeway: LEEWAY_TIME,
        require_exp: true,
        max_token_age: None,
    },
    ..Expectations::none()
});
