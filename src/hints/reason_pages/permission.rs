//! Reasons about what a good token permits.

use super::page::{Example, ReasonPage, issuer, send_token};

pub(super) const SCOPE_INSUFFICIENT: ReasonPage = ReasonPage {
    causes: &[
        "The token lacks a scope of `required_scopes`, or of `require.scopes` of the route.",
        "The token has none of the scopes of `require.any_scope`.",
    ],
    signs: &[
        "`WWW-Authenticate` has `error=\"insufficient_scope\"` and the scopes that are needed.",
    ],
    cures: &[
        "Have the client request the token with the scope.",
        "Grant the scope to the client or to the user at the issuer.",
        "If the issuer writes no scopes but roles, use `require.claims`.",
    ],
    example: Example::Commands {
        configuration: issuer!("required_scopes: ['orders:read']\n"),
        script: send_token!("--issuer https://idp.example.com --audience api --scope orders:list"),
    },
};

pub(super) const POLICY_DENIED: ReasonPage = ReasonPage {
    causes: &[
        "A claim is not as `require.claims` of the route says, for example a role is missing.",
        "The condition `require.when` of the route is not true, or failed.",
        "A claim is not as `required_claims` of the issuer says.",
    ],
    signs: &["`doorward explain` shows each requirement, and the value that was found."],
    cures: &[
        "Give the user or the client the role at the issuer, and get a new token.",
        "If the token should be enough, correct the requirement. [Fixtures](../fixtures.md) test rules before they are active.",
    ],
    example: Example::Commands {
        configuration: issuer!("required_claims: ['roles=admin']\n"),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"roles\": [\"reader\"]}'"
        ),
    },
};

pub(super) const ROUTE_DENIED: ReasonPage = ReasonPage {
    causes: &[
        "No route matches host, path and method of the request.",
        "The first route that matches has `access: denied`.",
        "The proxy asks for a route by name (`/policy/NAME/verify`), and there is none with this name.",
    ],
    signs: &[
        "`doorward explain --url https://shop.example.com/admin` shows why each route was skipped.",
    ],
    cures: &[
        "See which host, path and method the proxy describes: `doorward explain`, or the access log.",
        "Add a route that matches, or correct the pattern of one. `/orders/**` also matches `/orders`; `GET` does not match HEAD.",
        "Put the route before others that match the same requests: the first one decides.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "proxy: traefik\nroutes:\n  - {name: orders, match: {path: '/orders/**'}}\n"
        ),
        script: "\
curl -i -H 'X-Forwarded-Method: GET' -H 'X-Forwarded-Host: shop.example.com' \\
  -H 'X-Forwarded-Uri: /admin' http://127.0.0.1:8080/verify
",
    },
};

pub(super) const CLAIM_HEADERS_TOO_LARGE: ReasonPage = ReasonPage {
    causes: &[
        "The claim headers of this token have more bytes together than `claim_headers_max_bytes`. Often a list of roles or groups is long.",
    ],
    signs: &[],
    cures: &[
        "Map fewer claims in `claim_headers`. Map the one role that the application needs instead of all.",
        "Otherwise raise `claim_headers_max_bytes`, and the proxy's buffer for response headers (`proxy_buffer_size` of nginx) with it.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "claim_headers: [{claim: sub, header: X-Auth-Subject}]\nclaim_headers_max_bytes: 64\n"
        ),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --subject cn=alice,ou=customers,ou=people,dc=department,dc=example,dc=com"
        ),
    },
};

pub(super) const RATE_LIMITED: ReasonPage = ReasonPage {
    causes: &[
        "Too many requests from this address failed, more than `failure_limit` allows. Until the time in `Retry-After`, requests that need costly work are refused.",
        "Another client behind the same address (NAT) sends bad tokens. Tokens that are known to be good are still accepted. A new one is not.",
        "A load balancer in front of the proxy is not named in `failure_limit_proxies`, so all clients have its address.",
    ],
    signs: &[
        "`doorward_rate_limited_total{result=\"refused\"}` grows. The access log shows which reasons came before.",
    ],
    cures: &[
        "Wait as long as `Retry-After` says. Do not send a bad token again and again.",
        "Find in the access log which reason fills the limit, and correct that client.",
        "Name load balancers in `failure_limit_proxies`.",
        "Raise `failure_limit` if many clients share an address.",
    ],
    example: Example::Commands {
        configuration: issuer!("proxy: traefik\nfailure_limit: 1/1m\n"),
        script: "\
echo another-secret-of-32-characters! > secret
forged=$(doorward token issue --hmac-secret-file secret --issuer https://idp.example.com --audience api)
for request in 1 2 3; do
  curl -i -H 'X-Forwarded-For: 198.51.100.7' -H \"Authorization: Bearer $forged\" http://127.0.0.1:8080/verify
done
",
    },
};
