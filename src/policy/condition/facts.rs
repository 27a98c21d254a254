//! The facts that requirements are checked against.

use cel::common::types::{CelString, CelTimestamp};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use chrono::{DateTime, FixedOffset};

use super::claim_values::ClaimValues;
use super::failure::ConditionFailure;
use super::pattern::{self, Pattern};
use super::static_check::Reads;
use crate::domain::{ForwardedRequest, Reason, RequestParts, Timestamp};
use crate::policy::{Principal, UserRow};

/// A condition reads no longer text of the request: what a loop over the claims does with it, it
/// does in each round, and anybody can send a path of 100 KiB.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// The facts that requirements are checked against.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// The row of the user in the directory, if one was looked up.
    pub user: Option<&'a UserRow>,
    /// The request.
    pub request: &'a ForwardedRequest<'a>,
    /// The time.
    pub now: Timestamp,
}

/// The variables of a condition, by the names under which it reads them.
pub(super) struct Variables<'a> {
    claims: &'a ClaimValues,
    user: &'a ClaimValues,
    method: Option<CelString<'a>>,
    host: Option<CelString<'a>>,
    path: Option<CelString<'a>>,
    now: CelTimestamp,
    patterns: &'a [Pattern],
}

impl<'a> Variables<'a> {
    /// These facts, as far as a condition reads them.
    pub(super) fn of(
        facts: &Facts<'a>,
        reads: Reads,
        allow_path_parameters: bool,
        patterns: &'a [Pattern],
    ) -> Result<Self, ConditionFailure> {
        let claims = facts.principal.values().ok_or(ConditionFailure::Claims)?;
        let now = date_time(facts.now).ok_or(ConditionFailure::Time)?;
        // Without a row there is still a `user`, which has no columns: `has(user.role)` is false.
        let user = match facts.user.filter(|_| reads.user) {
            Some(row) => row.values().ok_or(ConditionFailure::User)?,
            None => ClaimValues::none(),
        };
        let mut variables = Self {
            claims,
            user,
            method: None,
            host: None,
            path: None,
            now: CelTimestamp::from(now),
            patterns,
        };
        if reads.request() {
            let parts = RequestParts::parse(&facts.request.original);
            if reads.method {
                variables.method = Some(text("method", parts.method?.as_str())?);
            }
            if reads.host {
                variables.host = Some(text("host", parts.host?.as_str())?);
            }
            if reads.path {
                let path = parts.path?;
                // A server that does not know parameters sees another path.
                if path.has_parameters() && !allow_path_parameters {
                    return Err(Reason::ForwardedHeadersAmbiguous.into());
                }
                variables.path = Some(text("path", path.as_str())?);
            }
        }
        Ok(variables)
    }
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        match name {
            "claims" => Some(self.claims.as_val()),
            "user" => Some(self.user.as_val()),
            "now" => Some(CowVal::Borrowed(&self.now)),
            "request.method" => self.method.as_ref().map(borrowed),
            "request.host" => self.host.as_ref().map(borrowed),
            "request.path" => self.path.as_ref().map(borrowed),
            other => pattern::number(other)
                .and_then(|number| self.patterns.get(number))
                .map(|own| CowVal::Borrowed(own)),
        }
    }
}

fn text(part: &'static str, text: &str) -> Result<CelString<'static>, ConditionFailure> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ConditionFailure::TooLong {
            part,
            bytes: text.len(),
            most: MAX_TEXT_BYTES,
        });
    }
    Ok(text.to_owned().into())
}

fn borrowed<'b>(text: &'b CelString<'_>) -> CowVal<'b, 'b> {
    CowVal::Borrowed(text)
}

fn date_time(time: Timestamp) -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp(time.as_secs(), 0).map(Into::into)
}
