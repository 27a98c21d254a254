//! A permit means a good signature, met expectations and met requirements; a denial names the first
//! flaw in the order of `docs/behaviour.md`.

use std::sync::{Arc, OnceLock};

use doorward::jose::{Algorithm, SigningKey};
use proptest::prelude::*;
use serde_json::json;

use super::{Judgement, Subject, cases, good, trusted};
use crate::support::{TestClock, TokenBuilder, key};

/// A token in the making, and the text behind its claims.
struct Draft {
    token: TokenBuilder,
    behind: &'static str,
    now: i64,
}

/// One way to spoil a token. Of two flaws in the same place a token has one.
struct Flaw {
    place: &'static str,
    reason: &'static str,
    spoil: fn(Draft) -> Draft,
}

const fn flaw(place: &'static str, reason: &'static str, spoil: fn(Draft) -> Draft) -> Flaw {
    Flaw {
        place,
        reason,
        spoil,
    }
}

/// All flaws, in the order in which they are checked.
const FLAWS: &[Flaw] = &[
    flaw("crit", "header_critical_unsupported", |draft| {
        draft.header("crit", json!(["exp"]))
    }),
    flaw("b64", "token_malformed", |draft| {
        draft.header("b64", json!(false))
    }),
    flaw("payload", "claim_invalid", |draft| Draft {
        behind: ",",
        ..draft
    }),
    flaw("iss", "issuer_unknown", |draft| {
        draft.claim("iss", json!("https://other.example"))
    }),
    flaw("iss", "issuer_unknown", |draft| draft.without("iss")),
    flaw("alg", "algorithm_not_allowed", |draft| {
        draft
            .header("alg", json!("EdDSA"))
            .signed_by(key(Algorithm::EdDSA))
    }),
    flaw("kid", "key_unknown", |draft| {
        draft.header("kid", json!("nobody's"))
    }),
    flaw("signature", "signature_invalid", |draft| {
        draft.signed_by(stranger())
    }),
    flaw("typ", "token_type_mismatch", |draft| {
        draft.header("typ", json!("secevent+jwt"))
    }),
    // A time that is no number counts like any other.
    flaw("exp", "claim_invalid", |draft| {
        draft.claim("exp", json!("soon"))
    }),
    flaw("nbf", "claim_invalid", |draft| {
        draft.claim("nbf", json!(null))
    }),
    flaw("iat", "claim_invalid", |draft| {
        draft.claim("iat", json!({}))
    }),
    flaw("exp", "token_expired", |draft| draft.time("exp", 0)),
    flaw("exp", "claim_missing", |draft| draft.without("exp")),
    flaw("nbf", "token_not_yet_valid", |draft| draft.time("nbf", 1)),
    flaw("iat", "token_issued_in_future", |draft| {
        draft.time("iat", 1)
    }),
    flaw("iat", "claim_missing", |draft| draft.without("iat")),
    flaw("iat", "token_too_old", |draft| draft.time("iat", -3601)),
    flaw("sub", "claim_invalid", |draft| draft.claim("sub", json!(1))),
    flaw("cnf", "proof_missing", |draft| {
        draft.claim("cnf", json!({"jkt": "x"}))
    }),
    flaw("tenant", "claim_missing", |draft| draft.without("tenant")),
    flaw("role", "policy_denied", |draft| {
        draft.claim("role", json!(["user"]))
    }),
    flaw("scope", "claim_invalid", |draft| {
        draft.claim("scope", json!(["read", 1]))
    }),
    flaw("aud", "audience_mismatch", |draft| {
        draft.claim("aud", json!(["app"]))
    }),
    flaw("aud", "audience_mismatch", |draft| {
        draft.claim("aud", json!(["api", 1]))
    }),
    flaw("aud", "audience_mismatch", |draft| draft.without("aud")),
    flaw("scope", "scope_insufficient", |draft| {
        draft.claim("scope", json!("write"))
    }),
    flaw("email", "claim_headers_too_large", |draft| {
        draft.claim("email", json!("e".repeat(4096)))
    }),
];

#[test]
fn no_flaw_passes_and_each_alone_is_named() {
    assert_eq!(judged(&[]), Ok(permit()));
    for flaw in FLAWS {
        assert_eq!(judged(&[flaw]), Err(flaw.reason), "{}", flaw.place);
    }
}

