//! Headers that no client may send, whatever the claim headers are.

use super::HeaderNames;

/// Header names that applications trust although doorward does not set them by default, for proxies
/// that cannot remove headers by prefix.
pub(super) const IDENTITIES: [&str; 26] = [
    "X-Auth-Audience",
    "X-Auth-Claims",
    "X-Auth-Denial",
    "X-Auth-Group",
    "X-Auth-Groups",
    "X-Auth-Id",
    "X-Auth-Key",
    "X-Auth-Name",
    "X-Auth-Permissions",
    "X-Auth-Reason",
    "X-Auth-Role",
    "X-Auth-Roles",
    "X-Auth-Scope",
    "X-Auth-Sub",
    "X-Auth-Tenant",
    "X-Auth-Tenant-Id",
    "X-Auth-Token",
    "X-Auth-User",
    "X-Auth-User-Id",
    "X-Auth-Username",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-User",
    "X-Auth-WebSocket-Protocol",
];

/// Header names outside of `X-Auth-` that applications trust as an identity.
pub(super) const USERS: [&str; 2] = ["Remote-User", "X-Forwarded-User"];

/// Forwarded headers that are removed because a proxy that writes the others has no value for them.
pub(super) const FORWARDED: [&str; 3] = ["X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded"];

/// Headers by which some frameworks serve another path or method than the one in the request line,
/// which is the one that was decided on.
pub(super) const REQUEST_LINES: [&str; 9] = [
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Original-Method",
    "X-Original-URI",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
];

/// Returns the names of a list that are no claim headers. Claim headers get a value, and must not
/// be removed after that.
pub(super) fn unmapped<'a>(names: &HeaderNames, list: &[&'a str]) -> Vec<&'a str> {
    list.iter()
        .copied()
        .filter(|name| !names.is_claim_header(name))
        .collect()
}

/// Returns all names of these lists and other spellings of the claim headers, for a proxy that can
/// remove headers only by name.
pub(super) fn all_by_name(names: &HeaderNames) -> Vec<String> {
    let fixed = [IDENTITIES.as_slice(), &USERS, &FORWARDED, &REQUEST_LINES].concat();
    let other_spellings = names.hyphenated().filter(|name| !is_listed(name));
    unmapped(names, &fixed)
        .into_iter()
        .map(str::to_owned)
        .chain(other_spellings)
        .collect()
}

/// Returns `true` if one of the lists above has this name.
pub(super) fn is_listed(name: &str) -> bool {
    let lists: [&[&str]; 4] = [&IDENTITIES, &USERS, &FORWARDED, &REQUEST_LINES];
    lists
        .into_iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(name))
}
