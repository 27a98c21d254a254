//! Identities and descriptions of requests that a client brings along.

use super::{Case, Stand};
use crate::support::{Echoed, Request, Site};

/// Texts that may be nowhere.
pub const PASSED: &str = "PASSED ON";

pub const MALLORY: &str = "mallory";

pub const CASES: &[Case] = &[
    Case {
        name: "`X-Auth-Subject: mallory`",
        look: |stand| named(stand, &["X-Auth-Subject"]),
    },
    Case {
        name: "the same twice",
        look: |stand| named(stand, &["X-Auth-Subject", "X-Auth-Subject"]),
    },
    Case {
        name: "`x-AUTH-subject`",
        look: |stand| named(stand, &["x-AUTH-subject"]),
    },
    Case {
        name: "`X_Auth_Subject`",
        look: |stand| named(stand, &["X_Auth_Subject"]),
    },
    Case {
        name: "`X-Auth_Subject`",
        look: |stand| named(stand, &["X-Auth_Subject"]),
    },
    Case {
        name: "`X.Auth.Subject`",
        look: |stand| named(stand, &["X.Auth.Subject"]),
    },
    Case {
        name: "`X-Auth-Email`, a claim that the token lacks",
        look: |stand| named(stand, &["X-Auth-Email"]),
    },
    Case {
        name: "`X-Auth-Roles`, which is not mapped",
        look: |stand| named(stand, &["X-Auth-Roles"]),
    },
    Case {
        name: "`X_Auth_Roles`",
        look: |stand| named(stand, &["X_Auth_Roles"]),
    },
    Case {
        name: "`Remote-User`",
        look: |stand| named(stand, &["Remote-User"]),
    },
    Case {
        name: "`X-User-Id`, mapped in place of `X-Auth-Subject`",
        look: |stand| elsewhere(stand, "X-User-Id"),
    },
    Case {
        name: "`X_User_Id`, the same",
        look: |stand| elsewhere(stand, "X_User_Id"),
    },
    Case {
        name: "`X~User~Id`, the same",
        look: |stand| elsewhere(stand, "X~User~Id"),
    },
    Case {
        name: "`Connection: X-Auth-Subject`",
        look: |stand| hidden(stand, "X-Auth-Subject"),
    },
    Case {
        name: "`Connection: Authorization`",
        look: |stand| hidden(stand, "Authorization"),
    },
    Case {
        name: "`Connection: X-Forwarded-Uri, X-Original-URL`",
        look: |stand| hidden(stand, "X-Forwarded-Uri, X-Original-URL"),
    },
    Case {
        name: "`X-Forwarded-Uri: /public`",
        look: |stand| described(stand, "X-Forwarded-Uri", "/public"),
    },
    Case {
        name: "`X-Forwarded-Method: OPTIONS`",
        look: |stand| described(stand, "X-Forwarded-Method", "OPTIONS"),
    },
    Case {
        name: "`X-Forwarded-Host: elsewhere`",
        look: |stand| described(stand, "X-Forwarded-Host", "elsewhere"),
    },
    Case {
        name: "`X-Original-URL: http://elsewhere/public`",
        look: |stand| described(stand, "X-Original-URL", "http://elsewhere/public"),
    },
    Case {
        name: "`X-Forwarded-For: 192.0.2.66`",
        look: |stand| described(stand, "X-Forwarded-For", "192.0.2.66"),
    },
    Case {
        name: "`/a/../admin`",
        look: |stand| path(stand, "/a/../admin"),
    },
    Case {
        name: "`/a/%2e%2e/admin`",
        look: |stand| path(stand, "/a/%2e%2e/admin"),
    },
    Case {
        name: "`/a%2fadmin`",
        look: |stand| path(stand, "/a%2fadmin"),
    },
    Case {
        name: "`/admin%23x`",
        look: |stand| path(stand, "/admin%23x"),
    },
    Case {
        name: "`//admin`",
        look: |stand| path(stand, "//admin"),
    },
];

