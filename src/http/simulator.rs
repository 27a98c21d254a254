//! Simulates the service for described requests, without sockets.

use crate::domain::{DescribedRequest, RouteIndex};
use crate::gate::{DecisionRecord, Gate, Transcript};
use crate::http::{Dialect, Responder};
use crate::telemetry::Outcome;

/// The service without sockets, logs and metrics. It decides and answers as the service does.
pub struct Simulator {
    /// The gate that decides.
    pub gate: Gate,
    /// The responder that turns decisions into responses.
    pub responder: Responder,
    /// The dialect of the proxy.
    pub dialect: Dialect,
}

/// A response as a proxy would receive it, with the decision behind it.
#[derive(Debug)]
pub struct SimulatedAnswer {
    /// The outcome of the decision.
    pub outcome: Outcome,
    /// The route that the request took, if it took one.
    pub route: Option<RouteIndex>,
    /// The HTTP status code.
    pub status: u16,
    /// The header fields, their names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Simulator {
    /// Explains the decision about this request, with the challenge of a denial.
    pub async fn explain(&self, described: &DescribedRequest) -> Transcript {
        self.gate
            .explain_described(described)
            .await
            .with_challenge(&self.responder.denials)
    }

    /// Returns the response that the verify listener would send.
    pub async fn simulate(&self, described: &DescribedRequest) -> SimulatedAnswer {
        let mut record = DecisionRecord::default();
        let decision = self.gate.decide_described(described, &mut record).await;
        let response = self
            .responder
            .respond(&decision, self.dialect, record.route);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = response.headers().iter();
        SimulatedAnswer {
            outcome: DecisionRecord::outcome(&decision),
            route: record.route,
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
        }
    }
}
