//! Layer 0: the vocabulary of the RFCs, which all other modules share.
//!
//! Nothing here does I/O, reads a clock or depends on a web framework.

mod claim_path;
mod clock;
mod credential;
mod credential_scheme;
mod denial;
mod explain;
mod index;
mod loopback;
mod moment;
mod printable;
mod readable_time;
mod reason;
mod request;
mod request_context;
mod scopes;
mod time;

pub use claim_path::{ClaimPath, ClaimPathError};
pub use clock::Clock;
pub use credential::{BearerToken, Credential};
pub use credential_scheme::{CredentialForm, CredentialScheme};
pub use denial::Denial;
pub use explain::{Explain, ExplainStep, StepOutcome};
pub use index::{IssuerIndex, RouteIndex, SourceIndex};
pub use loopback::{is_loopback, is_loopback_name};
pub use moment::{Moment, Uptime};
pub use printable::{
    before_encoded_query, is_invisible, may_hold_secret, may_hold_token, shown_path, shown_url,
    visible_json, visible_text,
};
pub use readable_time::TimeDistance;
pub use reason::{DenialClass, Reason, reason_reference};
pub use request::{
    Authority, ClientSource, DescribedParts, DescribedRequest, Field, ForwardedRequest,
    HeaderFields, OriginalRequest, RequestHost, RequestMethod, RequestParts, RequestPath,
    RequestQuery, parse_address,
};
pub use request_context::{CostLimit, LimitedBy, RequestContext};
pub use scopes::Scopes;
pub use time::{InvalidTime, Timestamp};