/// What becomes of fields that a client sets, with a good token.
fn named(stand: &Stand, names: &[&str]) -> String {
    let request = names.iter().fold(stand.site.get("/"), |request, name| {
        request.header(name, MALLORY)
    });
    let seen = stand.site.served(request.bearer(&stand.token()));
    assert_eq!(seen.get("X-Auth-Subject"), "alice");
    if seen.fields.iter().any(|(_, value)| value.contains(MALLORY)) {
        return PASSED.into();
    }
    let stays = seen
        .fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(names[0]));
    match stays {
        Some((_, value)) if value.is_empty() => "emptied".into(),
        Some(_) => "doorward's".into(),
        None => "gone".into(),
    }
}

/// What becomes of a field that a client sets where a claim has another name than ours, and the
/// proxy the lines for that.
fn elsewhere(stand: &Stand, name: &str) -> String {
    let site = stand.mapping("sub=X-User-Id");
    let request = site.get("/").header(name, MALLORY).header(name, MALLORY);
    let seen = site.served(request.bearer(&site.idp.token().sign()));
    assert_eq!(seen.get("X-User-Id"), "alice");
    site.refused(site.get("/").header(name, MALLORY));
    if seen.fields.iter().any(|(_, value)| value.contains(MALLORY)) {
        return PASSED.into();
    }
    let stays = seen
        .fields
        .iter()
        .any(|(own, _)| own.eq_ignore_ascii_case(name));
    if stays {
        "doorward's".into()
    } else {
        "gone".into()
    }
}

/// What becomes of a request whose `Connection` lists these fields, as if they were a matter of one
/// hop.
fn hidden(stand: &Stand, names: &str) -> String {
    let request = stand
        .site
        .get("/")
        .header("Connection", names)
        .header("X-Auth-Subject", MALLORY);
    let answer = request.bearer(&stand.token()).send();
    if answer.status != 200 {
        return answer.verdict();
    }
    let seen = Site::echoed(&answer);
    if seen.fields.iter().any(|(_, value)| value.contains(MALLORY))
        || seen.get("X-Auth-Subject") != "alice"
    {
        return PASSED.into();
    }
    assert!(
        !seen.get("Connection").to_lowercase().contains("auth"),
        "the next proxy would drop it: {seen:?}"
    );
    "no effect".into()
}

/// What becomes of a description of another request.
fn described(stand: &Stand, name: &str, value: &str) -> String {
    let lie = |request: Request| request.header(name, value).bearer(&stand.token());
    let seen = stand
        .site
        .served(lie(stand.site.request("DELETE", "/admin")));
    let judged = stand.site.gate().log_lines().pop().unwrap();
    let judged =
        ["method", "host", "path"].map(|part| judged[part].as_str().unwrap_or_default().to_owned());
    assert_eq!(
        judged,
        ["DELETE", "doorward", "/admin"],
        "{name} was believed"
    );
    if is_passed_on(&seen, value) {
        PASSED.into()
    } else {
        "not believed, not passed on".into()
    }
}

fn is_passed_on(seen: &Echoed, lie: &str) -> bool {
    seen.fields.iter().any(|(_, value)| value.contains(lie))
}

/// The path that is checked, and the one that is served.
fn path(stand: &Stand, target: &str) -> String {
    let answer = stand.site.get(target).bearer(&stand.token()).send();
    if answer.status != 200 {
        return format!("{} by the proxy", answer.verdict());
    }
    let seen = Site::echoed(&answer);
    let judged = stand.site.gate().log_lines().pop().unwrap();
    assert_eq!(
        judged["path"].as_str(),
        Some(seen.target.as_str()),
        "another path was judged than served"
    );
    if seen.target == target {
        "unchanged".into()
    } else {
        format!("`{}`", seen.target)
    }
}
