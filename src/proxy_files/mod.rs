//! Layer 5: prints the header lines for the configuration of a proxy.
//!
//! A proxy must send doorward the headers that it reads, pass the claim headers on to the
//! application, and remove headers that a client may not set. `claim_headers` and `token_sources`
//! decide which headers these are; the files under `deploy/` have the lines for the defaults.

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
