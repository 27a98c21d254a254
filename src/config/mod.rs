//! Layer 3: turns what an operator wrote into the settings that the rest of the crate works with.
//!
//! Each section has a file. A section reads all of its settings before it combines any of them, so
//! that every problem is reported at once. A value that passed is either a ready value of layer 1
//! or a plain setting for an upper layer.

pub(crate) mod catalog;
pub(crate) mod claim_headers;
pub(crate) mod denials;
pub(crate) mod dependencies;
mod der;
pub(crate) mod directory;
pub(crate) mod failure_limit;
pub(crate) mod issuer;
pub(crate) mod listed;
pub(crate) mod logging;
pub(crate) mod proxy;
pub(crate) mod reference;
mod restart_only;
pub(crate) mod routes;
pub(crate) mod server;
mod source;
pub(crate) mod tokens;
pub(crate) mod traces;

pub use catalog::schema;
pub use claim_headers::default_claim_headers;
pub use denials::{CustomDenial, DenialKey, DenialSettings};
pub use directory::{
    DatabaseAddress, DatabaseSettings, DirectorySettings, OnMissing, ServerAddress, ServerLocation,
    UserQuery,
};
pub use failure_limit::{FailureLimit, FailureLimitSettings};
pub use issuer::{
    AcceptedIssuers, ClientAuthentication, ClientSecret, FetchSettings, FileKeys,
    IntrospectionEndpoint, IntrospectionMode, IntrospectionResponse, IntrospectionSettings,
    InvalidKeyFile, IssuerSettings, KeyLocation, KeySource, RefreshSettings, RemoteKeys,
    SecretSource, client_identity, decode_secret, is_trustworthy,
};
pub(crate) use listed::names::{API_KEYS, BASIC};
pub use listed::{
    ApiKeyFile, ApiKeyForm, ApiKeyLine, ApiKeyList, ApiKeySettings, CredentialFile, CredentialList,
    ListedIndices, ListedSettings, MalformedApiKey, PasswordFile, PasswordLine, PasswordList,
    PasswordSettings, ReadList, StoredHash, claims_of_user, contents_digest,
};
pub use logging::{AccessLog, AccessLogField, LogFormat, LogLevel, Logging};
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

use std::time::Duration;

use crate::config_reader::{Invalid, Reader, Reported};
use crate::policy::ClaimHeaders;
use listed::refuse_unread_passwords;
use routes::General;

/// Parses the prefix of API keys, for the command line.
pub(crate) fn api_key_prefix(text: &str) -> Result<String, String> {
    listed::prefix(text).map_err(in_words)
}

/// Parses a scope of an API key, for the command line.
pub(crate) fn api_key_scope(text: &str) -> Result<String, String> {
    issuer::scope(text).map_err(in_words)
}

fn in_words(invalid: Invalid) -> String {
    format!("{} ({})", invalid.message, invalid.hint)
}

/// A complete and checked configuration.
///
/// Every value in it has been validated, and so have the rules that involve several settings.
#[derive(Debug)]
pub struct Configuration {
    /// Listeners, limits, readiness and shutdown.
    pub server: ServerSettings,
    /// Access to the admin listener.
    pub admin: AdminSettings,
    /// TLS of the verify listener; `None` if it speaks plain HTTP.
    pub tls: Option<TlsSettings>,
    /// The dialect of the proxy in front, and the networks whose forwarded headers are trusted.
    pub proxy: ProxySettings,
    /// The limit on failures of one client address; `None` if there is none.
    pub failure_limit: Option<FailureLimitSettings>,
    /// Token sources and the token cache.
    pub tokens: TokenSettings,
    /// The claims that are passed to the application as headers.
    pub claim_headers: ClaimHeaders,
    /// The appearance of denial responses.
    pub answers: DenialSettings,
    /// Logging, and the labels of metrics.
    pub logging: Logging,
    /// The time that a request waits for other services altogether.
    pub dependency_wait: Duration,
    /// Export of spans; `None` if it is off.
    pub traces: Option<TraceSettings>,
    /// The issuers whose tokens are accepted.
    pub issuers: Vec<IssuerSettings>,
    /// API keys, and users with passwords.
    pub listed: ListedSettings,
    /// The user directory; `None` if there is none.
    pub directory: Option<DirectorySettings>,
    /// The routes; `None` if one set of rules holds for all requests.
    pub routes: Option<RouteSettings>,
}

impl Configuration {
    /// Returns the labels of the issuers in logs and metrics, in the order of their positions; those
    /// of the lists of credentials come last.
    pub fn issuer_names(&self) -> Vec<String> {
        let issuers = self.issuers.iter().map(|issuer| issuer.name.clone());
        issuers
            .chain(self.listed.names().map(str::to_owned))
            .collect()
    }

    /// Returns a warning if there are passwords and nobody has said how often a client may guess.
    pub fn guessing_warning(&self) -> Option<String> {
        self.listed.passwords.as_ref()?;
        match &self.failure_limit {
            Some(limit) if limit.is_given => None,
            Some(_) => Some(
                "htpasswd_file: without failure_limit a client address may fail 30 times a minute"
                    .to_owned(),
            ),
            None => Some(
                "htpasswd_file: nothing limits how often a client may guess passwords \
                 (set proxy and failure_limit)"
                    .to_owned(),
            ),
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let server = ServerSettings::read(reader);
        let admin = AdminSettings::read(reader);
        let tls = TlsSettings::read(reader);
        let proxy = ProxySettings::read(reader);
        let failure_limit =
            FailureLimitSettings::read(reader, &proxy, ListedSettings::has_passwords(reader));
        let tokens = TokenSettings::read(reader, &proxy);
        let has_directory = DirectorySettings::is_given(reader);
        let claim_headers = claim_headers::read(reader, has_directory);
        let answers = DenialSettings::read(reader);
        let logging = Logging::read(reader);
        let dependency_wait = dependencies::read_wait(reader);
        let traces = TraceSettings::read(reader);
        let issuers = IssuerSettings::read_all(reader, ListedSettings::is_given(reader));
        let listed = ListedSettings::read(reader);
        let unclear_tokens = match (&issuers, &listed) {
            (Ok(issuers), Ok(listed)) => {
                let api_keys = listed.api_keys.as_ref().map(|keys| keys.form.prefix());
                IssuerSettings::refuse_unclear_tokens(reader, issuers, api_keys)
            }
            _ => Ok(()),
        };
        let directory = DirectorySettings::read(reader, &issuers, &listed);
        let general = General::of(&issuers, &listed, &proxy, &tokens, has_directory);
        let routes = RouteSettings::read(reader, general);
        let unread_passwords = match (&listed, &tokens, &routes) {
            (Ok(listed), Ok(tokens), Ok(routes)) => {
                refuse_unread_passwords(reader, listed, tokens, routes.as_ref())
            }
            _ => Ok(()),
        };
        unclear_tokens?;
        unread_passwords?;
        Ok(Self {
            server: server?,
            admin: admin?,
            tls: tls?,
            proxy: proxy?,
            failure_limit: failure_limit?,
            tokens: tokens?,
            claim_headers: claim_headers?,
            answers: answers?,
            logging: logging?,
            dependency_wait: dependency_wait?,
            traces: traces?,
            issuers: issuers?,
            listed: listed?,
            directory: directory?,
            routes: routes?,
        })
    }
}
