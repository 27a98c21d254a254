//! `make guard`: how many instructions a decision and its parts take, as valgrind counts them.
//!
//! Key, token and time are always the same, so that the counts are too. Left out is what aws-lc
//! does: valgrind hides the processor's instructions for hashes and big numbers, so that it would
//! count a detour that no server takes.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

// Most of it makes keys and tokens that are new each time.
#[allow(dead_code)]
mod support;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use actix_web::HttpResponse;
use doorward::app::offline_gate;
use doorward::authenticators::AuthenticationRecord;
use doorward::config::{Configuration, FailureLimitSettings, Source};
use doorward::domain::{
    ClientSource, Clock, Credential, Denial, Field, ForwardedRequest, OriginalRequest,
    RequestContext, Timestamp,
};
use doorward::gate::{ClientFailures, DecisionRecord, FailureLimiter, Gate};
use doorward::http::{Dialect, Responder};
use doorward::jose::{Algorithm, SigningKey};
use doorward::platform::StoppedClock;
use doorward::policy::{Permit, Principal, Rules};
use doorward::response::{ChallengeSchemes, DenialResponses};
use doorward::telemetry::RateLimitCounters;
use gungraun::prelude::*;
use gungraun::{Callgrind, LibraryBenchmarkConfig};
use serde_json::json;

use crate::support::{Authorization, ISSUER, ready, token_at};

const KEY: &str = include_str!("guard.pem");
const NOW: Timestamp = Timestamp::from_secs(1_769_860_800);

/// Functions of aws-lc that Rust calls, none within another: at each of them the counting pauses.
/// That starts it in what is done beforehand, so the count begins anew where a benchmark does.
const VALGRIND: [&str; 5] = [
    "toggle-collect=*_SHA256",
    "toggle-collect=*_EVP_DigestVerifyInit",
    "toggle-collect=*_EVP_DigestVerify",
    "zero-before=*__gungraun_wrapper_mod::*",
    "cache-sim=no",
];

/// A route that asks for a scope and a claim, as routes do.
const ROUTES: &str = "
routes:
  - name: keys
    match: {path: '/v1/*/keys'}
    require: {scopes: [read], claims: [{claim: groups, contains: engineering}]}
";

/// Settings of an issuer that is asked about opaque tokens. The token of the request is a JWT.
const INTROSPECTION: &str = ", introspection: opaque, introspection_url: 'https://issuer.example/introspect', \
     introspection_client_id: bench, introspection_client_secret: secret";

/// A service, and a request that meets it. It is never freed, because that would be counted.
struct Scene {
    gate: &'static Gate,
    responder: Responder,
    request: &'static ForwardedRequest<'static>,
    rules: &'static Rules,
    credential: Credential<'static>,
}

// Each of these does beforehand what is counted afterwards, so that nothing happens for the first
// time then and the heap has what is asked of it at hand: otherwise an allocation more in one place
// would change the counts in all.

/// A service that keeps no tokens.
fn forgetful() -> &'static Scene {
    forgetful_with("", "")
}

/// The same, which limits failures.
fn forgetful_limited() -> &'static Scene {
    forgetful_with("failure_limit: 60/1m\n", "")
}

/// The same without a limit, which asks about opaque tokens.
fn forgetful_asking() -> &'static Scene {
    forgetful_with("", INTROSPECTION)
}

fn forgetful_with(settings: &str, of_issuer: &str) -> &'static Scene {
    let scene = scene(&format!("token_cache_capacity: 0\n{settings}"), of_issuer);
    scene.decide().unwrap();
    scene
}

/// A service that knows the token.
fn knowing() -> &'static Scene {
    knowing_with("", "")
}

/// A service that knows the token and limits failures.
fn limited() -> &'static Scene {
    let scene = knowing_with("failure_limit: 60/1m\n", "");
    assert!(scene.gate.limiter.is_some());
    scene
}

/// A service that knows the token and asks about opaque ones.
fn asking() -> &'static Scene {
    let scene = knowing_with("", INTROSPECTION);
    assert_eq!(scene.gate.authenticators.asked.iter().count(), 1);
    scene
}

fn knowing_with(settings: &str, of_issuer: &str) -> &'static Scene {
    let scene = scene(settings, of_issuer);
    scene.decide().unwrap();
    scene.decide().unwrap();
    assert_eq!(scene.gate.cache().len(), 1);
    scene
}

/// The same without a limit, and the principal of the token.
fn authenticated() -> (&'static Scene, Arc<Principal>) {
    let scene = knowing();
    let principal = scene.look_up().unwrap();
    scene.authorize(principal.clone()).unwrap();
    (scene, principal)
}

/// The same, and what was decided.
fn decided() -> (&'static Scene, Result<Permit, Denial>) {
    let scene = knowing();
    let decision = scene.decide();
    drop(scene.answer(&decision));
    (scene, decision)
}

fn scene(settings: &str, of_issuer: &str) -> &'static Scene {
    let key = SigningKey::parse(KEY, Some(Algorithm::RS256))
        .unwrap()
        .with_id("bench");
    let token: &'static str = token_at(&key, NOW).leak();
    let authorization: &'static Authorization = Box::leak(Box::new(Authorization::bearer(token)));
    let request: &'static _ = Box::leak(Box::new(described(authorization)));

    let configuration = configuration(&key, settings, of_issuer);
    let denials = Arc::new(DenialResponses::new(
        configuration.answers.clone(),
        HashMap::new(),
        ChallengeSchemes::default(),
    ));
    let responder = Responder::new(&configuration.claim_headers, denials, Arc::default()).unwrap();
    let limiter = configuration.failure_limit.clone().map(limiter);
    let gate: &'static Gate = Box::leak(Box::new(Gate {
        limiter,
        ..offline_gate(configuration, Arc::new(StoppedClock(NOW))).unwrap()
    }));
    let rules = gate.policy.select(&mut context(request)).unwrap().rules;
    let credential = rules.sources.extract(&mut context(request)).unwrap();
    Box::leak(Box::new(Scene {
        gate,
        responder,
        request,
        rules,
        credential,
    }))
}