#[test]
fn of_every_two_flaws_the_first_is_named() {
    for (position, first) in FLAWS.iter().enumerate() {
        for second in FLAWS[position + 1..]
            .iter()
            .filter(|second| second.place != first.place)
        {
            assert_eq!(
                judged(&[first, second]),
                Err(first.reason),
                "{} and {}",
                first.place,
                second.place
            );
        }
    }
}

#[test]
fn of_any_flaws_the_first_is_named_and_without_one_it_is_a_permit() {
    proptest!(cases(512), |(chosen in proptest::sample::subsequence((0..FLAWS.len()).collect::<Vec<_>>(), 0..8))| {
        let mut flaws: Vec<&Flaw> = Vec::new();
        for flaw in chosen.iter().map(|position| &FLAWS[*position]) {
            if flaws.iter().all(|other| other.place != flaw.place) {
                flaws.push(flaw);
            }
        }
        prop_assert_eq!(judged(&flaws), flaws.first().map_or_else(|| Ok(permit()), |first| Err(first.reason)));
    });
}

/// The verdict about a token with these flaws.
fn judged(flaws: &[&Flaw]) -> Judgement {
    let (key, subject) = fixture();
    let draft = flaws
        .iter()
        .fold(Draft::good(key, &subject.clock), |draft, flaw| {
            (flaw.spoil)(draft)
        });
    let payload = format!("{}{}", draft.token.claims_text(), draft.behind);
    subject.verdict(draft.token.sign_payload(payload))
}

/// The claim headers of a token without a flaw.
fn permit() -> Vec<String> {
    ["alice", "read write", "a@example.com"]
        .map(str::to_owned)
        .to_vec()
}

/// One for all tests here: nothing of it changes, and no token is seen twice but the good one.
fn fixture() -> (&'static Arc<SigningKey>, &'static Subject) {
    static FIXTURE: OnceLock<(Arc<SigningKey>, Subject)> = OnceLock::new();
    let (key, subject) = FIXTURE.get_or_init(|| {
        let (key, settings) = trusted(Algorithm::ES256);
        let settings = settings
            .set("LEEWAY", "0s")
            .set("MAX_TOKEN_AGE", "1h")
            .set("REQUIRED_CLAIMS", "tenant,role=admin")
            .set("REQUIRED_SCOPES", "read")
            .set("CLAIM_HEADERS", "sub=X-Sub,scope=X-Scope,email=X-Email");
        (key, Subject::new(&settings, &TestClock::new()))
    });
    (key, subject)
}

/// A key of the same algorithm that is not trusted.
fn stranger() -> Arc<SigningKey> {
    static STRANGER: OnceLock<Arc<SigningKey>> = OnceLock::new();
    STRANGER
        .get_or_init(|| Arc::new(SigningKey::generate(Algorithm::ES256).unwrap()))
        .clone()
}

impl Draft {
    fn good(key: &Arc<SigningKey>, clock: &TestClock) -> Self {
        let token = good(key, clock)
            .claim("nbf", clock.secs())
            .claim("exp", clock.secs() + 1)
            .claim("iat", clock.secs() - 3600)
            .claim("tenant", "t")
            .claim("role", json!(["user", "admin"]))
            .claim("scope", "read write")
            .claim("email", "a@example.com");
        Self {
            token,
            behind: "",
            now: clock.secs(),
        }
    }

    fn header(self, name: &str, value: serde_json::Value) -> Self {
        Self {
            token: self.token.header(name, value),
            ..self
        }
    }

    fn claim(self, name: &str, value: serde_json::Value) -> Self {
        Self {
            token: self.token.claim(name, value),
            ..self
        }
    }

    /// A time, counted from now.
    fn time(self, name: &str, seconds: i64) -> Self {
        let time = self.now + seconds;
        self.claim(name, time.into())
    }

    fn without(self, name: &str) -> Self {
        Self {
            token: self.token.without(name),
            ..self
        }
    }

    fn signed_by(self, key: Arc<SigningKey>) -> Self {
        Self {
            token: self.token.signed_by(key),
            ..self
        }
    }
}
