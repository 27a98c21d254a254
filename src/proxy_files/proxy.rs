//! The proxies whose lines are known.

use std::fmt;
use std::str::FromStr;

use super::removed::EarlyRemoval;
use super::{
    Block, HeaderNames, caddy, envoy, haproxy, ingress_nginx, istio, kubernetes_gateway, names,
    nginx, traefik,
};
use crate::config_reader::Problems;

/// A proxy whose lines are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// nginx with `auth_request`.
    Nginx,
    /// Traefik with `forwardAuth`, by files, labels or in Kubernetes.
    Traefik,
    /// Caddy with `forward_auth`.
    Caddy,
    /// Envoy with the HTTP service of `ext_authz`.
    Envoy,
    /// Envoy with the gRPC service of `ext_authz`.
    EnvoyGrpc,
    /// `HAProxy` with our script.
    Haproxy,
    /// ingress-nginx.
    IngressNginx,
    /// Envoy Gateway, by the policies of the Kubernetes Gateway API.
    KubernetesGateway,
    /// Istio's ingress gateway.
    Istio,
}

impl Proxy {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Nginx,
        Self::Traefik,
        Self::Caddy,
        Self::Envoy,
        Self::EnvoyGrpc,
        Self::Haproxy,
        Self::IngressNginx,
        Self::KubernetesGateway,
        Self::Istio,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Envoy => "envoy",
            Self::EnvoyGrpc => "envoy-grpc",
            Self::Haproxy => "haproxy",
            Self::IngressNginx => "ingress-nginx",
            Self::KubernetesGateway => "kubernetes-gateway",
            Self::Istio => "istio",
        }
    }

    /// The lines for these headers.
    ///
    /// Errors: names with which this proxy could not do what its lines say.
    pub fn blocks(self, names: &HeaderNames) -> Result<Vec<Block>, Problems> {
        names::refuse_unfit(self, names)?;
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

    /// What it takes away before doorward could see it; nothing, if it asks with what the client
    /// sent.
    pub(super) const fn removes_before_asking(self) -> Option<&'static EarlyRemoval> {
        match self {
            Self::Nginx | Self::Traefik | Self::IngressNginx | Self::Istio => None,
            Self::Caddy => Some(&caddy::REMOVED),
            Self::Envoy | Self::EnvoyGrpc => Some(&envoy::REMOVED),
            Self::Haproxy => Some(&haproxy::REMOVED),
            Self::KubernetesGateway => Some(&kubernetes_gateway::REMOVED),
        }
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

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Proxy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|proxy| proxy.name() == text)
            .ok_or("no proxy of this name is known")
    }
}
