//! Floor 2: from what an operator wrote to what the rest of the house works with.
//!
//! One file per section. A section reads all its settings before it puts any together, so that
//! every problem is reported at once; a value that passed is a ready value of floor 1 or a plain
//! setting for an upper floor.

pub(crate) mod catalog;
pub(crate) mod claim_headers;
pub(crate) mod denials;
pub(crate) mod issuer;
pub(crate) mod logging;
pub(crate) mod proxy;
pub(crate) mod reference;
mod restart_only;
pub(crate) mod routes;
pub(crate) mod server;
mod source;
pub(crate) mod tokens;
pub(crate) mod traces;

use std::ffi::OsString;

use crate::config_reader::{Problems, Reader, Reported};
pub use catalog::schema;
pub use claim_headers::default_claim_headers;
pub use denials::{CustomDenial, DenialKey, DenialSettings};
pub use issuer::{
    AcceptedIssuers, FetchSettings, FileKeys, IssuerSettings, KeyLocation, KeySource,
    RefreshSettings, RemoteKeys, decode_secret, is_trustworthy,
};
pub use logging::{AccessLog, LogFormat, LogLevel, Logging};
pub use proxy::{DialectName, ProxySettings, TrustedProxies};
pub use reference::reference;
pub use restart_only::RestartOnlySettings;
pub use routes::{RouteDenials, RouteSettings};
pub use server::{
    AdminSettings, Listen, Readiness, ReloadTrigger, ServerSettings, TlsFiles, TlsIdentity,
    TlsSettings, UnixSocketSettings,
};
pub use source::Source;
pub use tokens::{CacheSettings, TokenSettings};
pub use traces::TraceSettings;

use crate::policy::ClaimHeaders;
use routes::General;

/// Everything an operator can say, checked.
#[derive(Debug)]
pub struct Configuration {
    /// Listeners, limits and shutdown.
    pub server: ServerSettings,
    /// Who may ask the admin listener.
    pub admin: AdminSettings,
    /// TLS of the verify listener, if it speaks it.
    pub tls: Option<TlsSettings>,
    /// How the proxy speaks and whom to believe.
    pub proxy: ProxySettings,
    /// Where tokens stand and how they are kept.
    pub tokens: TokenSettings,
    /// Which claims become headers.
    pub claim_headers: ClaimHeaders,
    /// What denials look like.
    pub answers: DenialSettings,
    /// What is written down.
    pub logging: Logging,
    /// Where spans go, if anybody wants them.
    pub traces: Option<TraceSettings>,
    /// Whose tokens are accepted.
    pub issuers: Vec<IssuerSettings>,
    /// Which requests take which way, if there are different ones.
    pub routes: Option<RouteSettings>,
}

impl Configuration {
    /// Reads the environment alone.
    pub fn from_environment(
        pairs: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Problems> {
        Source::new(None, pairs).read()
    }

    fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let server = ServerSettings::read(reader);
        let admin = AdminSettings::read(reader);
        let tls = TlsSettings::read(reader);
        let proxy = ProxySettings::read(reader);
        let tokens = TokenSettings::read(reader, &proxy);
        let claim_headers = claim_headers::read(reader);
        let answers = DenialSettings::read(reader);
        let logging = Logging::read(reader);
        let traces = TraceSettings::read(reader);
        let issuers = IssuerSettings::read_all(reader);
        let routes = RouteSettings::read(reader, General::of(&issuers, &proxy, &tokens));
        Ok(Self {
            server: server?,
            admin: admin?,
            tls: tls?,
            proxy: proxy?,
            tokens: tokens?,
            claim_headers: claim_headers?,
            answers: answers?,
            logging: logging?,
            traces: traces?,
            issuers: issuers?,
            routes: routes?,
        })
    }
}
