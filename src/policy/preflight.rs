//! CORS preflight requests (Fetch standard, section 3.2.2).

use crate::domain::{
    Denial, Explain, ExplainStep, Field, ForwardedRequest, RequestContext, RequestMethod,
};

/// The decision about a CORS preflight. Browsers send it without credentials, by rule.
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
    /// Returns whether the request is a preflight that passes without credentials.
    ///
    /// Fails if the proxy did not describe the method, because then a preflight cannot be
    /// recognized.
    pub(super) fn lets_pass(
        self,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<bool, Denial> {
        if self == Self::Judged {
            return Ok(false);
        }
        let method = RequestMethod::from_field(cx.request.original.method);
        let method = cx.explain.outcome("method", method, || {
            ("known, to tell a preflight", cx.request.original.method)
        })?;
        let is_preflight = method.as_str() == "OPTIONS"
            && has(cx.request, "origin")
            && has(cx.request, "access-control-request-method");
        if is_preflight {
            cx.explain
                .step(|| ExplainStep::passed("preflight", "passes without a token", "a preflight"));
        }
        Ok(is_preflight)
    }
}

fn has(request: &ForwardedRequest<'_>, name: &str) -> bool {
    matches!(request.fields.field(name), Field::Once(value) if !value.is_empty())
}
