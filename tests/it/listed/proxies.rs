//! Keys and passwords behind every proxy, with the configuration that we ship for it.

use super::{Files, api_key, entry, user};
use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Answer, Proxy, Request, Site, TestGate, TestIssuer};
use crate::traefik::TRAEFIK;

/// A kind of credential: how a good and a bad one are presented, and the results of both.
struct Kind {
    present: fn(Request, &Credentials, is_good: bool) -> Request,
    subject: &'static str,
    issuer: &'static str,
    reason: &'static str,
}

struct Credentials {
    token: String,
    expired: String,
    key: String,
}

const TOKEN: Kind = Kind {
    present: |request, has, is_good| {
        request.bearer(if is_good { &has.token } else { &has.expired })
    },
    subject: "alice",
    issuer: "http",
    reason: "token_expired",
};
const KEY: Kind = Kind {
    present: |request, has, is_good| {
        let other = api_key();
        request.bearer(if is_good { &has.key } else { &other })
    },
    subject: "robot",
    issuer: "api-keys",
    reason: "credential_unknown",
};
const PASSWORD: Kind = Kind {
    present: |request, _, is_good| request.basic("carol", if is_good { "secret" } else { "wrong" }),
    subject: "carol",
    issuer: "basic",
    reason: "credentials_invalid",
};

fn challenges(answer: &Answer) -> String {
    let fields = answer.fields.iter();
    let lines = fields.filter(|(name, _)| name == "www-authenticate");
    lines
        .map(|(_, value)| value.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn try_at(proxy: &Proxy) {
    let (files, key) = (Files::new(), api_key());
    let keys = files.write("keys.yaml", entry("ci", &key, ""));
    let users = files.write("htpasswd", user("carol", "secret"));
    let gate = TestGate::new();
    let idp = TestIssuer::new();
    let gate = gate
        .trusting(&idp)
        .set("API_KEYS_FILE", keys)
        .set("HTPASSWD_FILE", users)
        .set("TOKEN_SOURCES", "bearer, basic");
    let site = Site::with(proxy, idp, gate, &[]);
    let credentials = Credentials {
        token: site.idp.token().sign(),
        expired: site.idp.token().expires_in(-100).sign(),
        key,
    };
    for kind in [TOKEN, KEY, PASSWORD] {
        for _ in 0..2 {
            let seen = site.served((kind.present)(site.get("/"), &credentials, true));
            assert_eq!(seen.get("X-Auth-Subject"), kind.subject);
            assert!(seen.get("X-Auth-Issuer").starts_with(kind.issuer));
        }
        let answer = site.refused((kind.present)(site.get("/"), &credentials, false));
        assert_eq!(
            answer.verdict(),
            format!("401 {}", kind.reason),
            "{answer:?}"
        );
        // Both schemes arrive, that of the attempt first.
        let told = challenges(&answer);
        let first = if kind.issuer == PASSWORD.issuer {
            "Basic "
        } else {
            "Bearer "
        };
        assert!(told.starts_with(first), "{told}");
        assert!(
            told.contains("Basic realm=") && told.contains("Bearer realm="),
            "{told}"
        );
    }
    // Browsers look at the first challenge only.
    let answer = site.refused(site.get("/"));
    assert!(
        challenges(&answer).starts_with("Basic realm="),
        "{answer:?}"
    );
}

macro_rules! each_kind {
    ($($test:ident $proxy:expr,)+) => {
        $(
            #[test]
            fn $test() {
                try_at(&$proxy);
            }
        )+
    };
}

each_kind! {
    nginx_takes_each_kind NGINX,
    traefik_takes_each_kind TRAEFIK,
    caddy_takes_each_kind CADDY,
    envoy_takes_each_kind ENVOY,
    envoy_by_grpc_takes_each_kind ENVOY_GRPC,
    haproxy_takes_each_kind HAPROXY,
}
