//! The parsed parts of the original request.

use super::OriginalRequest;
use super::host::RequestHost;
use super::method::RequestMethod;
use super::path::RequestPath;
use crate::domain::Reason;

/// The parts of the original request that routes and conditions use: each is parsed, or carries the
/// reason why it cannot be.
///
/// A part that failed to parse does not matter to a rule that does not use it. A rule that uses it
/// denies the request for this reason.
#[derive(Debug, Clone)]
pub struct RequestParts<'a> {
    /// The method.
    pub method: Result<RequestMethod<'a>, Reason>,
    /// The host.
    pub host: Result<RequestHost<'a>, Reason>,
    /// The path.
    pub path: Result<RequestPath<'a>, Reason>,
}

impl<'a> RequestParts<'a> {
    /// Parses each part that the proxy reports.
    pub fn parse(original: &OriginalRequest<'a>) -> Self {
        Self {
            method: RequestMethod::from_field(original.method),
            host: RequestHost::from_field(original.host),
            path: RequestPath::from_field(original.uri),
        }
    }
}
