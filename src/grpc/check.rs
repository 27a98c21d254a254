//! `envoy.service.auth.v3.Authorization`, whose one method is `Check`.

use std::sync::Arc;

use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse};

use super::answer::answer;
use super::connection::Peer;
use super::described::Described;
use crate::domain::ForwardedRequest;
use crate::gate::DecisionService;

/// Gives the decisions of the configuration that is in force.
pub type CurrentDecisionService = Arc<dyn Fn() -> Arc<DecisionService> + Send + Sync>;

/// What the gRPC listener works with.
pub struct CheckService {
    current_door: CurrentDecisionService,
}

impl CheckService {
    /// Asks this decisions.
    pub fn new(current_door: CurrentDecisionService) -> Self {
        Self { current_door }
    }

    /// Answers a question. A peer that cannot be told is not trusted.
    pub(super) async fn check(&self, question: &CheckRequest, peer: Option<Peer>) -> CheckResponse {
        // One configuration for the whole request, whatever comes meanwhile.
        let decisions = (self.current_door)();
        let peer_trusted = peer.is_some_and(|peer| peer.is_trusted(&decisions.trusted));
        let described = Described::of(question);
        let forwarded = ForwardedRequest {
            fields: &described,
            original: described.original(),
            peer_trusted,
            route_name: described.route_name(),
        };
        let decided = decisions.decide(&forwarded, || forwarded.original).await;
        answer(&decisions, &decided)
    }
}
