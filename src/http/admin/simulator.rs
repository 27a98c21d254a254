//! The service without sockets, for questions that nobody has asked yet.

use crate::domain::DescribedRequest;
use crate::gate::{DecisionRecord, Gate, Transcript};
use crate::http::{Dialect, Responder};
use crate::telemetry::Outcome;

/// The service without sockets, logs and metrics.
pub struct Simulator {
    /// What decides.
    pub gate: Gate,
    /// What makes answers of decisions.
    pub responder: Responder,
    /// How the proxy speaks.
    pub dialect: Dialect,
}

/// What a proxy would get to see, and why.
#[derive(Debug)]
pub struct SimulatedAnswer {
    /// What came of the request.
    pub outcome: Outcome,
    /// The position of the route that it took.
    pub route: Option<usize>,
    /// The status.
    pub status: u16,
    /// The header fields, their names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Simulator {
    /// Tells how a decision about such a request comes about, with the challenge that goes with it.
    pub async fn explain(&self, described: &DescribedRequest) -> Transcript {
        self.gate
            .explain_described(described)
            .await
            .with_challenge(&self.responder.denials)
    }

    /// What the verify listener would answer.
    pub async fn answer(&self, described: &DescribedRequest) -> SimulatedAnswer {
        let mut record = DecisionRecord::default();
        let decision = self.gate.decide_described(described, &mut record).await;
        let response = self.responder.answer(&decision, self.dialect, record.route);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = response.headers().iter();
        SimulatedAnswer {
            outcome: record.outcome(&decision),
            route: record.route,
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
        }
    }
}
