//! The proxies whose lines are known.

use std::fmt;
use std::str::FromStr;

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
    /// `HAProxy` with the Lua script of `deploy/`.
    Haproxy,
    /// ingress-nginx.
    IngressNginx,
    /// Envoy Gateway, by the policies of the Kubernetes Gateway API.
    KubernetesGateway,
    /// Istio's ingress gateway.
    Istio,
}

impl Proxy {
    /// All proxies.
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

    /// Returns the name on the command line.
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
