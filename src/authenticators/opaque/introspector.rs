//! Asks one issuer about tokens, within bounds, and keeps what it says for a while.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::answer_reader::AnswerKeys;
use super::client::{IntrospectionClient, SharedClient};
use super::verdict::Verdict;
use crate::authenticators::digest::CredentialDigest;
use crate::config::IntrospectionSettings;
use crate::domain::{Clock, Moment};
use crate::outbound::dependency::{
    Answer, AnswerLimits, CallDenied, CallError, Caller, Calls, Dependency,
};

/// The bytes of memory that answers about tokens which are not active may take: about 10,000.
const BYTES_OF_NEGATIVES: u64 = 2 * 1024 * 1024;

/// Asks one issuer about tokens. It lives as long as its settings stay equal, across reloads.
pub struct Introspector {
    settings: IntrospectionSettings,
    way: Way,
}

/// The way in which the issuer is asked.
enum Way {
    /// Not at all: there is no service around this.
    Nowhere,
    /// For explanations only, on the runtime of the caller, by this clock.
    Directly(SharedClient, Arc<dyn Clock>),
    /// By calls that are shared and bounded, on a runtime of their own.
    Shared {
        client: SharedClient,
        calls: Calls<CredentialDigest, Verdict>,
        runtime: Handle,
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
    /// The time at which the request began.
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

    /// Creates an introspector for explanations, which asks only where a decision may. Questions are
    /// asked now by `clock`, also in an explanation as of another time: a server would refuse an
    /// assertion that was signed for then.
    pub fn direct(client: IntrospectionClient, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings: client.settings().clone(),
            way: Way::Directly(client.into(), clock),
        }
    }

    /// Creates an introspector whose calls are bounded by this dependency and run on this runtime.
    ///
    /// Answers about active tokens take at most so many bytes. They are in the token cache as well;
    /// these are for a new configuration, whose token cache is empty.
    pub fn shared(
        client: IntrospectionClient,
        dependency: Arc<Dependency>,
        runtime: Handle,
        bytes_of_active: u64,
    ) -> Self {
        let limits = AnswerLimits {
            positive: bytes_of_active,
            negative: BYTES_OF_NEGATIVES,
        };
        Self {
            settings: client.settings().clone(),
            way: Way::Shared {
                client: client.into(),
                calls: Calls::new(dependency, limits),
                runtime,
            },
        }
    }

    /// Removes the answers whose time is over.
    pub fn sweep(&self, now: Moment) {
        if let Way::Shared { calls, .. } = &self.way {
            calls.sweep(now);
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
            Way::Nowhere | Way::Directly(..) => None,
        }
    }

    /// Returns where the issuer is asked, as it may be shown, if that is known.
    pub fn known_endpoint(&self) -> Option<String> {
        match &self.way {
            Way::Shared { client, .. } | Way::Directly(client, _) => client.known_endpoint(),
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
    pub(super) fn kept(&self, digest: &CredentialDigest, now: Moment) -> Option<Verdict> {
        match &self.way {
            Way::Shared { calls, .. } => Some(calls.kept(digest, now)?.value),
            Way::Nowhere | Way::Directly(..) => None,
        }
    }

    /// Returns what the issuer says about a token, for a decision.
    pub(super) async fn verdict(&self, question: Question) -> Result<Verdict, Option<CallDenied>> {
        let Way::Shared { client, calls, .. } = &self.way else {
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
        let (active_ttl, negative_ttl) = (settings.cache_ttl, settings.negative_ttl);
        let call = move || async move {
            let value = client.ask(&token, &keys, began).await?;
            let (until, result) = match &value {
                Verdict::Active(answer) => (answer.kept_until(began.plus(active_ttl)), "active"),
                Verdict::Inactive => (began.plus(negative_ttl), "inactive"),
            };
            Ok(Answer {
                until,
                is_negative: matches!(value, Verdict::Inactive),
                result,
                value,
            })
        };
        let known = calls.get_or_call(digest, caller, call).await;
        known.map(|known| known.value).map_err(Some)
    }

    /// Asks the issuer about a token for an explanation. The bounds of the dependency do not apply,
    /// and the answer is not kept.
    pub(super) async fn ask(&self, question: Question) -> Result<Verdict, CallError> {
        let Question {
            token, keys, began, ..
        } = question;
        match &self.way {
            Way::Nowhere => Err(CallError::failed("offline", "the issuer is not asked here")),
            Way::Directly(client, clock) => client.ask(&token, &keys, clock.moment()).await,
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
