//! Reasons about the proxy's description of the request.

use super::page::{Example, ReasonPage, issuer};

pub(super) const HEADERS_MISSING: ReasonPage = ReasonPage {
    causes: &[
        "The proxy does not send the headers that describe the client's request, and a route needs them.",
        "`proxy` names another proxy than the one in front.",
    ],
    signs: &[
        "`doorward_unusable_requests_total{kind=\"not_described\"}` grows, and a warning is in the log.",
    ],
    cures: &[
        "Set `proxy` to the proxy in front.",
        "Print the lines for it: `doorward config proxy NAME`. They are also in `deploy/`.",
        "Reload the proxy, and see what it sends: `doorward explain` shows the description.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "proxy: traefik\nroutes:\n  - {name: orders, match: {path: '/orders/**'}}\n"
        ),
        script: "curl -i http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const HEADERS_UNTRUSTED: ReasonPage = ReasonPage {
    causes: &[
        "The peer that sends the request is not in `trusted_proxies`, and a route needs its description of the request.",
        "A client reaches doorward directly, past the proxy.",
    ],
    signs: &[
        "`doorward_unusable_requests_total{kind=\"untrusted_peer\"}` grows, and a warning in the log names the peer.",
    ],
    cures: &[
        "Compare the address of the peer in the log with the network of the proxy.",
        "If it is the proxy, add its network to `trusted_proxies`.",
        "If it is not, close the way around the proxy: bind doorward to loopback, a unix socket or a private network.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "proxy: traefik\ntrusted_proxies: [192.0.2.0/24]\nroutes:\n  - {name: orders, match: {path: '/orders/**'}}\n"
        ),
        script: "\
curl -i -H 'X-Forwarded-Method: GET' -H 'X-Forwarded-Host: shop.example.com' \\
  -H 'X-Forwarded-Uri: /orders/17' http://127.0.0.1:8080/verify
",
    },
};

pub(super) const HEADERS_AMBIGUOUS: ReasonPage = ReasonPage {
    causes: &[
        "The path can be read in two ways, for example because of `/../`, an encoded slash or an encoding inside an encoding. The application might see another path than doorward.",
        "A header of the description is there twice, or its host is not one host.",
    ],
    signs: &["`doorward explain` shows the description as it arrived."],
    cures: &[
        "If a client sends such paths on purpose, it is an attack on path rules. There is nothing to do.",
        "Have the proxy normalize paths, as the files in `deploy/` do. [Odd paths](../odd-paths.md) shows what each proxy does.",
        "Have the proxy set each header of the description once, and remove those of the client.",
    ],
    example: Example::Commands {
        configuration: issuer!(
            "proxy: traefik\nroutes:\n  - {name: orders, match: {path: '/orders/**'}}\n"
        ),
        script: "\
curl -i -H 'X-Forwarded-Method: GET' -H 'X-Forwarded-Host: shop.example.com' \\
  -H 'X-Forwarded-Uri: /orders/%2e%2e/admin' http://127.0.0.1:8080/verify
",
    },
};
