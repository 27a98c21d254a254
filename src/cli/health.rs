//! `doorward health`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::exit::{Failure, print};
use super::runtime::block_on;
use crate::config::{Listen, Source};
use crate::outbound::error_chain;

/// The time within which a service that is alive answers.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn run(source: &Source) -> Result<(), Failure> {
    let addresses = source.read_admin_listen()?;
    let first = addresses
        .first()
        .ok_or_else(|| Failure::failed("no admin listener is configured"))?;
    let answer =
        block_on(ask(first))?.map_err(|error| Failure::failed(format!("{first}: {error}")))?;
    print(&format!("{answer}\n"))
}

async fn ask(address: &Listen) -> Result<String, String> {
    let builder = reqwest::Client::builder().timeout(TIMEOUT).no_proxy();
    let (builder, url) = match address {
        Listen::Tcp(address) => (builder, format!("http://{}/healthz", reachable(*address))),
        Listen::Unix(path) => (
            builder.unix_socket(path.clone()),
            "http://localhost/healthz".to_owned(),
        ),
    };
    let client = builder.build().map_err(|error| error.to_string())?;
    let response = client
        .get(url)
        .send()
        .await
        .map_err(|error| format!("no answer: {}", error_chain(error)))?;
    match response.status().as_u16() {
        200 => response.text().await.map_err(|error| error.to_string()),
        status => Err(format!("status {status}")),
    }
}

/// Returns an address to connect to. An unspecified address, which is only good for listening,
/// becomes loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
