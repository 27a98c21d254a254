use std::net::IpAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use prometheus::IntCounter;
use serde_json::{Map, json};

use super::*;
use crate::config::{AcceptedIssuers, CacheSettings};
use crate::domain::{
    ClientSource, CostLimit, CredentialScheme, ExplainStep, Field, ForwardedRequest, HeaderFields,
    IssuerIndex, LateFailure, LimitedBy, OriginalRequest, Scopes, SourceIndex, StepOutcome,
    Timestamp,
};
use crate::extract::TokenSources;
use crate::issuers::{Issuer, IssuerDescription, KeyStore};
use crate::jose::{Algorithm, Algorithms, KeySet, SigningKey, VerificationKey};
use crate::platform::StoppedClock;
use crate::policy::{AcceptedSources, IssuerProfile, Preflight, RouteIssuers, ScopeRequirement};
use crate::verify::Expectations;

const SECRET: &[u8] = &[7; 32];
const ISSUER: &str = "https://idp.example";
pub(crate) const NOW: Moment = Moment {
    date: Timestamp::from_secs(1_767_225_600),
    ..Moment::PAST
};

/// Accepts the tokens of one issuer, from these of the sources of a route.
pub(crate) fn authenticators(sources: AcceptedSources) -> Authenticators {
    let profile = IssuerProfile {
        sources,
        ..IssuerProfile::new(
            IssuerIndex::new(0),
            "main".into(),
            expectations(),
            ScopeRequirement::all_of(Scopes::default()),
        )
    };
    let key = VerificationKey::secret(Algorithm::HS256, SECRET).unwrap();
    let issuer = Issuer {
        description: IssuerDescription::default(),
        profile: profile.into(),
        accepted: AcceptedIssuers::Named(vec![ISSUER.to_owned()]),
        algorithms: Algorithms::new(vec![Algorithm::HS256]),
        needs_keys: true,
        keys: KeyStore::fixed(
            KeySet::of_any_id(vec![key]),
            Arc::new(StoppedClock(NOW.date)),
        )
        .into(),
    };
    let settings = CacheSettings {
        capacity: 100,
        time_to_live: Duration::from_mins(5),
    };
    let evictions = IntCounter::new("evictions", "Counted and never shown.").unwrap();
    Authenticators {
        issuers: Issuers::new([issuer]),
        listed: Listed::default(),
        asked: AskedIssuers::default(),
        claim_headers: ClaimHeaders::new(Vec::new(), 0),
        cache: TokenCache::new(&settings, false, evictions),
    }
}

fn expectations() -> Expectations {
    Expectations::none()
}

/// The rules of a route that takes tokens from `Authorization` and from a cookie.
pub(crate) fn rules() -> Rules {
    let sources = ["bearer", "cookie:at"].map(|source| source.parse().unwrap());
    Rules::authenticated(
        TokenSources::new(sources.to_vec(), 8192).into(),
        Preflight::Judged,
    )
}

pub(crate) fn token() -> String {
    signed(&json!({"iss": ISSUER}))
}

fn signed(claims: &serde_json::Value) -> String {
    let key = SigningKey::secret(Algorithm::HS256, SECRET);
    key.sign(&Map::new(), claims).unwrap()
}

/// The header fields of a request: this one and no other.
pub(crate) struct OneField(&'static str, String);

impl OneField {
    pub(crate) fn authorization() -> Self {
        Self("authorization", format!("Bearer {}", token()))
    }

    /// With a token of this subject.
    pub(crate) fn of_subject(subject: &str) -> Self {
        let token = signed(&json!({"iss": ISSUER, "sub": subject}));
        Self("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn cookie() -> Self {
        Self("cookie", format!("at={}", token()))
    }

    pub(crate) fn request(&self) -> ForwardedRequest<'_> {
        ForwardedRequest {
            fields: self,
            original: OriginalRequest::UNKNOWN,
            peer_trusted: false,
            route_name: None,
            client: ClientSource::Unknown,
        }
    }
}

impl HeaderFields for OneField {
    fn field(&self, name: &str) -> Field<'_> {
        if name == self.0 {
            Field::Once(self.1.as_bytes())
        } else {
            Field::Absent
        }
    }
}

/// Returns the output of a future that never has to wait.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Returns the result of authentication, or the code of the denial, and what the cache did.
fn verdict(
    authenticators: &Authenticators,
    rules: &Rules,
    fields: &OneField,
    cost_limit: Option<&dyn CostLimit>,
) -> (Result<(), &'static str>, CacheUse) {
    let (found, cache) = authenticate(authenticators, rules, fields, cost_limit);
    (found.map(drop).map_err(|denial| denial.code()), cache)
}

