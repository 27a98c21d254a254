//! Floor 1: what a verified token may do, and what the application behind the proxy gets to know about it.

mod claim_headers;
mod decimal;
mod permit;
mod preflight;
mod principal;
mod render;
mod requirement;
mod routes;
mod scope_requirement;

use std::sync::Arc;

pub use claim_headers::{ClaimEncoding, ClaimHeader, ClaimHeaders};
pub use permit::Permit;
pub use preflight::Preflight;
pub use principal::Principal;
pub use requirement::{AnyScope, ClaimRequirement, ClaimRule, ClaimValue, Requirement, TextPattern, TextPatternError};
pub use routes::{
    Access, HostPattern, Methods, PathPattern, Route, RouteName, RouteNameError, RoutePart, RoutePatternError,
    RouteTable, RouteTableError, RouteVerdict,
};
pub use scope_requirement::ScopeRequirement;

use crate::domain::{Denial, ForwardedRequest, Timestamp};
use crate::verify::TimeRules;

/// The rules that hold for every request.
#[derive(Debug)]
pub struct Policy {
    /// Whether a CORS preflight passes without a token.
    pub preflight: Preflight,
}

impl Policy {
    /// What is settled without looking at a token: a denial, a permit, or nothing yet.
    pub fn settle_without_token(&self, request: &ForwardedRequest<'_>) -> Result<Option<Permit>, Denial> {
        self.preflight.settle(request)
    }

    /// Judges what may have changed since the token was verified: time, and what this request asks for.
    pub fn authorize(
        &self,
        principal: Arc<Principal>,
        time: &TimeRules,
        required: &ScopeRequirement,
        now: Timestamp,
    ) -> Result<Permit, Denial> {
        time.judge(principal.validity(), now)?;
        required.judge(principal.scopes())?;
        Ok(Permit::for_principal(principal))
    }
}
