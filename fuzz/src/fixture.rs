//! The service without its web server: settings as an operator writes them, a shared secret, and
//! time that stands still.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use doorward::app::offline_gate;
use doorward::config::Configuration;
use doorward::domain::{
    ClientSource, Clock, Denial, Field, ForwardedRequest, HeaderFields, Moment, OriginalRequest,
    Timestamp, Uptime,
};
use doorward::gate::{DecisionRecord, Gate};
use doorward::jose::{Algorithm, SigningKey, encode_base64url};
use doorward::policy::Permit;

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "fuzz";
pub const NOW: i64 = 1_780_000_000;

/// A secret that guards nothing.
pub const SECRET: &str = "doorward's fuzz targets sign with this one; it is nobody's secret";

/// The gate of the default settings and these, with a shared secret and without token cache.
pub fn gate(further: &[(&str, &str)]) -> Gate {
    let settings = [
        ("ISSUER", ISSUER),
        ("AUDIENCE", AUDIENCE),
        ("HMAC_SECRET", SECRET),
        ("TOKEN_CACHE_CAPACITY", "0"),
    ];
    let pairs = settings
        .iter()
        .chain(further)
        .map(|(name, value)| (format!("DOORWARD_{name}").into(), value.into()));
    let configuration = Configuration::from_environment(pairs).unwrap();
    offline_gate(configuration, Arc::new(StoppedClock)).expect("a secret is not fetched")
}

/// These bytes as the payload of a token that the gates' secret signed.
pub fn signed(payload: &[u8]) -> String {
    signed_with_header(r#"{"alg":"HS256"}"#, payload)
}

/// The same with this header.
pub fn signed_with_header(header: &str, payload: &[u8]) -> String {
    let input = format!("{}.{}", encode_base64url(header), encode_base64url(payload));
    format!("{input}.{}", signature(&input))
}

/// The signature of the gates' secret on this text, in base64url.
pub fn signature(input: &str) -> String {
    let key = SigningKey::secret(Algorithm::HS256, SECRET.as_bytes());
    encode_base64url(key.signature(input.as_bytes()).unwrap())
}

/// What the gate says to this token, presented as the usual bearer token.
pub fn present(gate: &Gate, token: &str) -> Result<Permit, Denial> {
    let fields = Fields(vec![(
        b"authorization".to_vec(),
        format!("Bearer {token}").into_bytes(),
    )]);
    decide(
        gate,
        &ForwardedRequest {
            fields: &fields,
            original: OriginalRequest::UNKNOWN,
            peer_trusted: false,
            route_name: None,
            client: ClientSource::Unknown,
        },
    )
}

/// What the gate says to this request.
pub fn decide(gate: &Gate, request: &ForwardedRequest<'_>) -> Result<Permit, Denial> {
    let mut record = DecisionRecord::default();
    at_once(gate.decide(request, &mut record))
}

/// The output of a future that waits for nothing.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("keys that are not fetched are there"),
    }
}

/// Header fields in their order.
pub struct Fields(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    /// All values of the fields of this name.
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        let same = self
            .0
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        same.map(|(_, value)| value.as_slice()).collect()
    }
}

impl HeaderFields for Fields {
    fn field(&self, name: &str) -> Field<'_> {
        match self.all(name)[..] {
            [] => Field::Absent,
            [only] => Field::Once(only),
            _ => Field::Repeated,
        }
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(NOW)
    }

    fn uptime(&self) -> Uptime {
        Uptime::new(Duration::ZERO)
    }

    fn reach(&self, _: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}
