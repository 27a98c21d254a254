//! The lines of each proxy.

use super::fitness::refuse_unfit;
use super::{
    Block, HeaderNames, Proxy, caddy, envoy, haproxy, ingress_nginx, istio, kubernetes_gateway,
    nginx, traefik,
};
use crate::config_reader::Problems;

impl Proxy {
    /// Returns the blocks of lines for these headers.
    ///
    /// Fails with a problem for each header name with which the lines would not work for this
    /// proxy.
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

    /// Returns the text that `doorward config proxy` prints for these headers. Fails as
    /// [`Self::blocks`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::proxy_files::{HeaderNames, Proxy};
    ///
    /// let lines = Proxy::Nginx.lines(&HeaderNames::shipped())?;
    /// assert!(lines.contains("proxy_set_header X-Auth-Subject"));
    /// # Ok::<(), doorward::config_reader::Problems>(())
    /// ```
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
