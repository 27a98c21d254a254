//! Reads the body of an answer: JSON (RFC 7662), or a signed JWT (RFC 9701).

use std::sync::Arc;
use std::time::Duration;

use super::verdict::{KeptAnswer, Verdict};
use crate::config::IntrospectionResponse;
use crate::domain::{BearerToken, Moment};
use crate::issuers::{Issuer, KeyStore};
use crate::jose::{Algorithms, CompactJws};
use crate::verify::{IntrospectionAnswer, SignedAnswer};

/// The keys that verify signed answers of one issuer.
#[derive(Clone)]
pub struct AnswerKeys {
    store: Arc<KeyStore>,
    algorithms: Algorithms,
    leeway: Duration,
}

impl AnswerKeys {
    /// Takes these keys, for these algorithms. The clocks of the issuer and of this service may
    /// differ by `leeway`.
    pub const fn new(store: Arc<KeyStore>, algorithms: Algorithms, leeway: Duration) -> Self {
        Self {
            store,
            algorithms,
            leeway,
        }
    }

    /// Returns the keys of this issuer.
    pub fn of(issuer: &Issuer) -> Self {
        Self {
            store: issuer.keys.clone(),
            algorithms: issuer.algorithms.clone(),
            leeway: issuer.profile.expectations.time.leeway,
        }
    }
}

/// The moments of a question and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// The time at which the issuer was asked. An answer is kept from then on.
    pub asked_at: Moment,
    /// The time at which the answer was there. A signed one must not have been made later.
    pub answered_at: Moment,
}

/// Reads an answer. Fails with what is wrong with it, without anything of its content.
pub async fn read_answer(
    body: Vec<u8>,
    response: &IntrospectionResponse,
    keys: &AnswerKeys,
    exchange: Exchange,
) -> Result<Verdict, String> {
    let text = match response {
        IntrospectionResponse::Json => {
            String::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?
        }
        IntrospectionResponse::Jwt { client_id, issuer } => {
            let expected = SignedAnswer {
                issuer,
                client_id,
                leeway: keys.leeway,
            };
            verified(&body, &expected, keys, exchange.answered_at).await?
        }
    };
    match IntrospectionAnswer::parse(text) {
        Ok(IntrospectionAnswer::Active(active)) => {
            Ok(Verdict::Active(KeptAnswer::new(&active, exchange.asked_at)))
        }
        Ok(IntrospectionAnswer::Inactive) => Ok(Verdict::Inactive),
        Err(unreadable) => Err(unreadable.to_string()),
    }
}

/// Returns the answer in a JWT that a key of the issuer signed for this service.
async fn verified(
    body: &[u8],
    expected: &SignedAnswer<'_>,
    keys: &AnswerKeys,
    now: Moment,
) -> Result<String, String> {
    let unsigned = |reason: &dyn std::fmt::Display| format!("no signed answer: {reason}");
    let jws = BearerToken::parse(body.trim_ascii(), body.len())
        .map_err(|denial| unsigned(&denial))
        .and_then(|jwt| CompactJws::parse(jwt).map_err(|reason| unsigned(&reason.meaning())))?;
    let algorithm = jws.header().algorithm();
    if !keys.algorithms.contains(algorithm) {
        return Err(format!(
            "the answer is signed with {algorithm}, which is not allowed"
        ));
    }
    let id = jws.header().key_id();
    let found = keys.store.candidates(id, algorithm, true, now).await;
    let (candidates, _) = found.map_err(|denial| unsigned(&denial.reason().meaning()))?;
    let signed = jws.into_signed(&candidates);
    let signed = signed.map_err(|reason| unsigned(&reason.meaning()))?;
    expected.open(&signed, now.date).map_err(str::to_owned)
}
