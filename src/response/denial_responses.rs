//! The responses to denials, made once for all protocols.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use serde_json::json;

use super::challenge::{Challenges, error};
use super::challenge_schemes::ChallengeSchemes;
use crate::config::{CustomDenial, DenialKey, DenialSettings, RouteDenials};
use crate::domain::{Denial, DenialClass, Reason, RouteIndex};
use crate::policy::{AcceptedSchemes, RouteName};

/// Keys are fetched again within seconds: a client that comes back then finds them, or learns that
/// it takes longer.
const RETRY_AFTER_SECONDS: &str = "5";

/// The responses to denials.
pub struct DenialResponses {
    defaults: HashMap<Reason, DefaultResponse>,
    /// For a reason without an answer. There is none, and if there were one it would be denied.
    otherwise: DefaultResponse,
    general: Overrides,
    /// Those of routes that have their own, by route.
    of_routes: HashMap<RouteIndex, Overrides>,
    /// The `resource_metadata` of routes that have their own, by route.
    resources: HashMap<RouteIndex, Box<str>>,
    /// The routes with denials of their own, by name.
    by_name: HashMap<RouteName, RouteIndex>,
    settings: DenialSettings,
    schemes: ChallengeSchemes,
}

/// The response to one denial.
#[derive(Debug)]
pub struct DenialResponse<'a> {
    /// The status of the reason.
    pub default_status: u16,
    /// The status that was configured, or the usual one.
    pub status: u16,
    /// The body that was configured, or the usual one; JSON.
    pub body: &'a Bytes,
    /// `/policy/NAME` of the route whose own denial it is; empty for a general one.
    pub policy: &'a str,
    /// The code of the reason.
    pub code: &'static str,
    /// The challenges, each for a field line of its own; none if the denial has no challenge.
    pub challenges: Cow<'a, [Bytes]>,
    /// The time after which to come back, in seconds, if that may help.
    pub retry_after: Option<Cow<'static, str>>,
}

impl DenialResponse<'_> {
    /// Returns all challenges as one field line (RFC 9110 section 11.6.1), for a proxy that hands
    /// on one line only.
    pub fn challenge_line(&self) -> Option<Bytes> {
        match &*self.challenges {
            [] => None,
            [challenge] => Some(challenge.clone()),
            several => Some(several.join(&b", "[..]).into()),
        }
    }
}

/// The response to a denial where the configuration has none.
struct DefaultResponse {
    status: u16,
    body: Bytes,
    challenges: Box<[Bytes]>,
}

/// The configured responses, for all routes or for one. There may be thousands of these: they hold
/// what was written and no more.
struct Overrides {
    policy: String,
    list: Box<[(DenialKey, Override)]>,
}

/// The configured response to some denials.
struct Override {
    status: Option<u16>,
    body: Option<Bytes>,
}

impl DenialResponses {
    /// Makes the responses as they are configured, in general and for these routes.
    pub fn new(
        settings: DenialSettings,
        of_routes: HashMap<RouteIndex, RouteDenials>,
        schemes: ChallengeSchemes,
    ) -> Self {
        let (mut own_denials, mut by_name, mut resources) =
            (HashMap::new(), HashMap::new(), HashMap::new());
        for (route, own) in of_routes {
            resources.extend(
                own.resource_metadata
                    .map(|url| (route, url.into_boxed_str())),
            );
            if let Some(denials) = own.denials {
                own_denials.insert(
                    route,
                    Overrides::new(format!("/policy/{}", own.name), &denials),
                );
                by_name.insert(own.name, route);
            }
        }
        Self {
            defaults: Reason::ALL
                .iter()
                .map(|reason| (*reason, DefaultResponse::new(*reason, &settings)))
                .collect(),
            otherwise: DefaultResponse::new(Reason::DependencyUnavailable, &settings),
            general: Overrides::new(String::new(), &settings.denials),
            of_routes: own_denials,
            resources,
            by_name,
            settings,
            schemes,
        }
    }

    /// Returns the route of this name, if it has denials of its own.
    pub fn route_named(&self, route_name: &str) -> Option<RouteIndex> {
        self.by_name
            .get(&RouteName::parse(route_name).ok()?)
            .copied()
    }

