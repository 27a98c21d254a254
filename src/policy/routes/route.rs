//! One route.

use super::{HostPattern, Methods, PathPattern, RouteName};
use crate::domain::{Reason, RequestParts, RouteIndex};
use crate::policy::Rules;

/// A route: the requests that it is for, and their rules.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name.
    pub name: RouteName,
    /// Its position among the routes.
    pub index: RouteIndex,
    /// The hosts that it matches; all if `None`.
    pub host: Option<HostPattern>,
    /// The paths that it matches; all if `None`, and then the path may even be unknown.
    pub path: Option<PathPattern>,
    /// The methods that it matches; all if `None`.
    pub methods: Option<Methods>,
    /// `true` if a path may have parameters (`/a;b=c`). They are not compared, so allow them only if
    /// the application ignores them too.
    pub allow_path_parameters: bool,
    /// The rules for these requests.
    pub rules: Rules,
}

/// The verdict of a route on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteVerdict {
    /// The route matches the request.
    Matches,
    /// The route does not match. This is the first part that differs.
    Differs(RoutePart),
    /// The route needs this part of the request, which is unknown or ambiguous, for this reason.
    Refuses(RoutePart, Reason),
}

/// A part of a request that a route looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutePart {
    /// The host.
    Host,
    /// The path.
    Path,
    /// The method.
    Method,
}

impl Route {
    pub(super) fn compare(&self, request: &RequestParts<'_>) -> RouteVerdict {
        let parts = [
            (RoutePart::Host, self.is_for_host(request)),
            (RoutePart::Path, self.is_for_path(request)),
            (RoutePart::Method, self.is_for_method(request)),
        ];
        let verdicts = parts.into_iter().map(|(part, agrees)| match agrees {
            Ok(true) => RouteVerdict::Matches,
            Ok(false) => RouteVerdict::Differs(part),
            Err(reason) => RouteVerdict::Refuses(part, reason),
        });
        let mut objections = verdicts.filter(|verdict| *verdict != RouteVerdict::Matches);
        objections.next().unwrap_or(RouteVerdict::Matches)
    }

    /// Returns whether any part of the request is looked at.
    pub fn needs_request(&self) -> bool {
        !self.is_for_everything() || self.rules.needs_request()
    }

    /// Returns whether it matches every request.
    pub const fn is_for_everything(&self) -> bool {
        self.host.is_none() && self.path.is_none() && self.methods.is_none()
    }

    fn is_for_host(&self, request: &RequestParts<'_>) -> Result<bool, Reason> {
        let Some(pattern) = &self.host else {
            return Ok(true);
        };
        request
            .host
            .as_ref()
            .map(|host| pattern.matches(host))
            .map_err(|reason| *reason)
    }

    fn is_for_path(&self, request: &RequestParts<'_>) -> Result<bool, Reason> {
        let Some(pattern) = &self.path else {
            return Ok(true);
        };
        let path = request.path.as_ref().map_err(|reason| *reason)?;
        if path.has_parameters() && !self.allow_path_parameters {
            return Err(Reason::ForwardedHeadersAmbiguous);
        }
        Ok(pattern.matches(path))
    }

    pub(super) fn is_for_method(&self, request: &RequestParts<'_>) -> Result<bool, Reason> {
        let Some(methods) = &self.methods else {
            return Ok(true);
        };
        request.method.map(|method| methods.contains(method))
    }
}
