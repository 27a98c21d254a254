//! Answers to the client when doorward denies, or does not answer.

use doorward::jose::{Algorithm, SigningKey};

use super::{Case, Stand};
use crate::support::{Answer, Site};

pub const CASES: &[Case] = &[
    Case {
        name: "no token",
        look: |stand| told(&stand.site.refused(stand.site.get("/"))),
    },
    Case {
        name: "an expired token",
        look: expired,
    },
    Case {
        name: "two `Authorization` fields",
        look: two_authorizations,
    },
    Case {
        name: "a scope is missing",
        look: missing_scope,
    },
    Case {
        name: "too many failures (`failure_limit`)",
        look: limited,
    },
    Case {
        name: "doorward has no keys",
        look: no_keys,
    },
    Case {
        name: "doorward is down",
        look: down,
    },
    Case {
        name: "doorward does not answer",
        look: silent,
    },
];

fn expired(stand: &Stand) -> String {
    let token = stand.site.idp.token().expires_in(-60).sign();
    told(&stand.site.refused(stand.site.get("/").bearer(&token)))
}

fn two_authorizations(stand: &Stand) -> String {
    told(
        &stand.site.refused(
            stand
                .site
                .get("/")
                .bearer(&stand.token())
                .bearer(&stand.token()),
        ),
    )
}

fn missing_scope(stand: &Stand) -> String {
    told(
        &stand
            .site
            .refused(stand.site.get("/").bearer(&stand.site.idp.token().sign())),
    )
}

fn limited(stand: &Stand) -> String {
    let site = Site::behind(stand.proxy, &[("FAILURE_LIMIT", "1/1m")]);
    let ask = |token: &str| site.refused(site.get("/").bearer(token));
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let forged = site.idp.token().signed_by(other.into()).sign();
    assert_eq!(ask(&forged).verdict(), "401 signature_invalid");
    told(&ask(&site.idp.token().sign()))
}

fn no_keys(stand: &Stand) -> String {
    let site = stand.without_keys();
    told(&site.refused(site.get("/").bearer(&site.idp.token().sign())))
}

fn down(stand: &Stand) -> String {
    let mut site = Site::behind(stand.proxy, &[]);
    site.stop_doorward();
    told(&site.refused(site.get("/").bearer(&stand.token())))
}

/// It takes connections, and that is all it does.
fn silent(stand: &Stand) -> String {
    let site = Site::counting(stand.proxy, &[]);
    site.silence_doorward();
    told(&site.refused(site.get("/").bearer(&stand.token())))
}

/// Status, reason, and what comes with it.
fn told(answer: &Answer) -> String {
    let has_text =
        answer.get("content-type") == Some("application/json") && answer.body.contains("\"error\"");
    let parts = [
        (answer.get("www-authenticate").is_some(), "challenge"),
        (answer.get("retry-after").is_some(), "Retry-After"),
        (has_text, "JSON"),
    ];
    let said = parts
        .iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, what)| *what);
    let (status, reason) = (
        answer.status.to_string(),
        answer
            .get("x-auth-reason")
            .map(|reason| format!("`{reason}`")),
    );
    let words: Vec<_> = std::iter::once(status)
        .chain(reason)
        .chain(said.map(str::to_owned))
        .collect();
    words.join(" ")
}