    /// Returns the response to this denial, on this route if there was one.
    pub fn response_to(&self, denial: &Denial, route: Option<RouteIndex>) -> DenialResponse<'_> {
        let own = route
            .and_then(|route| self.of_routes.get(&route))
            .unwrap_or(&self.general);
        let defaults = self
            .defaults
            .get(&denial.reason())
            .unwrap_or(&self.otherwise);
        let default_status = denial.status();
        let found = own.find(denial.reason(), default_status);
        DenialResponse {
            default_status,
            status: found
                .and_then(|found| found.status)
                .unwrap_or(defaults.status),
            body: found
                .and_then(|found| found.body.as_ref())
                .unwrap_or(&defaults.body),
            policy: &own.policy,
            code: denial.code(),
            challenges: self.challenges(&defaults.challenges, denial, route),
            retry_after: retry_after(denial),
        }
    }

    /// Returns the default challenges, unless scopes, the metadata or the schemes of the route
    /// change them.
    fn challenges<'a>(
        &self,
        defaults: &'a [Bytes],
        denial: &Denial,
        route: Option<RouteIndex>,
    ) -> Cow<'a, [Bytes]> {
        let own_resource = route.and_then(|route| self.resources.get(&route));
        let schemes = self.schemes.on(route);
        let is_usual = own_resource.is_none()
            && denial.required_scopes().is_none()
            && schemes == AcceptedSchemes::BEARER;
        if defaults.is_empty() || is_usual {
            return defaults.into();
        }
        let challenges = Challenges {
            realm: &self.settings.realm,
            resource_metadata: own_resource
                .map(AsRef::as_ref)
                .or(self.settings.resource_metadata.as_deref()),
            schemes,
        };
        challenges.of(denial).into_vec().into()
    }
}

impl DefaultResponse {
    fn new(reason: Reason, settings: &DenialSettings) -> Self {
        let has_challenge =
            reason.class() == DenialClass::Unauthenticated || reason == Reason::ScopeInsufficient;
        Self {
            status: reason.status(),
            body: default_body(reason).into(),
            challenges: if has_challenge {
                let challenges = Challenges {
                    realm: &settings.realm,
                    resource_metadata: settings.resource_metadata.as_deref(),
                    schemes: AcceptedSchemes::BEARER,
                };
                challenges.of(&reason.into())
            } else {
                Box::default()
            },
        }
    }
}

impl Overrides {
    fn new(policy: String, denials: &[(DenialKey, CustomDenial)]) -> Self {
        let found = |found: &CustomDenial| Override {
            status: found.status,
            body: found.body.as_ref().map(|body| body.to_string().into()),
        };
        Self {
            policy,
            list: denials
                .iter()
                .map(|(key, denial)| (*key, found(denial)))
                .collect(),
        }
    }

    /// Finds the configured response for this reason: the most specific wins.
    fn find(&self, reason: Reason, default_status: u16) -> Option<&Override> {
        [
            DenialKey::Reason(reason),
            DenialKey::Status(default_status),
            DenialKey::Every,
        ]
        .iter()
        .find_map(|wanted| self.list.iter().find(|(key, _)| key == wanted))
        .map(|(_, found)| found)
    }
}

/// Returns the time after which to come back, in seconds: that of the denial, or a usual one where
/// this service has to recover.
fn retry_after(denial: &Denial) -> Option<Cow<'static, str>> {
    let own = denial
        .retry_after()
        .map(|seconds| seconds.to_string().into());
    let usual =
        || (denial.class() == DenialClass::Unavailable).then_some(RETRY_AFTER_SECONDS.into());
    own.or_else(usual)
}

fn default_body(reason: Reason) -> String {
    // Where RFC 6750 has no error code, RFC 6749 section 4.1.2.1 has a fitting one.
    let usual_error = match reason.class() {
        DenialClass::Unavailable | DenialClass::Limited => "temporarily_unavailable",
        DenialClass::Unauthenticated => error(reason).unwrap_or("access_denied"),
        DenialClass::Forbidden if reason == Reason::ScopeInsufficient => "insufficient_scope",
        DenialClass::Forbidden => "access_denied",
    };
    json!({"error": usual_error, "error_description": reason.meaning(), "code": reason.code()})
        .to_string()
}
