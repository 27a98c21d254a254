//! The lines of each proxy.

use super::fitness::refuse_unfit;
use super::{
    Block, HeaderNames, Proxy, caddy, envoy, haproxy, ingress_nginx, istio, kubernetes_gateway,
    nginx, traefik,
};
use crate::config_reader::Problems;

impl Proxy {
    /// The lines for these headers.
    ///
    /// Errors: names with which this proxy could not do what its lines say.
    pub fn blocks(self, names: &HeaderNames) -> Result<Vec<Block>, Problems> {
        refuse_unfit(self, names)?;
        Ok(match self {
            Self::Nginx => nginx::blocks(names),
            Self::Traefik => traefik::blocks(names),
            Self::Caddy => caddy::blocks(names),
            Self::Envoy => envoy::blocks(names),
            Self::EnvoyGrpc => envoy::blocks_by_grpc(names),
            Self::Haproxy => haproxy::blocks(names),
            Self::IngressNginx => ingress_nginx::blocks(names),
            Self::KubernetesGateway => kubernetes_gateway::blocks(names),
            Self::Istio => istio::blocks(names),
        })
    }

    /// What the command prints for these headers.
    pub fn lines(self, names: &HeaderNames) -> Result<String, Problems> {
        let blocks = self.blocks(names)?;
        let blocks: Vec<_> = blocks.iter().map(ToString::to_string).collect();
        Ok(format!(
            "# By `doorward config proxy {self}`: each part takes the place of the one between the same two marks in the file\n\
             # that is named above it.\n\n{}",
            blocks.join("\n")
        ))
    }
}
