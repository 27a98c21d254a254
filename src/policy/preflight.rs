//! CORS preflight requests (Fetch standard, section 3.2.2).

use super::Permit;
use crate::domain::{Denial, Field, ForwardedRequest, Reason};

/// Whether a CORS preflight passes without a token. Browsers send it without one, by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preflight {
    /// It passes, with all identity headers empty.
    Allowed,
    /// It is a request like any other, and the original request is not looked at.
    Judged,
}

impl Preflight {
    pub(super) fn settle(self, request: &ForwardedRequest<'_>) -> Result<Option<Permit>, Denial> {
        if self == Self::Judged {
            return Ok(None);
        }
        // Anyone could say "this is an OPTIONS request"; only a proxy of ours is believed.
        if !request.peer_trusted {
            return Err(Reason::ForwardedHeadersUntrusted.into());
        }
        let is_preflight =
            method(request)? == b"OPTIONS" && has(request, "origin") && has(request, "access-control-request-method");
        Ok(is_preflight.then(Permit::for_nobody))
    }
}

fn method<'a>(request: &ForwardedRequest<'a>) -> Result<&'a [u8], Denial> {
    match request.original.method {
        Field::Once(method) if !method.is_empty() && method.iter().all(u8::is_ascii_graphic) => Ok(method),
        Field::Absent => Err(Reason::ForwardedHeadersMissing.into()),
        Field::Once(_) | Field::Repeated => Err(Reason::ForwardedHeadersAmbiguous.into()),
    }
}

fn has(request: &ForwardedRequest<'_>, name: &str) -> bool {
    matches!(request.fields.field(name), Field::Once(value) if !value.is_empty())
}
