//! Headers that no client may bring along, whatever is mapped.

use super::HeaderNames;

/// Names that applications trust although doorward does not set them by default, for proxies that
/// cannot remove by prefix.
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

/// The same under other names than ours.
pub(super) const USERS: [&str; 2] = ["Remote-User", "X-Forwarded-User"];

/// What a proxy that writes the other forwarded headers itself has no value for.
pub(super) const FORWARDED: [&str; 3] = ["X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded"];

/// Headers by which some frameworks serve another path or method than the one in the request line,
/// which is the one judged.
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

/// The names of a list that no claim has: those get a value, and must not lose it again.
pub(super) fn unmapped<'a>(names: &HeaderNames, list: &[&'a str]) -> Vec<&'a str> {
    list.iter()
        .copied()
        .filter(|name| !names.is_mapped(name))
        .collect()
}

/// All of these lists for a proxy that can only remove what it can name, and other spellings of
/// claim headers.
pub(super) fn all_by_name(names: &HeaderNames) -> Vec<String> {
    let fixed = [IDENTITIES.as_slice(), &USERS, &FORWARDED, &REQUEST_LINES].concat();
    let other_spellings = names.hyphenated().filter(|name| !is_listed(name));
    unmapped(names, &fixed)
        .into_iter()
        .map(str::to_owned)
        .chain(other_spellings)
        .collect()
}

/// Whether one of the lists above has this name.
pub(super) fn is_listed(name: &str) -> bool {
    let lists: [&[&str]; 4] = [&IDENTITIES, &USERS, &FORWARDED, &REQUEST_LINES];
    lists
        .into_iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(name))
}
