//! Floor 3: the header lines of the proxies' configurations, made of ours.
//!
//! A proxy is to ask with the headers that doorward reads, hand the claim headers to the
//! application, and remove what a client may not bring along. Which headers these are is decided by
//! `claim_headers` and `token_sources`; the files under `deploy/` have the lines for the defaults.

mod block;
mod caddy;
mod early_removal;
mod envoy;
mod fitness;
mod haproxy;
mod ingress_nginx;
mod istio;
mod kubernetes_gateway;
mod lines;
mod names;
mod nginx;
mod proxy;
mod removed;
mod traefik;
mod warnings;
mod yaml;

pub use block::Block;
pub use names::HeaderNames;
pub use proxy::Proxy;
pub use warnings::warnings;