/// The limiter of the service, which simulators do not have.
fn limiter(settings: FailureLimitSettings) -> FailureLimiter {
    FailureLimiter::new(
        Arc::new(ClientFailures::new(settings.limit)),
        settings.proxies,
        Arc::new(RateLimitCounters::unregistered().unwrap()),
    )
}

fn configuration(key: &SigningKey, settings: &str, of_issuer: &str) -> Configuration {
    let jwks = json!({"keys": [key.to_public_jwk(None)]}).to_string();
    let issuers = format!(
        "issuers:\n  - {{name: i, issuer: '{ISSUER}', audience: [bench], jwks: '{jwks}'{of_issuer}}}\n"
    );
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("doorward.yaml");
    std::fs::write(
        &path,
        format!("proxy: traefik\n{settings}{issuers}{ROUTES}"),
    )
    .unwrap();
    Source::new(Some(path), []).read().unwrap()
}

fn described(authorization: &'static Authorization) -> ForwardedRequest<'static> {
    let field = |text: &'static str| Field::Once(text.as_bytes());
    let original = OriginalRequest {
        method: field("GET"),
        host: field("api.example.com"),
        uri: field("/v1/alice/keys?a=b"),
    };
    ForwardedRequest {
        original,
        peer_trusted: true,
        client: ClientSource::LastOf("x-forwarded-for"),
        ..authorization.request()
    }
}

/// What a decision about this request is about.
fn context<'a>(request: &'a ForwardedRequest<'a>) -> RequestContext<'a, ()> {
    RequestContext {
        request,
        now: StoppedClock(NOW).moment(),
        cost_limit: None,
        // It takes no room, so that nothing is leaked.
        explain: Box::leak(Box::new(())),
    }
}

impl Scene {
    fn decide(&self) -> Result<Permit, Denial> {
        let mut record = DecisionRecord::default();
        ready(self.gate.decide(self.request, &mut record))
    }

    fn extract(&self) -> Result<Credential<'static>, Denial> {
        self.rules.sources.extract(&mut context(self.request))
    }

    fn look_up(&self) -> Result<Arc<Principal>, Denial> {
        let mut record = AuthenticationRecord::default();
        let mut cx = context(self.request);
        ready(self.gate.authenticators.authenticate(
            &self.credential,
            self.rules,
            &mut cx,
            &mut record,
        ))
    }

    fn authorize(&self, principal: Arc<Principal>) -> Result<Permit, Denial> {
        let mut cx = context(self.request);
        let identity = self.rules.accept(principal, &mut cx)?;
        let claim_headers = &self.gate.authenticators.claim_headers;
        self.rules.authorize(identity, claim_headers, &mut cx)
    }

    fn answer(&self, decision: &Result<Permit, Denial>) -> HttpResponse {
        self.responder.answer(decision, Dialect::Forwarded, None)
    }
}

// A decision about a known token: all of the parts below but the answer, and the route.
#[library_benchmark(setup = knowing)]
#[bench::all()]
fn decide_cached(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// The same where failures are limited.
#[library_benchmark(setup = limited)]
#[bench::all()]
fn decide_cached_limited(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// The same without a limit, where the issuer is asked about opaque tokens.
#[library_benchmark(setup = asking)]
#[bench::all()]
fn decide_cached_introspection(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// A decision about a token that nobody has seen before: form, issuer, key, claims, and their
// headers.
#[library_benchmark(setup = forgetful)]
#[bench::all()]
fn decide_uncached(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// The same where failures are limited.
#[library_benchmark(setup = forgetful_limited)]
#[bench::all()]
fn decide_uncached_limited(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// The same without a limit, where the issuer is asked about opaque tokens.
#[library_benchmark(setup = forgetful_asking)]
#[bench::all()]
fn decide_uncached_introspection(scene: &'static Scene) -> Result<Permit, Denial> {
    black_box(scene).decide()
}

// Finding the token in the request.
#[library_benchmark(setup = knowing)]
#[bench::all()]
fn extract(scene: &'static Scene) -> Result<Credential<'static>, Denial> {
    black_box(scene).extract()
}

// From the digest of a known token to whom it stands for.
#[library_benchmark(setup = knowing)]
#[bench::all()]
fn lookup(scene: &'static Scene) -> Result<Arc<Principal>, Denial> {
    black_box(scene).look_up()
}

// What is judged with each request, for a known token too: time, audience, scopes, claims.
#[library_benchmark(setup = authenticated)]
#[bench::all()]
fn policy((scene, principal): (&'static Scene, Arc<Principal>)) -> Result<Permit, Denial> {
    black_box(scene).authorize(principal)
}

// From leave to pass to 200 with its claim headers.
#[library_benchmark(setup = decided)]
#[bench::all()]
fn render(
    (scene, decision): (&'static Scene, Result<Permit, Denial>),
) -> (HttpResponse, Result<Permit, Denial>) {
    (black_box(scene).answer(&decision), decision)
}

library_benchmark_group!(
    name = parts,
    benchmarks = [
        decide_cached,
        decide_cached_limited,
        decide_cached_introspection,
        decide_uncached,
        decide_uncached_limited,
        decide_uncached_introspection,
        extract,
        lookup,
        policy,
        render
    ]
);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(VALGRIND));
    library_benchmark_groups = parts
);
