//! The settings of an issuer, for people.

use crate::config::{IssuerSettings, KeyLocation, KeySource};
use crate::domain::shown_url;
use crate::outbound::Egress;

/// The settings of an issuer as `/status` shows them: without secrets.
#[derive(Debug, Clone, Default)]
pub struct IssuerDescription {
    /// The `iss` that its tokens may have; none if they have none.
    pub accepted: Vec<String>,
    /// The name of its preset.
    pub preset: Option<&'static str>,
    /// The audiences, of which a token must name one or all; `*` accepts every token.
    pub audiences: Vec<String>,
    /// The source of its keys: `discovery`, `jwks_url`, `jwks_file`, `fixed` or `unneeded`.
    pub key_source: &'static str,
    /// The URLs at which its metadata may be.
    pub metadata_urls: Vec<String>,
    /// The URL of its keys, if it is configured and not discovered.
    pub keys_url: Option<String>,
    /// The proxy of the environment through which its keys are fetched.
    pub proxy: Option<String>,
}

impl IssuerDescription {
    /// Describes an issuer with these settings, whose keys are fetched by this way out.
    pub fn new(settings: &IssuerSettings, egress: &Egress) -> Self {
        let (mut metadata_urls, mut keys_url, mut proxy) = (Vec::new(), None, None);
        let key_source = match &settings.keys {
            KeySource::Fixed { .. } => "fixed",
            KeySource::File(_) => "jwks_file",
            KeySource::Unneeded(_) => "unneeded",
            KeySource::Remote(remote) => {
                let urls = remote.location.urls();
                let proxies = urls.iter().find_map(|url| egress.proxy_for(url));
                proxy = proxies.map(ToString::to_string);
                match &remote.location {
                    KeyLocation::Discovery { .. } => {
                        metadata_urls = urls.iter().map(shown_url).collect();
                        "discovery"
                    }
                    KeyLocation::Jwks(url) => {
                        keys_url = Some(shown_url(url));
                        "jwks_url"
                    }
                }
            }
        };
        let audiences = settings.expectations.audience.accepted.names();
        Self {
            accepted: settings.accepted.names(),
            preset: settings.preset,
            audiences: if audiences.is_empty() {
                vec!["*".to_owned()]
            } else {
                audiences.to_vec()
            },
            key_source,
            metadata_urls,
            keys_url,
            proxy,
        }
    }
}