fn authenticate(
    authenticators: &Authenticators,
    rules: &Rules,
    fields: &OneField,
    cost_limit: Option<&dyn CostLimit>,
) -> (Result<Arc<Principal>, Denial>, CacheUse) {
    let request = fields.request();
    let mut cx = RequestContext {
        request: &request,
        now: NOW,
        cost_limit,
        explain: &mut (),
    };
    let mut record = AuthenticationRecord::default();
    let credential = rules.sources.extract(&mut cx).unwrap();
    let found = ready(authenticators.authenticate(&credential, rules, &mut cx, &mut record));
    (found, record.cache)
}

/// A type that is printed by mistake must not show data of a user.
#[test]
fn a_principal_shows_nothing_of_its_token() {
    let authenticators = authenticators(AcceptedSources::OfRoute);
    let fields = OneField::of_subject("s3cret");
    let (found, _) = authenticate(&authenticators, &rules(), &fields, None);
    let principal = found.unwrap();
    let shown = format!("{principal:?} {:?}", principal.token());
    assert!(shown.contains("main"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_token_cached_from_one_source_passes_from_another_only_if_its_issuer_takes_it_there() {
    let (authorization, cookie) = (OneField::authorization(), OneField::cookie());
    let bearer_only = AcceptedSources::These(["bearer".parse().unwrap()].into());
    for (sources, from_cookie) in [
        (AcceptedSources::OfRoute, Ok(())),
        (bearer_only, Err("issuer_unknown")),
    ] {
        let authenticators = authenticators(sources);
        let seen = |fields| verdict(&authenticators, &rules(), fields, None);
        let fresh = seen(&cookie);
        assert_eq!(fresh, (from_cookie, CacheUse::Miss), "never seen before");
        authenticators.cache.forget(&digest());
        assert_eq!(seen(&authorization), (Ok(()), CacheUse::Miss));
        assert_eq!(seen(&authorization), (Ok(()), CacheUse::Hit));
        assert_eq!(seen(&cookie), (from_cookie, CacheUse::Hit));
        assert_eq!(seen(&authorization), (Ok(()), CacheUse::Hit));
    }
}

#[test]
fn a_cached_token_is_denied_on_a_route_that_does_not_take_its_issuer() {
    let authenticators = authenticators(AcceptedSources::OfRoute);
    let fields = OneField::authorization();
    let others = Rules {
        issuers: RouteIssuers::These([IssuerIndex::new(1)].into()),
        ..rules()
    };
    let on_route = |rules: &Rules| verdict(&authenticators, rules, &fields, None);
    assert_eq!(on_route(&rules()), (Ok(()), CacheUse::Miss));
    assert_eq!(on_route(&others), (Err("issuer_unknown"), CacheUse::Hit));
}

#[test]
fn a_client_that_is_limited_is_served_from_the_cache_only() {
    struct Reached;
    impl CostLimit for Reached {
        fn check(&self, _: &ForwardedRequest<'_>, _: Moment) -> Result<LimitedBy, Denial> {
            Err(Denial::rate_limited(Duration::from_millis(1500)))
        }

        fn client(&self, _: &ForwardedRequest<'_>) -> Option<IpAddr> {
            None
        }

        fn late_failure(&self, _: &ForwardedRequest<'_>, _: Moment) -> Option<LateFailure> {
            None
        }
    }
    let authenticators = authenticators(AcceptedSources::OfRoute);
    let seen = |limit| {
        let fields = OneField::authorization();
        verdict(&authenticators, &rules(), &fields, limit).0
    };
    assert_eq!(seen(Some(&Reached)), Err("rate_limited"));
    assert_eq!(seen(None), Ok(()));
    assert_eq!(seen(Some(&Reached)), Ok(()));
}

/// The stages that were explained for a proxy, which is not a dry run.
#[derive(Default)]
struct Stages(Vec<ExplainStep>);

impl Explain for Stages {
    const DRY_RUN: bool = false;

    fn step(&mut self, step: impl FnOnce() -> ExplainStep) {
        self.0.push(step());
    }

    fn steps<F: IntoIterator<Item = ExplainStep>>(&mut self, steps: impl FnOnce() -> F) {
        self.0.extend(steps());
    }
}

#[test]
fn a_denial_of_a_cached_token_is_explained_by_the_stage_that_failed() {
    let authenticators = authenticators(AcceptedSources::OfRoute);
    let fields = OneField::authorization();
    let others = Rules {
        issuers: RouteIssuers::These([IssuerIndex::new(1)].into()),
        ..rules()
    };
    assert!(verdict(&authenticators, &rules(), &fields, None).0.is_ok());
    let (request, mut stages) = (fields.request(), Stages::default());
    let mut cx = RequestContext {
        request: &request,
        now: NOW,
        cost_limit: None,
        explain: &mut stages,
    };
    let mut record = AuthenticationRecord::default();
    let credential = others.sources.extract(&mut cx).unwrap();
    let found = ready(authenticators.authenticate(&credential, &others, &mut cx, &mut record));
    assert_eq!(found.unwrap_err().code(), "issuer_unknown");
    assert_eq!(record.cache, CacheUse::Hit);
    let last = stages.0.last().unwrap();
    assert_eq!(
        (last.stage, last.outcome),
        ("issuer of the route", StepOutcome::Failed)
    );
    assert_eq!(last.found, "main");
}

fn digest() -> CredentialDigest {
    let source = SourceIndex::new(0);
    let credential =
        Credential::parse(CredentialScheme::Bearer, token().into_bytes(), source, 8192);
    CredentialDigest::of(&credential.unwrap())
}

/// API keys and users, each with one entry.
fn listed(key: &str, user: &str, password: &str) -> Listed {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let hash = super::digest::sha256(key.as_bytes());
    let digits: Vec<_> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = digits.concat();
    let keys = format!("[{{id: ci, subject: robot, hash: 'sha256:{hash}'}}]");
    let parts = bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap();
    let variables = [
        ("DOORWARD_API_KEYS_FILE", at("keys", &keys)),
        (
            "DOORWARD_HTPASSWD_FILE",
            at("users", &format!("{user}:{parts}")),
        ),
        ("DOORWARD_TOKEN_SOURCES", "bearer, basic".to_owned()),
    ];
    let pairs = variables.map(|(name, value)| (name.into(), value.into()));
    let configuration = crate::config::Configuration::from_environment(pairs).unwrap();
    let pool = Arc::new(HashPool::new(2));
    Listed::new(configuration.listed, 1, &pool, NOW.date)
}

fn presented(scheme: CredentialScheme, bytes: &str) -> Credential<'static> {
    let bytes = bytes.as_bytes().to_vec();
    Credential::parse(scheme, bytes, SourceIndex::new(0), 8192).unwrap()
}

#[test]
fn the_form_of_a_credential_decides_who_verifies_it() {
    use CredentialScheme::{Basic, Bearer};
    let key = crate::config::ApiKeyForm::new("dw", true)
        .generate()
        .unwrap();
    let listed = listed(&key, "alice", "secret");
    let none = Listed::default();
    let kind = |listed: &Listed, scheme, bytes: &str| match Authenticator::of(
        &presented(scheme, bytes),
        listed,
    ) {
        Authenticator::Passwords(Some(_)) => "password",
        Authenticator::Passwords(None) => "none",
        Authenticator::ApiKeys(_) => "key",
        Authenticator::Token => "token",
    };
    for (scheme, bytes, with_lists, without) in [
        (Basic, "alice:secret", "password", "none"),
        (Basic, key.as_str(), "password", "none"),
        (Bearer, key.as_str(), "key", "token"),
        (Bearer, "dw_", "key", "token"),
        (Bearer, "dw", "token", "token"),
        (Bearer, "Dw_x", "token", "token"),
        (Bearer, "alice:secret", "token", "token"),
        (Bearer, &token(), "token", "token"),
    ] {
        let seen = (kind(&listed, scheme, bytes), kind(&none, scheme, bytes));
        assert_eq!(seen, (with_lists, without), "{bytes}");
    }
}

#[test]
fn equal_bytes_of_two_forms_are_two_credentials() {
    let listed = listed("dw_x", "alice", "secret");
    let digest = |scheme, bytes: &str| {
        let credential = presented(scheme, bytes);
        Authenticator::of(&credential, &listed)
            .digest(&credential)
            .unwrap()
    };
    let pair = digest(CredentialScheme::Basic, "alice:secret");
    assert_ne!(pair, digest(CredentialScheme::Bearer, "alice:secret"));
    assert_eq!(pair, digest(CredentialScheme::Basic, "alice:secret"));
    for other in [
        "alice:secre",
        "alic:esecret",
        "alice:secret:",
        "bob:secret",
        "alice:",
    ] {
        assert_ne!(pair, digest(CredentialScheme::Basic, other), "{other}");
    }
    assert_ne!(
        CredentialDigest::of(&presented(CredentialScheme::Bearer, "dw_x")),
        digest(CredentialScheme::Bearer, "dw_x")
    );
    // Without the key of the process, nothing of a password can be computed.
    let plain = super::digest::sha256(b"alice:secret");
    assert_ne!(pair.sha256(), &plain);
    let unusable = presented(CredentialScheme::Basic, "alice:sec\0ret");
    assert_eq!(
        Authenticator::of(&unusable, &listed).digest(&unusable),
        None
    );
}
