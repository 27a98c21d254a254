//! A decision aloud.

mod described_request;
mod hints;
mod transcript;

pub use transcript::Transcript;

use super::Gate;
use super::record::DecisionRecord;
use crate::domain::ForwardedRequest;
use transcript::Steps;

impl Gate {
    /// Tells how a decision about this request comes about: it is made as for a proxy, with
    /// everything told on the way. It neither reads nor fills the token cache, counts nothing, and
    /// has nothing fetched.
    pub async fn explain(&self, request: &ForwardedRequest<'_>) -> Transcript {
        let (mut record, mut told) = (DecisionRecord::default(), Steps::default());
        let decision = self.decide_explained(request, &mut record, &mut told).await;
        Transcript::new(
            told,
            decision.err().map(|denial| (denial, record.route)),
            record.reported,
        )
    }
}
