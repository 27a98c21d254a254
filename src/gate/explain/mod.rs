//! Decisions that are explained.

mod described_request;
mod transcript;

pub(super) use transcript::Steps;
pub use transcript::Transcript;

use super::Gate;
use super::record::DecisionRecord;
use crate::domain::ForwardedRequest;
use transcript::HintContext;

impl Gate {
    /// Explains the decision about this request. It is made by the code that decides for a proxy,
    /// but it neither reads nor fills the token cache, counts nothing, and fetches no keys of tokens.
    ///
    /// Other services are asked only if `is_online` is `true`. Otherwise the verdict is `unknown` if
    /// the decision needs them.
    pub async fn explain(&self, request: &ForwardedRequest<'_>, is_online: bool) -> Transcript {
        let (mut record, mut steps) = (DecisionRecord::default(), Steps::default());
        steps.is_online = is_online;
        let decision = self
            .decide_explained(request, &mut record, &mut steps)
            .await;
        let context = self.hint_context(&record);
        Transcript::new(steps, decision, record.route, context)
    }

    /// Returns what hints about this decision may name.
    pub(super) fn hint_context(&self, record: &DecisionRecord) -> HintContext<'_> {
        let issuer = record.authentication.issuer;
        let issuer = issuer.and_then(|index| self.issuers().at(index));
        HintContext {
            issuer: issuer.map(|issuer| &**issuer),
            issuers: self.issuers(),
        }
    }
}
