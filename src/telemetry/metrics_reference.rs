//! Declares every metric once, for both the registry and the documentation.

use std::fmt::Write;

/// The declaration of a Prometheus metric.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:literal $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(super) const $constant: Metric =
            Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)+
        const ALL: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    DECISIONS = "counter" "doorward_decisions_total" ["verdict", "reason", "issuer", "route"]
        "Decisions by verdict (allow, deny, error), reason (ok or a code), issuer and route (none where there is none).";
    CLOCK_SKEW_SUSPECTED = "counter" "doorward_clock_skew_suspected_total" ["reason", "issuer"]
        "Tokens that are outside their time by at most five minutes beyond the leeway, by reason and issuer.";
    DECISION_DURATION = "histogram" "doorward_decision_duration_seconds" ["cache"]
        "Time from the request's head to the decision, by what the token cache said (hit, miss, none if it was not asked).";
    CACHE_REQUESTS = "counter" "doorward_token_cache_requests_total" ["result"]
        "Look-ups in the token cache by result (hit, miss).";
    CACHE_ENTRIES = "gauge" "doorward_token_cache_entries" []
        "Verified tokens in the cache.";
    CACHE_EVICTIONS = "counter" "doorward_token_cache_evictions_total" []
        "Verified tokens that had to leave the cache: for lack of room, or because their time in it was over.";
    JWKS_REFRESH = "counter" "doorward_jwks_refresh_total" ["issuer", "result"]
        "Fetches of an issuer's keys by result (success, failure).";
    JWKS_FETCH_DURATION = "histogram" "doorward_jwks_fetch_duration_seconds" ["issuer"]
        "How long fetches of an issuer's keys took, whatever came of them.";
    JWKS_CONSECUTIVE_FAILURES = "gauge" "doorward_jwks_consecutive_failures" ["issuer"]
        "Fetches of an issuer's keys that failed since the last one that did not.";
    JWKS_KEYS = "gauge" "doorward_jwks_keys" ["issuer"]
        "Usable keys of an issuer.";
    JWKS_LAST_SUCCESS = "gauge" "doorward_jwks_last_success_timestamp_seconds" ["issuer"]
        "When an issuer's keys were last fetched, in seconds since 1970; absent for keys that are not fetched.";
    DEPENDENCY_REQUESTS = "counter" "doorward_dependency_requests_total" ["dependency", "issuer", "result"]
        "Calls to services that decisions depend on, by dependency (introspection, directory), issuer (none where there is none) and result; refused: not called, because of the bound on calls in flight or after failures.";
    DEPENDENCY_DURATION = "histogram" "doorward_dependency_duration_seconds" ["dependency", "issuer"]
        "Duration of calls to services that decisions depend on.";
    DEPENDENCY_BREAKER_OPEN = "gauge" "doorward_dependency_breaker_open" ["dependency", "issuer"]
        "1 while calls to a dependency are refused because of failures in a row, 0 otherwise.";
    CONFIG_GENERATION = "gauge" "doorward_config_generation" []
        "Number of the configuration in force, counted from 1.";
    CONFIG_RELOAD = "counter" "doorward_config_reload_total" ["result"]
        "Configurations that were read anew, by result (success, failure: the one before stays in force).";
    CONFIG_LAST_RELOAD_SUCCESSFUL = "gauge" "doorward_config_last_reload_successful" []
        "1 if the last reload of the configuration succeeded, 0 if the configuration was refused.";
    CONFIG_LAST_RELOAD_SUCCESS = "gauge" "doorward_config_last_reload_success_timestamp_seconds" []
        "When the active configuration became active, in seconds since 1970.";
    UNUSABLE_REQUESTS = "counter" "doorward_unusable_requests_total" ["kind"]
        "Requests of proxies that are configured in the wrong way, by kind (unknown_path, wrong_dialect, not_described, untrusted_peer).";
    RATE_LIMITED = "counter" "doorward_rate_limited_total" ["result"]
        "Requests that needed work while `failure_limit` is set, by result (refused: too many failures of this client address; no_address: not limited, because the address is unknown).";
    TLS_CERTIFICATE_NOT_AFTER = "gauge" "doorward_tls_certificate_not_after_timestamp_seconds" []
        "When the first certificate that the verify listener shows ends, in seconds since 1970; absent without TLS.";
    TLS_LAST_RELOAD_SUCCESSFUL = "gauge" "doorward_tls_last_reload_successful" []
        "1 if the certificate files hold the active certificate, 0 if their content was refused; absent without TLS.";
    LOG_LINES_DROPPED = "counter" "doorward_log_lines_dropped_total" []
        "Log lines that were dropped because the queue was full.";
    BUILD_INFO = "gauge" "doorward_build_info" ["version"]
        "Always 1; the label tells the version.";
}

/// The value of a label for something that has no name.
pub(super) const NONE: &str = "none";

/// Returns the reference of all metrics as Markdown.
pub fn metrics_reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from the program; a test fails when this page and the program differ.\n\n\
         Labels take configured names and fixed words only, never anything from a token or a path. Beside these there \
         are the usual `process_*` metrics (CPU, memory, file descriptors, threads, start time).\n\n\
         | metric | type | labels | meaning |\n| --- | --- | --- | --- |\n",
    );
    for metric in ALL {
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind,
            labels.join(" "),
            metric.help
        );
    }
    page
}
