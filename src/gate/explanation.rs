//! A decision once more, slowly and aloud.
//!
//! It calls what [`Gate::decide`] calls, in the same order; a property test holds both to the same outcome. It neither reads
//! nor fills the token cache, counts nothing, and has nothing fetched.

use std::sync::Arc;

use super::Gate;
use super::transcript::{Stages, Transcript};
use crate::domain::{BearerToken, Denial, Field, ForwardedRequest, Reason, RequestParts, Timestamp};
use crate::issuers::{Issuer, KeySnapshot};
use crate::jose::{Algorithm, Claims, CompactJws, Json, SignedJws, StatedIssuer, decode_base64url};
use crate::policy::{Facts, Permit, Policy, Principal, RoutePart, RouteVerdict, Rules};
use crate::verify::VerifiedToken;

/// Of long lists this many are told.
const MAX_TOLD: usize = 20;

impl Gate {
    /// Tells how a decision about this request comes about.
    pub async fn explain(&self, request: &ForwardedRequest<'_>) -> Transcript {
        let mut stages = Stages::default();
        let way =
            stages.note("route", expected_route(&self.policy, request), described(request), self.policy.way(request));
        let way = match way {
            Ok(way) => way,
            Err(denial) => return stages.finish(&Err(denial), false),
        };
        let decision = self.tell(request, way.rules, &mut stages).await;
        stages.finish(&decision, way.rules.only_report())
    }

    async fn tell(&self, request: &ForwardedRequest<'_>, rules: &Rules, stages: &mut Stages) -> Result<Permit, Denial> {
        let now = self.clock.now();
        let settled = rules.settle_without_token(request);
        if let Some(permit) = stages.note("access", "anything but denied", rules.access, settled)? {
            return Ok(permit);
        }
        let token = match rules.sources.extract(request) {
            Ok(token) => token,
            Err(denial) => {
                let outcome = rules.settle_missing_token(denial);
                return stages.note("token", &rules.sources, "no token that can be used", outcome);
            }
        };
        let token = token.as_bearer();
        let found = format!("a token of {} bytes", token.as_bytes().len());
        stages.note("token", &rules.sources, found, Ok::<_, Denial>(()))?;
        let (issuer, token) = self.tell_token(token, rules, now, stages).await?;
        let principal = Arc::new(Principal::new(token, &self.verifier.claim_headers));
        self.tell_requirements(issuer, &principal, rules, request, now, stages)
    }

    async fn tell_token(
        &self,
        token: BearerToken<'_>,
        rules: &Rules,
        now: Timestamp,
        stages: &mut Stages,
    ) -> Result<(&Arc<Issuer>, VerifiedToken), Denial> {
        let jws =
            stages.note("form", "a compact JWS (RFC 7515)", header_as_written(token), CompactJws::parse(token))?;
        let stated = stated_issuer(&jws);
        let issuer = self.verifier.issuers.find(jws.unverified_claims()).ok_or(Reason::IssuerUnknown);
        let issuer = stages.note("issuer", self.known_issuers(), stated, issuer)?;
        stages.note(
            "issuer of the route",
            "one that it names, if it names any",
            &issuer.name,
            rules.judge_issuer(issuer.position),
        )?;
        let algorithm = jws.header().algorithm();
        let allowed = issuer.algorithms.contains(algorithm).then_some(()).ok_or(Reason::AlgorithmNotAllowed);
        let algorithms: Vec<_> = issuer.algorithms.iter().map(Algorithm::name).collect();
        stages.note("algorithm", algorithms.join(", "), algorithm, allowed)?;
        let wanted = jws.header().key_id().map_or_else(|| "any key".to_owned(), |id| format!("key {id:?}"));
        let known = known_keys(&issuer.keys.snapshot(), now);
        let candidates = issuer.keys.candidates(jws.header().key_id(), algorithm, false, now).await;
        let (candidates, _) = stages.note("key", format!("{wanted} for {algorithm}"), known, candidates)?;
        let signed = jws.into_signed(&candidates);
        let found = signed.as_ref().map_or_else(|_| "it fits none".to_owned(), |signed| key_name(signed.key().id()));
        let signed = stages.note("signature", "made by one of these keys", found, signed)?;
        let claims = told_claims(&signed);
        let verified =
            stages.note("claims", expected_claims(issuer, now), claims, issuer.expectations.judge(signed, now))?;
        Ok((issuer, verified))
    }

    fn tell_requirements(
        &self,
        issuer: &Issuer,
        principal: &Arc<Principal>,
        rules: &Rules,
        request: &ForwardedRequest<'_>,
        now: Timestamp,
        stages: &mut Stages,
    ) -> Result<Permit, Denial> {
        let token = principal.token();
        let audience = rules.audience.as_ref().unwrap_or(&issuer.expectations.audience.accepted);
        let judged = issuer.expectations.audience.judge(token, rules.audience.as_ref());
        stages.note("audience", audience, written(token.claims(), "aud"), judged)?;
        let required_scopes = &issuer.required_scopes;
        stages.note("scopes of the issuer", required_scopes, token.scopes(), required_scopes.judge(token.scopes()))?;
        let facts = Facts { principal, request, now };
        for requirement in &rules.requirements {
            stages.note("requirement", requirement, requirement.found(&facts), requirement.judge(&facts))?;
        }
        let permit = rules.authorize(principal.clone(), &issuer.expectations, required_scopes, request, now);
        let found = permit.as_ref().map_or_else(|_| "no headers".to_owned(), |permit| self.told_headers(permit));
        stages.note("claim headers", "they fit", found, permit)
    }

