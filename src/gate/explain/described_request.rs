//! Decisions about requests in words, for whoever wants to know what would become of them.

use super::transcript::Transcript;
use crate::domain::{Denial, DescribedParts, DescribedRequest, RequestContext};
use crate::extract::TokenPlace;
use crate::gate::{DecisionRecord, Gate};
use crate::policy::Permit;

impl Gate {
    /// Decides about such a request.
    pub async fn decide_described(
        &self,
        described: &DescribedRequest,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide(&described.forwarded(&self.parts(described)), record)
            .await
    }

    /// Tells how a decision about such a request comes about.
    pub async fn explain_described(&self, described: &DescribedRequest) -> Transcript {
        self.explain(&described.forwarded(&self.parts(described)))
            .await
    }

    /// Its parts, with the token where it is looked for.
    fn parts(&self, described: &DescribedRequest) -> DescribedParts {
        let mut parts = described.parts();
        if let Some(token) = &described.token {
            let without_token = described.forwarded(&parts);
            // Where no way is found nobody looks for a token.
            let mut cx = RequestContext {
                request: &without_token,
                now: self.clock.moment(),
                may_cost: true,
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
