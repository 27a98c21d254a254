//! The service `envoy.service.auth.v3.Authorization`, whose one method is `Check`.

use std::sync::Arc;

use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse};

use super::answer::response_to;
use super::connection::Peer;
use super::described::Described;
use crate::domain::{ForwardedRequest, Reason};
use crate::gate::{DecisionService, LoggedRequest};
use crate::telemetry::{UnusableKind, UnusableRequest};

/// Returns the decision service of the active configuration.
pub type CurrentDecisionService = Arc<dyn Fn() -> Arc<DecisionService> + Send + Sync>;

/// The `Check` method. It decides about the client's request that Envoy describes.
pub struct CheckService {
    current: CurrentDecisionService,
}

impl CheckService {
    /// Creates a service that decides each request with the current decision service.
    pub fn new(current: CurrentDecisionService) -> Self {
        Self { current }
    }

    /// Decides about the described request. A peer of unknown address is not trusted.
    pub(super) async fn check(&self, request: &CheckRequest, peer: Option<Peer>) -> CheckResponse {
        // One configuration for the whole request, even if it changes meanwhile.
        let decisions = (self.current)();
        let peer_trusted = peer.is_some_and(|peer| peer.is_trusted(&decisions.trusted));
        let described = Described::of(request);
        let forwarded = ForwardedRequest {
            fields: &described,
            original: described.original(),
            peer_trusted,
            route_name: described.route_name(),
            client: described.client(),
        };
        let logged = || LoggedRequest {
            original: forwarded.original,
            peer: peer.and_then(Peer::address),
        };
        let decided = decisions.decide(&forwarded, logged).await;
        if let Err(denial) = &decided.decision {
            report_refusal(&decisions, peer, denial.reason());
        }
        response_to(&decisions, &decided)
    }
}

/// Counts a request that was refused because of how it describes the original request, and warns
/// of it.
fn report_refusal(decisions: &DecisionService, peer: Option<Peer>, reason: Reason) {
    let (kind, hint) = match reason {
        Reason::ForwardedHeadersUntrusted => (
            UnusableKind::UntrustedPeer,
            "add the network of this peer to `trusted_proxies`, if it is your proxy",
        ),
        Reason::ForwardedHeadersMissing => (
            UnusableKind::NotDescribed,
            "have Envoy send `attributes.request.http`, as ext_authz by gRPC does",
        ),
        _ => return,
    };
    let peer = peer.and_then(Peer::address);
    let now = decisions.gate.clock.uptime();
    let unusable = &decisions.metrics.unusable;
    let request = UnusableRequest {
        kind,
        peer,
        path: None,
    };
    unusable.report(request, now, || hint.to_owned());
}
