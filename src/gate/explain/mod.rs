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
        self.explain_by(request, Steps::for_operator(is_online))
            .await
    }

    /// Explains the decision to somebody who has not shown to be the operator: no other service is
    /// asked, no password is compared, and nothing of a user's row is shown.
    pub(super) async fn explain_to_stranger(&self, request: &ForwardedRequest<'_>) -> Transcript {
        let transcript = self.explain_by(request, Steps::for_stranger()).await;
        transcript.without_rows()
    }

    async fn explain_by(&self, request: &ForwardedRequest<'_>, mut steps: Steps) -> Transcript {
        let mut record = DecisionRecord::default();
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
