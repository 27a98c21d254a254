//! Decisions about requests that are described and not sent.

use super::transcript::Transcript;
use crate::domain::{Denial, DescribedParts, DescribedRequest, RequestContext};
use crate::extract::TokenPlace;
use crate::gate::{DecisionRecord, Gate};
use crate::policy::Permit;

impl Gate {
    /// Decides about a request that is described.
    pub async fn decide_described(
        &self,
        described: &DescribedRequest,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide(&described.forwarded(&self.parts(described)), record)
            .await
    }

    /// Explains the decision about such a request.
    pub async fn explain_described(&self, described: &DescribedRequest) -> Transcript {
        let parts = self.parts(described);
        self.explain(&described.forwarded(&parts), described.online)
            .await
    }

    /// Explains the decision about such a request to somebody who has not shown to be the operator:
    /// no other service is asked, no password is compared, and nothing of a user's row is shown.
    pub async fn explain_described_to_stranger(&self, described: &DescribedRequest) -> Transcript {
        let parts = self.parts(described);
        self.explain_to_stranger(&described.forwarded(&parts)).await
    }

    /// Returns its parts, with the token in the first source of the route.
    fn parts(&self, described: &DescribedRequest) -> DescribedParts {
        let mut parts = described.parts();
        if let Some(token) = &described.token {
            let without_token = described.forwarded(&parts);
            // Where no route is found, no source is looked at.
            let mut cx = RequestContext {
                request: &without_token,
                now: self.clock.moment(),
                cost_limit: None,
                explain: &mut (),
            };
            match self
                .policy
                .select(&mut cx)
                .ok()
                .and_then(|selected| selected.rules.sources.place(token))
            {
                Some(TokenPlace::Field(name, value)) => parts.set_field(name, value),
                Some(TokenPlace::Parameter(parameter)) => parts.add_parameter(&parameter),
                None => {}
            }
        }
        parts
    }
}
