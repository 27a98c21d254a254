//! The headers that a configuration is about, and whether a proxy can do with them what its lines
//! say.

use std::collections::HashSet;

use super::Proxy;
use super::removed::EarlyRemoval;
use crate::config::{Configuration, default_claim_headers};
use crate::config_reader::{Problem, Problems};
use crate::extract::TokenSources;

/// What doorward reads in any configuration.
const ASKED: [&str; 7] = [
    "Authorization",
    "Cookie",
    "Origin",
    "Access-Control-Request-Method",
    "Sec-WebSocket-Protocol",
    "X-Request-Id",
    "Traceparent",
];

/// What a proxy writes itself when it asks: about the message, and about the request that is to be
/// decided on. A client's must never get there.
const OWN: [&str; 17] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-url",
];

/// What a proxy itself writes for the application, by what it knows of the connection. A claim
/// there would contradict it.
const WRITTEN: [&str; 7] = [
    "sec-websocket-protocol",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// The headers that a configuration is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderNames {
    asked: Vec<String>,
    mapped: Vec<String>,
    websocket: bool,
}

impl HeaderNames {
    /// Those of this configuration, its routes included.
    pub fn of(configuration: &Configuration) -> Self {
        let routes = configuration
            .routes
            .iter()
            .flat_map(|routes| routes.table.iter());
        let sources = std::iter::once(&*configuration.tokens.sources)
            .chain(routes.map(|route| &*route.rules.sources));
        Self::with(
            sources,
            configuration
                .claim_headers
                .names()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Those that the files under `deploy/` are made for: the defaults.
    pub fn shipped() -> Self {
        Self::with(std::iter::empty(), default_claim_headers())
    }

    fn with<'a>(sources: impl Iterator<Item = &'a TokenSources>, mapped: Vec<String>) -> Self {
        let mut asked: Vec<String> = ASKED.map(str::to_owned).into();
        let mut known: HashSet<String> =
            asked.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut websocket = false;
        for source in sources {
            websocket |= source.look_at_protocols();
            // The parser has made them lower-case.
            asked.extend(
                source
                    .header_names()
                    .filter(|name| known.insert((*name).to_owned()))
                    .map(str::to_owned),
            );
        }
        Self {
            asked,
            mapped,
            websocket,
        }
    }

    /// What doorward is to be asked with.
    pub(super) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }

    /// What doorward is asked with for the sake of a token source.
    pub(super) fn asked_for_tokens(&self) -> impl Iterator<Item = &str> {
        self.asked().skip(ASKED.len())
    }

    /// The claim headers.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &str> {
        self.mapped.iter().map(String::as_str)
    }

    /// Whether a token may stand among the protocols of a WebSocket.
    pub(super) fn websocket(&self) -> bool {
        self.websocket
    }

    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.asked().any(|own| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_mapped(&self, name: &str) -> bool {
        self.mapped().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Claim headers to be removed besides these, in the spelling that is left to a client where
    /// every other one goes.
    ///
    /// Those that doorward is asked with are left out: they must get there, and doorward's own
    /// overwrite them afterwards.
    pub(super) fn removed_besides(&self, others: &EarlyRemoval) -> impl Iterator<Item = String> {
        let names = self
            .mapped()
            .map(|name| name.to_ascii_lowercase().replace('_', "-"));
        names.filter(|name| !others.takes(name) && !self.is_asked(name))
    }

    /// Spellings with hyphens of claim headers that have underscores.
    pub(super) fn hyphenated(&self) -> impl Iterator<Item = String> {
        self.mapped()
            .filter(|name| name.contains('_'))
            .map(|name| name.replace('_', "-"))
    }
}

/// Notes every name with which this proxy could not do what its lines say.
pub(super) fn refuse_unfit(proxy: Proxy, names: &HeaderNames) -> Result<(), Problems> {
    let asked = names
        .asked_for_tokens()
        .filter_map(|name| unfit_to_ask(proxy, name));
    let mapped = names
        .mapped()
        .filter_map(|name| unfit_to_map(name).or_else(|| mapped_beside_a_token(name, names)));
    let problems: Problems = asked.chain(mapped).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn unfit_to_ask(proxy: Proxy, name: &str) -> Option<Problem> {
    let problem = |what: &str| Problem::new("token_sources", format!("header:{name}: {what}"));
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let why = "the lines remove every name that has anything but letters, digits and hyphens in it, and nginx has no \
                   variable for most of them";
        return Some(
            problem(why).with_hint("have clients send the token in a header such as X-Token"),
        );
    }
    if OWN.contains(&name) {
        let why = "the proxy writes this header itself when it asks";
        return Some(
            problem(why).with_hint("have clients send the token in a header such as X-Token"),
        );
    }
    proxy
        .removes_before_asking()
        .is_some_and(|removed| removed.takes(name))
        .then(|| {
            let why = format!(
                "{proxy} removes this header before it asks, since a client might name itself by it"
            );
            problem(&why).with_hint("have clients send the token in a header such as X-Token")
        })
}

fn unfit_to_map(name: &str) -> Option<Problem> {
    let is_written = WRITTEN.contains(&name.to_ascii_lowercase().replace('_', "-").as_str());
    is_written.then(|| {
        let what = format!(
            "{name}: proxies write this header themselves, by what they know of the connection"
        );
        Problem::new("claim_headers", what).with_hint("choose a name such as X-Auth-…")
    })
}

/// A server that takes both for one name could read the client's in place of doorward's.
fn mapped_beside_a_token(name: &str, names: &HeaderNames) -> Option<Problem> {
    let other = name.replace('_', "-");
    (other != name && names.is_asked(&other)).then(|| {
        let what = format!("{name}: {other}, which many servers take for the same name, is asked with and passed on");
        Problem::new("claim_headers", what).with_hint("write it with hyphens, or choose another name")
    })
}
