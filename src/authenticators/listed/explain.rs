//! Explanations of listed credentials. They never show a key or a password.

use crate::config::{ApiKeyForm, ApiKeyState, MalformedApiKey};
use crate::domain::ExplainStep;
use crate::policy::Principal;

/// Explains the form of an API key.
pub(in crate::authenticators) fn api_key_form(
    form: &ApiKeyForm,
    checked: Result<(), MalformedApiKey>,
) -> ExplainStep {
    let found = checked.map_or_else(|malformed| malformed.to_string(), |()| "it".to_owned());
    ExplainStep::of("form", &checked, format!("an API key: {form}"), found)
}

/// Explains the state of a key in the list.
pub(in crate::authenticators) fn api_key(
    state: ApiKeyState,
    principal: Option<&Principal>,
) -> ExplainStep {
    let id = principal.map(|principal| principal.token().claims().describe("client_id"));
    let found = match (state, id) {
        (ApiKeyState::Unknown, _) => "none with this hash".to_owned(),
        (ApiKeyState::Expired, _) => "a key that has expired".to_owned(),
        (ApiKeyState::Disabled, _) => "a key that is disabled".to_owned(),
        (ApiKeyState::Good, Some(id)) => format!("the key {id}"),
        (ApiKeyState::Good, None) => "a key whose claims cannot be read".to_owned(),
    };
    let outcome = principal.ok_or(());
    ExplainStep::of(
        "api key",
        &outcome,
        "a key of the file, neither disabled nor expired",
        found,
    )
}

/// Explains whether a user and a password have the form of a pair that can be listed.
pub(in crate::authenticators) fn pair(is_usable: bool, most: usize) -> ExplainStep {
    let outcome = is_usable.then_some(()).ok_or(());
    let expected = format!("a user and a password of at most {most} bytes without NUL");
    ExplainStep::of(
        "form",
        &outcome,
        expected,
        if is_usable { "it" } else { "another" },
    )
}

/// Explains whether a thread for the hash was free in time.
pub(in crate::authenticators) fn waiting(is_free: bool) -> ExplainStep {
    let outcome = is_free.then_some(()).ok_or(());
    let found = if is_free {
        "one"
    } else {
        "none: too many hashes at once"
    };
    ExplainStep::of("hashing", &outcome, "a free thread", found)
}

/// The stage at which a password is compared.
pub const PASSWORD_STAGE: &str = "password";

const OF_A_USER: &str = "that of a user in the file";

/// Explains that the password was compared for another request meanwhile.
pub(in crate::authenticators) fn compared_meanwhile() -> ExplainStep {
    ExplainStep::passed(PASSWORD_STAGE, OF_A_USER, "compared meanwhile")
}

/// Explains that the password is not compared.
pub(in crate::authenticators) fn not_compared() -> ExplainStep {
    ExplainStep::unknown(PASSWORD_STAGE, OF_A_USER, "would be compared")
}

/// Explains whether the password is that of the user.
pub(in crate::authenticators) fn password(
    user: &str,
    is_known: bool,
    matches: bool,
) -> ExplainStep {
    let outcome = matches.then_some(()).ok_or(());
    let found = match (is_known, matches) {
        (false, _) => format!("no user {user:?}"),
        (true, false) => format!("another password than that of {user:?}"),
        (true, true) => format!("the password of {user:?}"),
    };
    ExplainStep::of(PASSWORD_STAGE, &outcome, OF_A_USER, found)
}
