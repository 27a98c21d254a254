//! Decisions about requests in words, for whoever wants to know what would become of them.

use super::{DecisionRecord, Gate, Transcript};
use crate::domain::{Denial, DescribedFields, DescribedRequest};
use crate::policy::Permit;

impl Gate {
    /// Decides about such a request.
    pub async fn decide_described(
        &self,
        described: &DescribedRequest,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide(&described.forwarded(&self.fields(described)), record).await
    }

    /// Tells how a decision about such a request comes about.
    pub async fn explain_described(&self, described: &DescribedRequest) -> Transcript {
        self.explain(&described.forwarded(&self.fields(described))).await
    }

    /// Its header fields, with the token where it is looked for.
    fn fields(&self, described: &DescribedRequest) -> DescribedFields {
        let mut fields = described.fields();
        if let Some(token) = &described.token {
            let without_token = described.forwarded(&fields);
            // Where no way is found nobody looks for a token.
            let place = self.policy.way(&without_token).ok().and_then(|way| way.rules.sources.place(token));
            if let Some((name, value)) = place {
                fields.set(name, value);
            }
        }
        fields
    }
}
