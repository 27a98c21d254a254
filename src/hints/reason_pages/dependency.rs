//! Reasons about this service and those that it needs.

use super::page::{Example, ReasonPage, issuer, send_token};

pub(super) const KEYS_UNAVAILABLE: ReasonPage = ReasonPage {
    causes: &[
        "The keys of the issuer have never been fetched, because each fetch failed.",
        "The last fetch that succeeded is longer ago than `jwks_max_stale`.",
        "The first fetch after the start takes longer than `jwks_wait`.",
    ],
    signs: &[
        "`/readyz` responds 503, and `/status` shows the last error of each issuer.",
        "`doorward_jwks_consecutive_failures` is above 0, and the alert on it fires.",
        "The log has each failed fetch: URL, status, what was found, and a hint.",
    ],
    cures: &[
        "Find the cause: `doorward check --online` fetches the keys once and reports each step.",
        "Correct what it reports: URL, DNS, firewall, proxy or certificate. [Hints](../hints.md#fetching-keys) lists the cases.",
        "doorward tries again by itself. No restart is needed.",
    ],
    example: Example::Commands {
        configuration: "\
issuer: https://idp.example.com
audience: api
jwks_url: http://127.0.0.1:9/keys.json
",
        script: "\
# header: {\"alg\":\"ES256\",\"kid\":\"2\"}, claims: {\"iss\":\"https://idp.example.com\"}
curl -i -H 'Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IjIifQ.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSJ9.c2ln' \\
  http://127.0.0.1:8080/verify
",
    },
};

pub(super) const UNAVAILABLE: ReasonPage = ReasonPage {
    causes: &[
        "A service that the decision needs, beside the issuer's keys, does not answer in time or answers with an error.",
        "Too many calls to this service are running.",
        "Several calls in a row have failed, so that no call is made for a while.",
        "The answer about this user cannot be used: the query has two rows, a value has a type without a form in JSON, or the row is over 16 KiB ([columns](../directory.md#columns)).",
        "The query of the directory no longer runs, because the table has changed.",
        "The answer about this token cannot be used ([what an answer must have](../introspection.md#requirements-on-an-answer)).",
        "Too many passwords are being hashed at the same time ([cost](../passwords.md#cost)).",
    ],
    signs: &[
        "`/status` shows each of these services under `dependencies`: its last failure, and whether calls are paused.",
        "`doorward_dependency_requests_total` counts the calls by result. `doorward_dependency_breaker_open` is 1 while calls are paused.",
    ],
    cures: &[
        "Find the cause in `/status` or in the log.",
        "Correct it: URL, credentials, certificate, firewall, or the query and its table.",
        "If the service is slow, compare its response time with `dependency_wait`.",
        "doorward calls again by itself. The response has `Retry-After`, after which a client can try again.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "directory_url: postgres://doorward@127.0.0.1:9/users?sslmode=disable\ndirectory_query: SELECT email FROM users WHERE id = $1\n"
        ),
        script: send_token!("--issuer https://idp.example.com --audience api --subject alice"),
    },
};