    fn known_issuers(&self) -> String {
        let mut names: Vec<_> = self.verifier.issuers.names().map(|name| format!("{name:?}")).collect();
        names.sort_unstable();
        told(&names)
    }

    fn told_headers(&self, permit: &Permit) -> String {
        let values = permit.claim_values().unwrap_or_default();
        let pairs = self.verifier.claim_headers.names().zip(values);
        let told: Vec<_> = pairs.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
        told.join("; ")
    }
}

/// The routes up to the one that decides, and why the earlier ones did not.
fn expected_route(policy: &Policy, request: &ForwardedRequest<'_>) -> String {
    let Some(routes) = policy.routes() else { return "no routes: a valid token for everything".to_owned() };
    if let Some(name) = request.route_name {
        return format!("the route {name:?}, by its name");
    }
    let parts = RequestParts::judge(&request.original);
    let mut lines = Vec::new();
    for (route, verdict) in routes.explain(&parts) {
        let part = |part| match part {
            RoutePart::Host => "host",
            RoutePart::Path => "path",
            RoutePart::Method => "method",
        };
        match verdict {
            RouteVerdict::Differs(own) => lines.push(format!("{} is for another {}", route.name, part(own))),
            RouteVerdict::Matches => {
                lines.push(format!("{} matches", route.name));
                break;
            }
            RouteVerdict::Refuses(own, reason) => {
                lines.push(format!("{} needs the {} ({})", route.name, part(own), reason.code()));
                break;
            }
        }
    }
    // The last one decides.
    let skipped = lines.len().saturating_sub(MAX_TOLD);
    let told = lines.split_off(skipped).join("; ");
    if skipped > 0 { format!("{skipped} routes differ; {told}") } else { told }
}

fn described(request: &ForwardedRequest<'_>) -> String {
    let text = |field: Field<'_>| match field {
        Field::Absent => "absent".to_owned(),
        Field::Once(value) => String::from_utf8_lossy(value).into_owned(),
        Field::Repeated => "repeated".to_owned(),
    };
    // A query may hold a token.
    let uri = text(request.original.uri);
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let trusted = if request.peer_trusted { "" } else { ", said by a peer that is no trusted proxy" };
    format!("method {}, host {}, path {path}{trusted}", text(request.original.method), text(request.original.host))
}

/// The header as the token has it, even if the rest of the token is no good.
fn header_as_written(token: BearerToken<'_>) -> String {
    let first = token.as_bytes().split(|byte| *byte == b'.').next().unwrap_or_default();
    let text =
        std::str::from_utf8(first).ok().and_then(decode_base64url).and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_else(|| "a first part that is no base64url of a text".to_owned())
}

fn stated_issuer(jws: &CompactJws<'_>) -> String {
    match jws.unverified_claims().issuer() {
        StatedIssuer::Nobody => "no `iss`".to_owned(),
        StatedIssuer::Named(issuer) => format!("{issuer:?}"),
        StatedIssuer::Malformed => "an `iss` that is no text".to_owned(),
    }
}

fn known_keys(snapshot: &KeySnapshot, now: Timestamp) -> String {
    let keys: Vec<_> = snapshot
        .keys()
        .iter()
        .map(|key| {
            let age = snapshot.first_seen(key).map_or(0, |seen| now.since(seen).as_secs());
            format!("{} ({}, known for {age} s)", key_name(key.id()), key.algorithm())
        })
        .collect();
    if keys.is_empty() { "no keys".to_owned() } else { told(&keys) }
}

fn key_name(id: Option<&str>) -> String {
    id.map_or_else(|| "a key without id".to_owned(), |id| format!("{:?}", id.chars().take(128).collect::<String>()))
}

fn expected_claims(issuer: &Issuer, now: Timestamp) -> String {
    let time = &issuer.expectations.time;
    let required: Vec<_> = issuer.expectations.required_claims.iter().map(|claim| claim.path.to_string()).collect();
    let required = if required.is_empty() { String::new() } else { format!(", required {}", required.join(" ")) };
    format!("now {} with a leeway of {} s{required}", now.as_secs(), time.leeway.as_secs())
}

fn told_claims(signed: &SignedJws) -> String {
    let claims = signed.claims();
    let typ = signed.header().token_type().unwrap_or("absent");
    let told: Vec<_> =
        ["exp", "nbf", "iat", "sub", "cnf"].iter().map(|name| format!("{name} {}", written(claims, name))).collect();
    format!("typ {typ}, {}", told.join(", "))
}

fn written<'a>(claims: &'a Claims, name: &str) -> &'a str {
    claims.member(name).map_or("absent", Json::as_written)
}

fn told(list: &[String]) -> String {
    let shown = list.iter().take(MAX_TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = list.len().saturating_sub(MAX_TOLD);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
