//! The page of each reason: causes, how to see it, what to do, and an example that gets it.
//!
//! The pages under `docs/reasons/` are generated from these tables. A reason without a page does not
//! compile. To add one, write its page in the file of its subject, name it in [`page_of`], and renew
//! the pages: `UPDATE_DOCS=1 cargo test --test it generated_docs`.

mod claims;
mod credential;
mod dependency;
mod page;
mod permission;
mod proxy;
mod signature;
mod user;

use std::fmt::Write;

use super::Hint;
use crate::domain::{DenialClass, Reason};
use page::{Example, ReasonPage};

const fn page_of(reason: Reason) -> &'static ReasonPage {
    // A new reason: see the comment at the top of this file.
    match reason {
        Reason::TokenMissing => &credential::MISSING,
        Reason::AuthorizationMalformed => &credential::AUTHORIZATION_MALFORMED,
        Reason::TokenMalformed => &credential::MALFORMED,
        Reason::TokenTooLarge => &credential::TOO_LARGE,
        Reason::TokenAmbiguous => &credential::AMBIGUOUS,
        Reason::SchemeUnsupported => &credential::SCHEME_UNSUPPORTED,
        Reason::AlgorithmNotAllowed => &signature::ALGORITHM_NOT_ALLOWED,
        Reason::HeaderCriticalUnsupported => &signature::CRITICAL_UNSUPPORTED,
        Reason::TokenEncrypted => &signature::ENCRYPTED,
        Reason::IssuerUnknown => &signature::ISSUER_UNKNOWN,
        Reason::KeyUnknown => &signature::KEY_UNKNOWN,
        Reason::SignatureInvalid => &signature::INVALID,
        Reason::TokenInactive => &credential::INACTIVE,
        Reason::TokenExpired => &claims::EXPIRED,
        Reason::TokenNotYetValid => &claims::NOT_YET_VALID,
        Reason::TokenIssuedInFuture => &claims::ISSUED_IN_FUTURE,
        Reason::TokenTooOld => &claims::TOO_OLD,
        Reason::AudienceMismatch => &claims::AUDIENCE_MISMATCH,
        Reason::TokenTypeMismatch => &claims::TYPE_MISMATCH,
        Reason::ClaimMissing => &claims::MISSING,
        Reason::ClaimInvalid => &claims::INVALID,
        Reason::CredentialUnknown => &credential::UNKNOWN,
        Reason::CredentialsInvalid => &credential::PASSWORD_INVALID,
        Reason::SubjectUnknown => &user::UNKNOWN,
        Reason::SubjectDisabled => &user::DISABLED,
        Reason::ProofMissing => &claims::PROOF_MISSING,
        Reason::ScopeInsufficient => &permission::SCOPE_INSUFFICIENT,
        Reason::PolicyDenied => &permission::POLICY_DENIED,
        Reason::RouteDenied => &permission::ROUTE_DENIED,
        Reason::ClaimHeadersTooLarge => &permission::CLAIM_HEADERS_TOO_LARGE,
        Reason::ForwardedHeadersMissing => &proxy::HEADERS_MISSING,
        Reason::ForwardedHeadersUntrusted => &proxy::HEADERS_UNTRUSTED,
        Reason::ForwardedHeadersAmbiguous => &proxy::HEADERS_AMBIGUOUS,
        Reason::RateLimited => &permission::RATE_LIMITED,
        Reason::KeysUnavailable => &dependency::KEYS_UNAVAILABLE,
        Reason::DependencyUnavailable => &dependency::UNAVAILABLE,
    }
}

