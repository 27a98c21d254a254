//! What holds for every input, asked of the decision itself: no sockets, so that thousands of
//! inputs are cheap.

mod caching;
mod explanation;
mod flaws;
mod no_panic;
mod rendering;
mod tampering;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use doorward::app::offline_gate;
use doorward::domain::{
    ClientSource, Denial, DenialClass, Field, ForwardedRequest, HeaderFields, OriginalRequest,
    StepOutcome, Verdict,
};
use doorward::gate::{DecisionRecord, Gate, Transcript};
use doorward::jose::{Algorithm, Family, SigningKey, encode_base64url};
use doorward::policy::Permit;
use doorward::telemetry::CacheUse;
use proptest::test_runner::Config;

use crate::support::{GateBuilder, TestClock, TestGate, TokenBuilder, key};

const ISSUER: &str = "https://idp.example";

/// The values of the claim headers, or the reason of the denial.
type Judgement = Result<Vec<String>, &'static str>;

/// The gate of a service, without the service.
struct Subject {
    gate: Gate,
    clock: TestClock,
}

impl Subject {
    /// With these settings, whose one issuer has its keys in them.
    fn new(settings: &GateBuilder, clock: &TestClock) -> Self {
        let configuration = settings
            .configuration()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let gate = offline_gate(configuration, Arc::new(clock.clone()))
            .expect("the keys are in the settings");
        Self {
            gate,
            clock: clock.clone(),
        }
    }

    fn verdict(&self, token: impl AsRef<[u8]>) -> Judgement {
        self.verdict_and_cache_use(token).0
    }

    /// The verdict, and whether the token cache knew the token.
    fn verdict_and_cache_use(&self, token: impl AsRef<[u8]>) -> (Judgement, bool) {
        let fields = Bearer([b"Bearer ", token.as_ref()].concat());
        self.decide(&ForwardedRequest {
            fields: &fields,
            original: OriginalRequest::UNKNOWN,
            peer_trusted: false,
            route_name: None,
            client: ClientSource::Unknown,
        })
    }

    fn decide(&self, request: &ForwardedRequest<'_>) -> (Judgement, bool) {
        let mut record = DecisionRecord::default();
        let decision = ready(self.gate.decide(request, &mut record));
        // With an explanation it is the same decision, whatever the property.
        assert_agreement(&decision, &ready(self.gate.explain(request, false)));
        let text = |value: &bytes::Bytes| String::from_utf8(value.to_vec()).unwrap();
        let verdict = decision.map(|permit| {
            permit
                .claim_values()
                .map_while(|value| value.map(text))
                .collect()
        });
        (
            verdict.map_err(|denial| denial.code()),
            matches!(record.authentication.cache, CacheUse::Hit),
        )
    }
}

/// The transcript comes to this decision, by its last stage; its texts are bounded.
fn assert_agreement(decision: &Result<Permit, Denial>, told: &Transcript) {
    let expected = match decision {
        Err(denial) if denial.class() == DenialClass::Unavailable => {
            (Verdict::Error, denial.code())
        }
        Err(denial) => (Verdict::Deny, denial.code()),
        Ok(permit) => permit.reported().map_or((Verdict::Allow, "ok"), |reason| {
            (Verdict::WouldDeny, reason.code())
        }),
    };
    assert_eq!((told.verdict, told.reason), expected, "{told:?}");
    let (last, earlier) = told.stages.split_last().expect("there are always stages");
    assert_eq!(
        last.outcome == StepOutcome::Failed,
        told.reason != "ok",
        "{told:?}"
    );
    assert!(
        earlier
            .iter()
            .all(|stage| stage.outcome != StepOutcome::Failed),
        "{told:?}"
    );
    // A control character is written as an escape of at most eight.
    let is_bounded =
        |text: &String| text.chars().count() <= 256 * 8 + 1 && !text.contains(char::is_control);
    assert!(
        told.stages
            .iter()
            .all(|stage| is_bounded(&stage.expected) && is_bounded(&stage.found)),
        "{told:?}"
    );
}

/// An `Authorization` field and nothing else.
struct Bearer(Vec<u8>);

impl HeaderFields for Bearer {
    fn field(&self, name: &str) -> Field<'_> {
        if name == "authorization" {
            Field::Once(&self.0)
        } else {
            Field::Absent
        }
    }
}

/// What a future that never has to wait comes to.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits, with all keys there"),
    }
}

/// A key for this algorithm, and the settings of a service that trusts it and nothing else.
fn trusted(algorithm: Algorithm) -> (Arc<SigningKey>, GateBuilder) {
    let settings = TestGate::new()
        .set("ISSUER", ISSUER)
        .set("AUDIENCE", "api")
        .set("ALGORITHMS", algorithm.name());
    if algorithm.family() == Family::Secret {
        let secret = [7; 64];
        let settings = settings
            .set("HMAC_SECRET", encode_base64url(secret))
            .set("HMAC_SECRET_ENCODING", "base64");
        return (Arc::new(SigningKey::secret(algorithm, &secret)), settings);
    }
    let key = key(algorithm);
    let jwks = serde_json::json!({"keys": [key.to_public_jwk(None)]}).to_string();
    (key, settings.set("JWKS", jwks))
}

/// A good token by this key, in the making.
fn good(key: &Arc<SigningKey>, clock: &TestClock) -> TokenBuilder {
    let token = TokenBuilder::new(key.clone(), ISSUER, clock.secs());
    if key.id().is_some() {
        token
    } else {
        token.without_header("kid")
    }
}

/// So many cases, whatever the environment says, and no file beside the tests.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}
