//! The original request, taken apart.

use super::OriginalRequest;
use super::host::RequestHost;
use super::method::RequestMethod;
use super::path::RequestPath;
use crate::domain::Reason;

/// The parts of the original request by which routes and conditions judge: each is known, or it is
/// known why not.
///
/// A part that is not known harms nobody who does not look at it. Whoever does refuses the request
/// for this reason.
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
    /// Judges what the proxy says.
    pub fn parse(original: &OriginalRequest<'a>) -> Self {
        Self {
            method: RequestMethod::from_field(original.method),
            host: RequestHost::from_field(original.host),
            path: RequestPath::from_field(original.uri),
        }
    }
}
