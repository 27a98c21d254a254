//! All metrics. Those that the hot path updates are resolved beforehand.

use std::sync::Arc;
use std::time::Duration;

use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, TextEncoder,
};

use super::dependency_metrics::DependencyFamilies;
use super::jwks_metrics::JwksFamilies;
use super::list_metrics::ListFamilies;
use super::metrics_reference as declared;
use super::registry::{counters, opts, registered};
use super::reload_metrics::ReloadMetrics;
use super::{
    CacheUse, DecisionCounters, DependencyMetrics, JwksMetrics, ListMetrics, LogQueue,
    RateLimitCounters, UnusableRequests,
};
use crate::domain::Timestamp;

/// All metrics of the service.
pub struct Metrics {
    registry: Registry,
    decisions: IntCounterVec,
    clock_skew_suspected: IntCounterVec,
    with_route: bool,
    durations: [Histogram; 3],
    cache_hits: IntCounter,
    cache_misses: IntCounter,
    /// The number of tokens in the cache.
    pub cache_entries: IntGauge,
    /// The number of tokens that were evicted from the cache, for lack of room or because their
    /// time was over.
    pub cache_evictions: IntCounter,
    jwks: JwksFamilies,
    lists: ListFamilies,
    dependencies: DependencyFamilies,
    /// Requests of proxies that are configured in the wrong way.
    pub unusable: UnusableRequests,
    /// The limit on failures.
    pub rate_limited: Arc<RateLimitCounters>,
    reloads: ReloadMetrics,
}

impl Metrics {
    /// Registers all metrics, with nothing counted yet. `with_route` adds the label `route` to the
    /// counter of decisions.
    pub fn new(with_route: bool, log: &LogQueue) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let labels: &[&str] = if with_route {
            declared::DECISIONS.labels
        } else {
            &["verdict", "reason", "issuer"]
        };
        let decisions = registered(
            &registry,
            IntCounterVec::new(opts(&declared::DECISIONS), labels)?,
        )?;
        let clock_skew_suspected =
            registered(&registry, counters(&declared::CLOCK_SKEW_SUSPECTED)?)?;
        let durations = duration_histograms(&registry)?;
        let cache = registered(&registry, counters(&declared::CACHE_REQUESTS)?)?;
        build_info(&registry)?;
        registry.register(Box::new(log.dropped().clone()))?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let unusable = registered(&registry, counters(&declared::UNUSABLE_REQUESTS)?)?;
        let rate_limited = registered(&registry, counters(&declared::RATE_LIMITED)?)?;
        Ok(Self {
            decisions,
            clock_skew_suspected,
            with_route,
            durations,
            cache_hits: cache.with_label_values(&["hit"]),
            cache_misses: cache.with_label_values(&["miss"]),
            cache_entries: registered(
                &registry,
                IntGauge::with_opts(opts(&declared::CACHE_ENTRIES))?,
            )?,
            cache_evictions: registered(
                &registry,
                IntCounter::with_opts(opts(&declared::CACHE_EVICTIONS))?,
            )?,
            jwks: JwksFamilies::register(&registry)?,
            lists: ListFamilies::register(&registry)?,
            dependencies: DependencyFamilies::register(&registry)?,
            unusable: UnusableRequests::new(&unusable),
            rate_limited: RateLimitCounters::new(&rate_limited).into(),
            reloads: ReloadMetrics::register(&registry)?,
            registry,
        })
    }

    /// Returns the counters of decisions for these issuers and routes.
    pub fn decision_counters(
        &self,
        issuers: Vec<String>,
        routes: Vec<Arc<str>>,
    ) -> DecisionCounters {
        let (decisions, clock_skew_suspected) =
            (self.decisions.clone(), self.clock_skew_suspected.clone());
        DecisionCounters::new(
            decisions,
            clock_skew_suspected,
            self.with_route,
            issuers,
            routes,
        )
    }

    /// Records how long a decision took, and how it used the cache.
    pub fn measure_decision(&self, cache: CacheUse, took: Duration) {
        let [none, hit, miss] = &self.durations;
        match cache {
            CacheUse::None => none.observe(took.as_secs_f64()),
            CacheUse::Hit => {
                self.cache_hits.inc();
                hit.observe(took.as_secs_f64());
            }
            CacheUse::Miss => {
                self.cache_misses.inc();
                miss.observe(took.as_secs_f64());
            }
        }
    }

    /// Returns the metrics of the keys of this issuer.
    pub fn jwks(&self, issuer: &str) -> Arc<JwksMetrics> {
        self.jwks.of(issuer).into()
    }

    /// Returns the metrics of a dependency of this kind; `None` is the issuer of one that belongs to
    /// no issuer.
    pub fn dependency(&self, name: &str, issuer: Option<&str>) -> DependencyMetrics {
        self.dependencies.of(name, issuer.unwrap_or(declared::NONE))
    }

    /// Removes the state of a dependency that no longer exists.
    pub fn forget_dependency(&self, name: &str, issuer: Option<&str>) {
        self.dependencies
            .forget(name, issuer.unwrap_or(declared::NONE));
    }

    /// Removes the series of the keys of an issuer that no longer exists.
    pub fn forget_issuer(&self, issuer: &str) {
        self.jwks.forget(issuer);
    }

    /// Returns the metrics of the list of credentials of this name.
    pub fn list(&self, name: &str) -> ListMetrics {
        self.lists.of(name)
    }

    /// Removes the series of a list that no longer exists.
    pub fn forget_list(&self, name: &str) {
        self.lists.forget(name);
    }

    /// Counts a reload of the configuration, and records the generation that is active now.
    pub fn count_reload(&self, is_success: bool, generation: u64) {
        self.reloads.count(is_success, generation);
    }

    /// Records when the active configuration became active.
    pub fn configuration_accepted_at(&self, now: Timestamp) {
        self.reloads.succeeded_at(now.as_secs());
    }

    /// Records when the certificate of the verify listener expires, in seconds since 1970. Without
    /// TLS there is no such time and no series.
    pub fn certificate_ends(&self, seconds: i64) {
        self.reloads.certificate_ends(seconds);
    }

    /// Records whether the last reading of the certificate files gave a usable certificate. Without
    /// TLS there is no series.
    pub fn certificate_accepted(&self, is_accepted: bool) {
        self.reloads.certificate_accepted(is_accepted);
    }

    /// Returns all metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

/// Buckets in seconds: from 2 µs, which a cached token may take, to one second, which no decision
/// should take.
const DURATION_BUCKETS: [f64; 18] = [
    2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2,
    0.5, 1.0,
];

/// Registers the durations of decisions, and returns the histograms by use of the cache: none, hit,
/// miss.
fn duration_histograms(registry: &Registry) -> Result<[Histogram; 3], prometheus::Error> {
    let declared = &declared::DECISION_DURATION;
    let options = HistogramOpts::from(opts(declared)).buckets(DURATION_BUCKETS.to_vec());
    let family = registered(registry, HistogramVec::new(options, declared.labels)?)?;
    Ok([CacheUse::None, CacheUse::Hit, CacheUse::Miss]
        .map(|cache| family.with_label_values(&[cache.label()])))
}

/// Registers the metric with the version of the program.
fn build_info(registry: &Registry) -> Result<(), prometheus::Error> {
    let info = registered(
        registry,
        IntGaugeVec::new(opts(&declared::BUILD_INFO), declared::BUILD_INFO.labels)?,
    )?;
    info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    Ok(())
}
