//! Floor 0: the words of the RFCs, shared by every room above.
//!
//! Nothing here does I/O, reads a clock or knows a web framework.

mod authority;
mod claim_path;
mod clock;
mod denial;
mod described_request;
mod loopback;
mod moment;
mod notes;
mod reason;
mod request;
mod request_host;
mod request_method;
mod request_parts;
mod request_path;
mod request_query;
mod scopes;
mod time;
mod token;
mod visible;

pub use authority::Authority;
pub use claim_path::{ClaimPath, ClaimPathError};
pub use clock::Clock;
pub use denial::Denial;
pub use described_request::{DescribedParts, DescribedRequest};
pub use loopback::{is_loopback, is_loopback_name};
pub use moment::{Moment, Uptime};
pub use notes::{Finding, FindingOutcome, Notes};
pub use reason::{Reason, Turn, reason_reference};
pub use request::{Field, ForwardedRequest, HeaderFields, Original};
pub use request_host::RequestHost;
pub use request_method::RequestMethod;
pub use request_parts::RequestParts;
pub use request_path::RequestPath;
pub use request_query::RequestQuery;
pub use scopes::Scopes;
pub use time::{InvalidTime, Timestamp};
pub use token::{BearerToken, PresentedToken};
pub use visible::{is_unseen, may_hold_secret, may_hold_token, shown_path, visible_json};
