//! CORS preflight requests (Fetch standard, section 3.2.2).

use super::Permit;
use crate::domain::{Denial, Explain, ExplainStep, Field, ForwardedRequest, RequestMethod};

/// Whether a CORS preflight passes without a token. Browsers send it without one, by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preflight {
    /// It passes, with all identity headers empty.
    Allowed,
    /// It is a request like any other, and the original request is not looked at.
    Judged,
}

impl From<bool> for Preflight {
    fn from(is_allowed: bool) -> Self {
        if is_allowed {
            Self::Allowed
        } else {
            Self::Judged
        }
    }
}

impl Preflight {
    pub(super) fn decide(
        self,
        request: &ForwardedRequest<'_>,
        explain: &mut impl Explain,
    ) -> Result<Option<Permit>, Denial> {
        if self == Self::Judged {
            return Ok(None);
        }
        let method = RequestMethod::from_field(request.original.method);
        let method = explain.outcome("method", method, || {
            ("known, to tell a preflight", request.original.method)
        })?;
        let is_preflight = method.as_str() == "OPTIONS"
            && has(request, "origin")
            && has(request, "access-control-request-method");
        if is_preflight {
            explain
                .step(|| ExplainStep::passed("preflight", "passes without a token", "a preflight"));
        }
        Ok(is_preflight.then(Permit::anonymous))
    }
}

fn has(request: &ForwardedRequest<'_>, name: &str) -> bool {
    matches!(request.fields.field(name), Field::Once(value) if !value.is_empty())
}
