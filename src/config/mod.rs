//! Floor 2: from what an operator wrote to what the rest of the house works with.
//!
//! One file per section. A section reads all its settings before it puts any together, so that
//! every problem is reported at once; a value that passed is a ready value of floor 1 or a plain
//! setting for an upper floor.

mod accepted_issuers;
mod admin;
mod answers;
mod audience;
mod claim_headers;
mod document;
mod environment;
mod fetch;
mod file;
mod file_keys;
mod files;
mod fixed;
mod issuer;
pub(crate) mod key_source;
mod logging;
mod preset;
mod problem;
mod proxy;
mod reader;
mod readings;
pub(crate) mod reference;
mod refresh;
mod remote_keys;
mod requirements;
mod routes;
pub(crate) mod schema;
mod section;
mod server;
mod setting;
mod shape;
mod source;
mod tls;
mod tls_identity;
mod tokens;
mod traces;
pub(crate) mod value;

use std::ffi::OsString;

pub use accepted_issuers::AcceptedIssuers;
pub use admin::AdminSettings;
pub use answers::{Answers, CustomDenial, DenialKey};
pub use claim_headers::default_claim_headers;
pub use fetch::FetchSettings;
pub use file::read_regular_file;
pub use file_keys::FileKeys;
pub use files::Files;
pub(crate) use files::FilesInUse;
pub use fixed::FixedSettings;
pub use issuer::IssuerSettings;
pub use key_source::{KeySource, decode_secret};
pub use logging::{AccessLog, LogFormat, LogLevel, Logging};
pub use problem::{Problem, Problems};
pub use proxy::{DialectName, ProxySettings, TrustedProxies};
pub(crate) use reader::{Reader, Refused};
pub use reference::reference;
pub use refresh::RefreshSettings;
pub use remote_keys::{KeyLocation, RemoteKeys, is_trustworthy};
pub use routes::{RouteAnswers, RouteSettings};
pub use schema::schema;
pub(crate) use section::Section;
pub use server::{Listen, Readiness, ReloadTrigger, ServerSettings, UnixSocketSettings};
pub(crate) use setting::Setting;
pub(crate) use shape::Shape;
pub use source::Source;
pub use tls::{TlsFiles, TlsSettings};
pub use tls_identity::TlsIdentity;
pub use tokens::{CacheSettings, TokenSettings};
pub use traces::TraceSettings;
pub(crate) use value::Invalid;

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
    pub answers: Answers,
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

    fn read(reader: &mut Reader) -> Result<Self, Refused> {
        let server = ServerSettings::read(reader);
        let admin = AdminSettings::read(reader);
        let tls = TlsSettings::read(reader);
        let proxy = ProxySettings::read(reader);
        let tokens = TokenSettings::read(reader, &proxy);
        let claim_headers = claim_headers::read(reader);
        let answers = Answers::read(reader);
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
