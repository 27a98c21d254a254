//! The limit behind each real proxy with the files that we ship: a client cannot choose the address
//! to which its failures are counted.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::{counted, forged, new_token};
use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Proxy, Request, Site};
use crate::traefik::TRAEFIK;

const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
const ALICE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

/// Fields in which a client may claim to be another one.
const ADDRESSES: [&str; 6] = [
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Envoy-External-Address",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
];

/// Claims another address, or none at all, in another way at each attempt.
fn spoofed(request: Request, attempt: usize) -> Request {
    let lie = format!("198.51.100.{attempt}");
    match attempt % 4 {
        0 => ADDRESSES
            .iter()
            .fold(request, |request, name| request.header(name, &lie)),
        // The proxy's own field would go with those that the client lists.
        1 => request.header("Connection", ADDRESSES.join(", ")),
        2 => ADDRESSES.iter().fold(request, |request, name| {
            request.header(name, &lie).header(name, "unknown")
        }),
        _ => {
            let forwarded = format!("for={lie}");
            ADDRESSES
                .iter()
                .fold(request.header("Forwarded", forwarded), |request, name| {
                    request.header(name, "")
                })
        }
    }
}

fn a_client_cannot_choose_its_address(proxy: &Proxy) {
    let site = Site::behind(proxy, &[("FAILURE_LIMIT", "4/1m")]);
    let from = |client: IpAddr, attempt: usize, token: &str| {
        let plain = || site.get("/").bearer(token);
        let answer = spoofed(plain(), attempt).send_from(client);
        // Envoy itself refuses a request that lists such fields in `Connection`.
        if attempt == 1 && answer.verdict() == "400" {
            return plain().send_from(client);
        }
        answer
    };
    let known = new_token(&site.idp);
    assert_eq!(from(MALLORY, 0, &known).status, 200);
    let served = site.application.requests();
    for attempt in 0..4 {
        let answer = from(MALLORY, attempt, &forged(&site.idp));
        assert_eq!(
            answer.verdict(),
            "401 signature_invalid",
            "{attempt}: {answer:?}"
        );
    }
    for attempt in 0..4 {
        let answer = from(MALLORY, attempt, &new_token(&site.idp));
        assert_eq!(
            (answer.verdict().as_str(), answer.get("retry-after")),
            ("429 rate_limited", Some("15")),
            "{attempt}: {answer:?}"
        );
        assert_eq!(answer.json()["code"], "rate_limited");
    }
    assert_eq!(site.application.requests(), served);
    assert_eq!(from(MALLORY, 0, &known).status, 200, "behind the same NAT");
    assert_eq!(from(ALICE, 0, &new_token(&site.idp)).status, 200);
    site.idp.clock.advance(Duration::from_secs(15));
    assert_eq!(from(MALLORY, 0, &new_token(&site.idp)).status, 200);
    let gate = site.gate();
    assert_eq!(
        (counted(gate, "refused"), counted(gate, "no_address")),
        (4, 0)
    );
}

macro_rules! behind {
    ($($test:ident $proxy:expr,)+) => {
        $(
            #[test]
            fn $test() {
                a_client_cannot_choose_its_address(&$proxy);
            }
        )+
    };
}

behind! {
    nginx NGINX,
    traefik TRAEFIK,
    caddy CADDY,
    envoy ENVOY,
    envoy_by_grpc ENVOY_GRPC,
    haproxy HAPROXY,
}
