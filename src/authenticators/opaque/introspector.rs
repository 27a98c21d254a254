//! Asks one issuer about tokens, within bounds, and keeps what it says for a while.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::answer_reader::AnswerKeys;
use super::client::{IntrospectionClient, SharedClient};
use super::verdict::{KeptAnswer, Verdict};
use crate::authenticators::digest::CredentialDigest;
use crate::config::IntrospectionSettings;
use crate::domain::Moment;
use crate::outbound::dependency::{Answer, CallDenied, CallError, Caller, Calls, Dependency};

/// The number of answers that are kept beside those in the token cache: about tokens that are not
/// active, and about all tokens so that a new configuration does not ask for them again.
const CAPACITY: u64 = 10_000;

/// A longer answer about an active token is kept in the token cache only.
const MAX_KEPT_BYTES: usize = 8 * 1024;

/// Asks one issuer about tokens. It lives as long as its settings stay equal, across reloads.
pub struct Introspector {
    settings: IntrospectionSettings,
    way: Way,
}

/// How the issuer is asked.
enum Way {
    /// Not at all: there is no service around this.
    Nowhere,
    /// For explanations only, on the runtime of the caller.
    Directly(SharedClient),
    /// By calls that are shared and bounded, on a runtime of their own.
    Shared {
        client: SharedClient,
        calls: Calls<CredentialDigest, Verdict>,
        runtime: Handle,
        keeps_active: bool,
    },
}

/// A token and what is needed to ask about it.
pub(super) struct Question {
    /// The digest of the token.
    pub(super) digest: CredentialDigest,
    /// The token, which is a `b64token`.
    pub(super) token: String,
    /// The keys that verify a signed answer.
    pub(super) keys: AnswerKeys,
    /// When the request began.
    pub(super) began: Moment,
    /// The address of the client, where it is known.
    pub(super) client: Option<IpAddr>,
}

impl Introspector {
    /// Creates an introspector that makes no calls. Tokens that need introspection are denied.
    pub const fn offline(settings: IntrospectionSettings) -> Self {
        Self {
            settings,
            way: Way::Nowhere,
        }
    }

    /// Creates an introspector for explanations, which asks only where a decision may.
    pub fn direct(client: IntrospectionClient) -> Self {
        Self {
            settings: client.settings().clone(),
            way: Way::Directly(client.into()),
        }
    }

    /// Creates an introspector whose calls are bounded by this dependency and run on this runtime.
    /// `keeps_active` says that active tokens may be kept.
    pub fn shared(
        client: IntrospectionClient,
        dependency: Arc<Dependency>,
        runtime: Handle,
        keeps_active: bool,
    ) -> Self {
        Self {
            settings: client.settings().clone(),
            way: Way::Shared {
                client: client.into(),
                calls: Calls::new(dependency, CAPACITY),
                runtime,
                keeps_active,
            },
        }
    }

    /// Returns the settings.
    pub const fn settings(&self) -> &IntrospectionSettings {
        &self.settings
    }

    /// Returns the state of the calls; `None` if it makes none.
    pub fn dependency(&self) -> Option<&Arc<Dependency>> {
        match &self.way {
            Way::Shared { calls, .. } => Some(calls.dependency()),
            Way::Nowhere | Way::Directly(_) => None,
        }
    }

    /// Returns where the issuer is asked, as it may be shown, if that is known.
    pub fn known_endpoint(&self) -> Option<String> {
        match &self.way {
            Way::Shared { client, .. } | Way::Directly(client) => client.known_endpoint(),
            Way::Nowhere => None,
        }
    }

    /// Finds the endpoint in the background, so that the first request need not.
    pub fn prepare(&self, now: Moment) {
        if let Way::Shared {
            client, runtime, ..
        } = &self.way
            && client.has_stale_endpoint(now)
        {
            let client = client.clone();
            runtime.spawn(async move { client.renew_endpoint(now).await });
        }
    }

    /// Returns what the issuer said about a token, if that is kept.
    pub(super) async fn kept(&self, digest: &CredentialDigest, now: Moment) -> Option<Verdict> {
        match &self.way {
            Way::Shared { calls, .. } => calls.kept(digest, now).await,
            Way::Nowhere | Way::Directly(_) => None,
        }
    }

    /// Returns what the issuer says about a token, for a decision. What is kept is not looked at:
    /// [`kept`](Self::kept) returns it.
    pub(super) async fn verdict(&self, question: Question) -> Result<Verdict, Option<CallDenied>> {
        let Way::Shared {
            client,
            calls,
            keeps_active,
            ..
        } = &self.way
        else {
            return Err(None);
        };
        self.prepare(question.began);
        let Question {
            digest,
            token,
            keys,
            began,
            client: address,
        } = question;
        let caller = Caller {
            began,
            client: address,
        };
        let (client, settings) = (client.clone(), &self.settings);
        let negative_ttl = settings.negative_ttl;
        let active_ttl = if *keeps_active {
            settings.cache_ttl
        } else {
            Duration::ZERO
        };
        let call = move || async move {
            let value = client.ask(&token, &keys, began).await?;
            let (ttl, result) = match &value {
                Verdict::Active(answer) if answer.len() > MAX_KEPT_BYTES => {
                    (Duration::ZERO, "active")
                }
                Verdict::Active(_) => (active_ttl, "active"),
                Verdict::Inactive => (negative_ttl, "inactive"),
            };
            let mut until = began.plus(ttl);
            if let Verdict::Active(KeptAnswer {
                ends: Some(end), ..
            }) = &value
            {
                until.date = until.date.min(*end);
            }
            Ok(Answer {
                value,
                until,
                result,
            })
        };
        calls.call(digest, caller, call).await.map_err(Some)
    }

    /// Asks the issuer about a token for an explanation. The bounds of the dependency do not apply,
    /// and the answer is not kept.
    pub(super) async fn ask(&self, question: Question) -> Result<Verdict, CallError> {
        let Question {
            token, keys, began, ..
        } = question;
        match &self.way {
            Way::Nowhere => Err(CallError::failed("offline", "the issuer is not asked here")),
            Way::Directly(client) => client.ask(&token, &keys, began).await,
            Way::Shared {
                client, runtime, ..
            } => {
                let client = client.clone();
                // A connection lives on the runtime that opened it.
                let asked = runtime.spawn(async move { client.ask(&token, &keys, began).await });
                asked
                    .await
                    .unwrap_or_else(|error| Err(CallError::failed("task", error.to_string())))
            }
        }
    }
}