/// Returns the page of a reason, `docs/reasons/CODE.md`.
pub fn reason_page(reason: Reason) -> String {
    let page = page_of(reason);
    let (code, meaning, status) = (reason.code(), reason.meaning(), reason.status());
    let mut text = format!(
        "# `{code}`: {meaning}\n\n{GENERATED}\n\nStatus: {status}. {}\n\n## Cause\n\n",
        next_move(reason.class())
    );
    list(&mut text, "-", page.causes);
    text.push_str("\n## How to see it\n\n");
    list(&mut text, "-", &signs(reason));
    list(&mut text, "-", page.signs);
    text.push_str("\n## What to do\n\n");
    list(&mut text, "1.", page.cures);
    text.push_str("\n## Example\n\n");
    let (preparation, configuration, script) = match page.example {
        Example::Commands {
            configuration,
            script,
        } => (None, configuration, script),
        Example::Prepared {
            preparation,
            configuration,
            script,
        } => (Some(preparation), configuration, script),
    };
    if let Some(preparation) = preparation {
        text.extend(["Before the start:\n\n```sh\n", preparation, "```\n\n"]);
    }
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "The configuration, `doorward.yaml`:\n\n```yaml\n{configuration}```\n\n\
         Start the service with `doorward --config doorward.yaml`, and send the request from another terminal:\n\n\
         ```sh\n{script}```\n\n\
         The response has:\n\n```text\nHTTP/1.1 {status} {}\nx-auth-reason: {code}\n```\n",
        phrase(status)
    );
    text
}

/// Returns the index of the pages, `docs/reasons/README.md`.
pub fn reason_index() -> String {
    let mut text = format!(
        "# Reasons of denials\n\n{GENERATED}\n\n\
         Each page has the causes of one reason, where to see it, what to do, and an example to try.\n\
         [Reason codes](../reason-codes.md) is the short table.\n"
    );
    let mut class = None;
    for reason in Reason::ALL {
        if class != Some(reason.class()) {
            class = Some(reason.class());
            let _ = write!(
                text,
                "\n## {}\n\n| code | status | most frequent cause |\n| --- | --- | --- |\n",
                title(reason.class())
            );
        }
        let code = reason.code();
        let cause = page_of(*reason).causes.first().copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "| [`{code}`]({code}.md) | {} | {cause} |",
            reason.status()
        );
    }
    text
}

const GENERATED: &str =
    "Generated from the program; a test fails when this page and the program differ.";

/// Returns the signs that every reason has.
fn signs(reason: Reason) -> [String; 4] {
    let (code, verdict) = (reason.code(), verdict(reason.class()));
    [
        format!(
            "Response: status {}, and the header `X-Auth-Reason: {code}`.",
            reason.status()
        ),
        format!(
            "Access log: `\"reason\":\"{code}\"`. With `log: debug` the log also has the stage that failed, with what was expected and found."
        ),
        format!("Metric: `doorward_decisions_total{{verdict=\"{verdict}\",reason=\"{code}\"}}`."),
        format!(
            "`doorward explain --failed` shows the stage that failed, and this hint: {}.",
            Hint::of(reason).text()
        ),
    ]
}

fn list<T: AsRef<str>>(text: &mut String, mark: &str, items: &[T]) {
    for item in items {
        text.extend([mark, " ", item.as_ref(), "\n"]);
    }
}

const fn title(class: DenialClass) -> &'static str {
    match class {
        DenialClass::Unauthenticated => "The client needs another credential",
        DenialClass::Forbidden => "An administrator has to change something",
        DenialClass::Limited => "The client has to wait",
        DenialClass::Unavailable => "This service, or one that it needs, has a problem",
    }
}

const fn next_move(class: DenialClass) -> &'static str {
    match class {
        DenialClass::Unauthenticated => "The client must send another credential.",
        DenialClass::Forbidden => {
            "The same request is denied again until an administrator grants access or corrects a configuration."
        }
        DenialClass::Limited => "The client can try again after the time in `Retry-After`.",
        DenialClass::Unavailable => "The credential may be good. The client can try again later.",
    }
}

/// Returns the label of the metric.
const fn verdict(class: DenialClass) -> &'static str {
    match class {
        DenialClass::Unavailable => "error",
        DenialClass::Unauthenticated | DenialClass::Forbidden | DenialClass::Limited => "deny",
    }
}

/// Returns the reason phrase of a status (RFC 9110 section 15).
const fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    }
}
