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
        "Number of decisions. verdict: allow, deny or error. reason: ok or a reason code. issuer and route: their names, or none.";
    CLOCK_SKEW_SUSPECTED = "counter" "doorward_clock_skew_suspected_total" ["reason", "issuer"]
        "Number of tokens that were refused for their time by at most five minutes more than the leeway. A sign that two clocks differ.";
    DECISION_DURATION = "histogram" "doorward_decision_duration_seconds" ["cache"]
        "Time in seconds from the head of a request to its decision. cache: hit, miss, or none if the token cache was not used.";
    CACHE_REQUESTS = "counter" "doorward_token_cache_requests_total" ["result"]
        "Number of look-ups in the token cache. result: hit or miss.";
    CACHE_ENTRIES = "gauge" "doorward_token_cache_entries" []
        "Number of verified tokens in the token cache.";
    CACHE_EVICTIONS = "counter" "doorward_token_cache_evictions_total" []
        "Number of tokens that were removed from the token cache, because it was full or because their time in it was over.";
    JWKS_REFRESH = "counter" "doorward_jwks_refresh_total" ["issuer", "result"]
        "Number of fetches of an issuer's keys. result: success or failure.";
    JWKS_FETCH_DURATION = "histogram" "doorward_jwks_fetch_duration_seconds" ["issuer"]
        "Duration of fetches of an issuer's keys in seconds, successful or not.";
    JWKS_CONSECUTIVE_FAILURES = "gauge" "doorward_jwks_consecutive_failures" ["issuer"]
        "Number of fetches of an issuer's keys that failed in a row. 0 after a success.";
    JWKS_KEYS = "gauge" "doorward_jwks_keys" ["issuer"]
        "Number of usable keys of an issuer.";
    JWKS_LAST_SUCCESS = "gauge" "doorward_jwks_last_success_timestamp_seconds" ["issuer"]
        "Time of the last successful fetch of an issuer's keys, in seconds since 1970. Absent for keys in the configuration.";
    DEPENDENCY_REQUESTS = "counter" "doorward_dependency_requests_total" ["dependency", "issuer", "result"]
        "Number of calls to services that decisions depend on. dependency: introspection or directory. issuer: its name, or none. result after an answer: active, inactive, found, unknown or disabled. After a failure: timeout, connect, tls, unauthorized, status, unreadable, rejected, metadata or credentials. Without a call, because too many were running or several had failed: refused.";
    DEPENDENCY_DURATION = "histogram" "doorward_dependency_duration_seconds" ["dependency", "issuer"]
        "Duration of calls to services that decisions depend on, in seconds.";
    DEPENDENCY_BREAKER_OPEN = "gauge" "doorward_dependency_breaker_open" ["dependency", "issuer"]
        "1 while calls to a dependency are not made because several failed in a row. Otherwise 0.";
    CONFIG_GENERATION = "gauge" "doorward_config_generation" []
        "Number of the active configuration. It starts at 1, and each successful reload adds 1.";
    CONFIG_RELOAD = "counter" "doorward_config_reload_total" ["result"]
        "Number of reloads of the configuration. result: success, or failure (the previous configuration stays active).";
    CONFIG_LAST_RELOAD_SUCCESSFUL = "gauge" "doorward_config_last_reload_successful" []
        "1 if the last reload of the configuration succeeded. 0 if it failed.";
    CONFIG_LAST_RELOAD_SUCCESS = "gauge" "doorward_config_last_reload_success_timestamp_seconds" []
        "Time at which the active configuration became active, in seconds since 1970.";
    UNUSABLE_REQUESTS = "counter" "doorward_unusable_requests_total" ["kind"]
        "Number of requests from proxies that are not configured correctly. kind: unknown_path, wrong_dialect, not_described or untrusted_peer.";
    RATE_LIMITED = "counter" "doorward_rate_limited_total" ["result"]
        "Number of requests that needed costly work while `failure_limit` is set. result: refused (too many failures from this client address) or no_address (not limited, because the address is unknown).";
    TLS_CERTIFICATE_NOT_AFTER = "gauge" "doorward_tls_certificate_not_after_timestamp_seconds" []
        "Time at which the first certificate of the verify listener's chain expires, in seconds since 1970. Absent without TLS.";
    TLS_LAST_RELOAD_SUCCESSFUL = "gauge" "doorward_tls_last_reload_successful" []
        "1 if the active certificate is the one in the files. 0 if the content of the files cannot be used. Absent without TLS.";
    LIST_ENTRIES = "gauge" "doorward_credential_list_entries" ["issuer"]
        "Number of credentials in the active list. issuer: api-keys or basic.";
    LIST_LAST_RELOAD_SUCCESSFUL = "gauge" "doorward_credential_list_last_reload_successful" ["issuer"]
        "1 if the active list is the one in its file. 0 if the content of the file cannot be used. issuer: api-keys or basic.";
    LIST_LAST_SUCCESS = "gauge" "doorward_credential_list_last_success_timestamp_seconds" ["issuer"]
        "Time at which the active list was read, in seconds since 1970. issuer: api-keys or basic.";
    LOG_LINES_DROPPED = "counter" "doorward_log_lines_dropped_total" []
        "Number of log lines that were dropped because the log queue was full.";
    BUILD_INFO = "gauge" "doorward_build_info" ["version"]
        "Always 1. The label has the version of doorward.";
}

/// The value of a label for something that has no name.
pub(super) const NONE: &str = "none";

/// Returns the reference of all metrics as Markdown.
pub fn metrics_reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from the program; a test fails when this page and the program differ.\n\n\
         `GET /metrics` of the admin listener shows these metrics. [Observability](observability.md) has queries and alerts.\n\n\
         - A label has a configured name or a word of this page. It never has a part of a token or a path.\n\
         - The usual `process_*` metrics are there too: CPU, memory, file descriptors, threads, start time.\n\n\
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
