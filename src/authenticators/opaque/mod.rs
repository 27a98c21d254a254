//! Tokens about which their issuer is asked (RFC 7662).

mod answer_reader;
mod client;
mod credentials;
mod followed_file;
mod introspector;
mod issuers;
mod verdict;

pub use answer_reader::{AnswerKeys, read_answer};
pub use client::IntrospectionClient;
pub use introspector::Introspector;
pub use issuers::AskedIssuers;
pub use verdict::{KeptAnswer, Verdict};

use std::sync::Arc;

use super::{AuthenticationRecord, Authenticators, CredentialDigest, explain};
use crate::domain::{
    Credential, Denial, Explain, ExplainStep, IssuerIndex, Reason, RequestContext,
};
use crate::issuers::Issuer;
use crate::jose::IssuerClaim;
use crate::policy::{Evidence, Principal, Rules};
use crate::verify::{ActiveToken, IntrospectionAnswer, TokenKindRule};
use introspector::Question;

/// The name of the stage that asks the issuer.
const STAGE: &str = "introspection";

/// The text in an explanation for an issuer that did not answer.
const NO_ANSWER: &str = "no answer; /status has the last failure";

/// A token that is active, and the answer that says so.
pub(super) struct Introspected {
    /// The claims that the issuer states about it.
    pub(super) active: ActiveToken,
    /// The moment after which the issuer is asked again.
    pub(super) kept_until: crate::domain::Moment,
}

impl Authenticators {
    /// Asks the issuer about an opaque token.
    pub(super) async fn authenticate_opaque<E: Explain>(
        &self,
        credential: &Credential<'_>,
        index: IssuerIndex,
        rules: &Rules,
        cx: &mut RequestContext<'_, E>,
        record: &mut AuthenticationRecord,
    ) -> Result<Principal, Denial> {
        let form = b64token(credential.as_bytes()).ok_or(Reason::TokenMalformed);
        cx.explain
            .outcome("form", form, || ("an opaque token", explain::opaque(form)))?;
        let issuer = self.issuers.at(index).ok_or(Reason::IssuerUnknown)?;
        record.issuer = Some(index);
        self.check_issuer_of_route(&issuer.profile, rules, cx)?;
        rules.check_source(&issuer.profile, credential, cx.explain)?;
        self.authenticate_by_answer(credential, issuer, cx).await
    }

    /// Asks the issuer about a token whose signature was not verified.
    pub(super) async fn authenticate_by_answer<E: Explain>(
        &self,
        credential: &Credential<'_>,
        issuer: &Arc<Issuer>,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Principal, Denial> {
        let introspected = self.introspect(credential, issuer, cx).await?;
        let verified = issuer.profile.expectations.validate_active(
            introspected.active,
            cx.now.date,
            cx.explain,
        )?;
        let profile = issuer.profile.clone();
        let principal = Principal::new(
            verified,
            profile,
            Evidence::Introspected,
            &self.claim_headers,
        );
        Ok(principal.kept_until(introspected.kept_until))
    }

    /// Returns what the issuer says about a token that is active, an access token, and its own.
    ///
    /// Fails with [`Reason::TokenInactive`] if the token is not active, with
    /// [`Reason::DependencyUnavailable`] if there is no answer, and with the reason of the first
    /// check of the answer that fails.
    pub(super) async fn introspect<E: Explain>(
        &self,
        credential: &Credential<'_>,
        issuer: &Arc<Issuer>,
        cx: &mut RequestContext<'_, E>,
    ) -> Result<Introspected, Denial> {
        // Every issuer that is asked has an introspector; without one the token is denied.
        let introspector = self
            .asked
            .of(issuer.profile.index)
            .ok_or(Reason::DependencyUnavailable)?;
        let token = b64token(credential.as_bytes()).ok_or(Reason::TokenMalformed)?;
        let question = Question {
            digest: CredentialDigest::of(credential),
            token: token.to_owned(),
            keys: AnswerKeys::of(issuer),
            began: cx.now,
            client: cx.client(),
        };
        let kept = introspector.kept(&question.digest, cx.now).await;
        let was_asked = kept.is_none();
        if was_asked {
            cx.check_cost()?;
        }
        let verdict = match kept {
            Some(kept) => Ok(kept),
            None if !cx.explain.may_ask() => {
                cx.explain
                    .step(|| ExplainStep::unknown(STAGE, explain::ACTIVE, "would be introspected"));
                return Err(Reason::DependencyUnavailable.into());
            }
            None if E::DRY_RUN => introspector
                .ask(question)
                .await
                .map_err(|error| error.to_string()),
            None => introspector
                .verdict(question)
                .await
                .map_err(|_| NO_ANSWER.to_owned()),
        };
        cx.explain.step(|| explain::verdict(STAGE, &verdict));
        let Verdict::Active(answer) = verdict.map_err(|_| Reason::DependencyUnavailable)? else {
            // An answer that was kept costs nothing, so it does not count against the client.
            return Err(Denial::from(Reason::TokenInactive).with_cost_work(was_asked));
        };
        // Requests share the text of the answer, and each parses it again: claims are not shared
        // between configurations.
        let Ok(IntrospectionAnswer::Active(active)) =
            IntrospectionAnswer::parse(answer.text.as_ref().to_owned())
        else {
            return Err(Reason::DependencyUnavailable.into());
        };
        let settings = introspector.settings();
        self.check_answer(&active, issuer, settings.require_token_type, cx.explain)?;
        Ok(Introspected {
            active: match &issuer.description.accepted[..] {
                [name] => active.of_issuer(name),
                _ => active,
            },
            kept_until: answer.asked_at.plus(settings.cache_ttl),
        })
    }

    /// Checks that an answer is about an access token of this issuer.
    fn check_answer(
        &self,
        active: &ActiveToken,
        issuer: &Arc<Issuer>,
        require_token_type: bool,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let claims = active.claims();
        let is_own = match claims.issuer() {
            IssuerClaim::Absent => true,
            stated => self
                .issuers
                .named(stated)
                .is_some_and(|named| named.profile.index == issuer.profile.index),
        };
        let own = if is_own {
            Ok(())
        } else {
            Err(Reason::IssuerUnknown)
        };
        explain.outcome("iss", own, || {
            (
                format!("absent, or that of {}", issuer.profile.name),
                claims.describe("iss"),
            )
        })?;
        TokenKindRule { require_token_type }.validate(claims, explain)
    }
}

/// Returns a token that is a `b64token` (RFC 6750 section 2.1). No server issues anything else, so
/// none is asked about it.
pub(super) fn b64token(bytes: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let characters = bytes.iter().take_while(|byte| is_plain(byte)).count();
    let padding = bytes.get(characters..)?;
    let is_token = characters > 0 && padding.iter().all(|byte| *byte == b'=');
    is_token.then(|| std::str::from_utf8(bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_b64token_is_sent() {
        for good in ["a", "-", "a==", "A.b-c_d~e+f/9=", "a.b.c.d.e"] {
            assert_eq!(b64token(good.as_bytes()), Some(good));
        }
        for bad in [
            "",
            "=",
            "a=b",
            "a b",
            "a\n",
            "a%",
            "a&token=b",
            "ä",
            "\"a\"",
            "a,b",
        ] {
            assert_eq!(b64token(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_needs_no_escapes_in_a_header(bytes in any::<Vec<u8>>()) {
            if let Some(token) = b64token(&bytes) {
                prop_assert!(token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'));
            }
        }
    }
}
