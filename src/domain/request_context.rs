//! What a decision is about.

use super::{Explain, ForwardedRequest, Moment};

/// What a decision is about: every stage of it takes this.
///
/// The fields are public. A closure that explains a stage borrows one of them while `explain` is
/// borrowed mutably, and a method would borrow all of them.
pub struct RequestContext<'a, E: Explain> {
    /// The request, as the proxy describes it.
    pub request: &'a ForwardedRequest<'a>,
    /// The time of the decision, read once.
    pub now: Moment,
    /// Says that expensive work may be done for this request: authenticating a credential that is
    /// not in the cache. Where it is `false`, such a credential is refused unseen.
    ///
    /// A limit on failed requests of a client address would set it, and deny with 429.
    pub may_cost: bool,
    /// Takes the steps of the decision.
    pub explain: &'a mut E,
}
