//! Names that an application may take for one that the shipped files remove: to CGI, WSGI and many
//! frameworks `X_HTTP_Method_Override` is `X-HTTP-Method-Override`.

use super::smuggling::{MALLORY, PASSED};
use super::{Seen, Stand};
use crate::deploy::blanked_by_nginx;
use crate::support::Site;

/// What the shipped files remove, or set themselves in place of the client's.
const REMOVED: [&str; 24] = [
    "X-Auth-Subject",
    "X-Auth-Issuer",
    "X-Auth-Client-Id",
    "X-Auth-Email",
    "X-Auth-Roles",
    "Remote-User",
    "X-Forwarded-User",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Original-Method",
    "X-Original-URI",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Real-IP",
    "Forwarded",
];

/// What a name may consist of beside letters, digits and hyphens (RFC 9110 section 5.6.2); the most
/// likely first.
const OTHERS: [char; 14] = [
    '_', '.', '~', '!', '#', '$', '%', '&', '\'', '*', '+', '^', '`', '|',
];

/// So many at once.
const FIELDS: usize = 25;

pub fn look(stand: &Stand) -> Vec<Seen> {
    let one_of_each = REMOVED
        .iter()
        .zip(OTHERS[..3].iter().cycle())
        .map(|(name, other)| {
            let spelled = name.replace('-', &other.to_string());
            let cell = if passed(stand, &[spelled.as_str()]) == 0 {
                "gone"
            } else {
                PASSED
            };
            (format!("`{spelled}`"), cell.to_owned())
        });
    one_of_each
        .chain([as_usual(stand), every_spelling(stand)])
        .collect()
}

fn as_usual(stand: &Stand) -> Seen {
    (
        format!("these {} names, spelled as usual", REMOVED.len()),
        in_words(passed(stand, &REMOVED)),
    )
}

/// With each of the characters in place of one hyphen and of all of them, in front and behind.
fn every_spelling(stand: &Stand) -> Seen {
    let spelled: Vec<_> = REMOVED
        .iter()
        .flat_map(|name| OTHERS.iter().flat_map(|other| spellings(name, *other)))
        .collect();
    let names: Vec<_> = spelled.iter().map(String::as_str).collect();
    let count: usize = names.chunks(FIELDS).map(|names| passed(stand, names)).sum();
    let others = OTHERS.iter().collect::<String>().replace('|', "\\|");
    (
        format!(
            "{} other spellings of them, with one of `` {others} ``",
            names.len()
        ),
        in_words(count),
    )
}

fn in_words(passed: usize) -> String {
    if passed == 0 {
        "none passes".to_owned()
    } else {
        format!("{passed} {PASSED}")
    }
}

fn spellings(name: &str, other: char) -> Vec<String> {
    let hyphens: Vec<_> = name.match_indices('-').map(|(at, _)| at).collect();
    let one = hyphens
        .iter()
        .map(|at| format!("{}{other}{}", &name[..*at], &name[at + 1..]));
    let all = (hyphens.len() > 1).then(|| name.replace('-', &other.to_string()));
    one.chain(all)
        .chain([format!("{other}{name}"), format!("{name}{other}")])
        .collect()
}

/// How many fields of these names reach the application, with a good token.
fn passed(stand: &Stand, names: &[&str]) -> usize {
    let request = names.iter().fold(stand.site.get("/"), |request, name| {
        request.header(name, MALLORY)
    });
    let seen = Site::echoed(&request.bearer(&stand.token()).send());
    assert_eq!(seen.get("X-Auth-Subject"), "alice");
    seen.fields
        .iter()
        .filter(|(_, value)| value == MALLORY)
        .count()
}

#[test]
fn every_name_that_the_files_remove_is_tried() {
    let own = |name: &String| name.starts_with("X-Auth-") || REMOVED.contains(&name.as_str());
    let forgotten: Vec<_> = blanked_by_nginx()
        .into_iter()
        .filter(|name| !own(name))
        .collect();
    assert_eq!(forgotten, Vec::<String>::new());
}
