//! Ways out of HTTP/1.1. Only WebSocket is one: whatever else a connection becomes, what follows
//! reaches the application past doorward.

use std::collections::BTreeSet;

use super::smuggling::PASSED;
use super::{Seen, Stand};
use crate::caddy::{CADDY, start_shipped};
use crate::haproxy::{HAPROXY, start_changed};
use crate::support::{Component, H2cApplication, Left, Proxy, Request, Site, Wiring};

/// `Upgrade` fields of a request, in their order.
const UPGRADES: [&[&str]; 5] = [
    &["h2c"],
    &["h2c", "websocket"],
    &["websocket", "h2c"],
    &["h2c, websocket"],
    &["websocket, h2c"],
];

const ROUTES: &str = "routes:
- {name: open, match: {path: /open}, access: anonymous}
- {name: rest, match: {}}
";

pub(super) fn look(stand: &Stand) -> Vec<Seen> {
    let leaver = Leaver::behind(stand.proxy);
    let upgrades = UPGRADES
        .iter()
        .map(|words| (named(words), in_words(&leaver.with_upgrades(words))));
    let preface = (
        "an HTTP/2 preface behind the first request".into(),
        in_words(&leaver.with(|request| request)),
    );
    upgrades
        .chain([
            preface,
            (
                "`CONNECT`, and a request behind it".into(),
                connect(&stand.site, &stand.token()),
            ),
        ])
        .collect()
}

fn named(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`Upgrade: {word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn in_words(outcomes: &BTreeSet<Left>) -> String {
    let words = outcomes.iter().map(|outcome| match outcome {
        Left::No => "no",
        Left::ForWebSocket => "WebSocket",
        Left::ForH2c => PASSED,
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// A client in front of an application that speaks h2c.
pub struct Leaver {
    application: H2cApplication,
    site: Site,
}

impl Leaver {
    pub fn behind(proxy: &Proxy) -> Self {
        let application = H2cApplication::start();
        let site = Site::in_front_of(proxy, application.address(), ROUTES);
        Self { application, site }
    }

    /// All that comes of each of these upgrades.
    pub fn with_all_upgrades(&self) -> BTreeSet<Left> {
        UPGRADES
            .iter()
            .flat_map(|words| self.with_upgrades(words))
            .collect()
    }

    /// What comes of these fields, as far as they go for h2c, and with those of WebSocket beside.
    fn with_upgrades(&self, words: &[&str]) -> BTreeSet<Left> {
        let upgrade = |request: Request| {
            let request = request.header("Connection", "Upgrade, HTTP2-Settings");
            let request = words
                .iter()
                .fold(request, |request, word| request.header("Upgrade", word));
            request.header("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")
        };
        let key = |request: Request| {
            let request = request.header("Sec-WebSocket-Version", "13");
            request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        };
        let mut outcomes = self.with(upgrade);
        outcomes.extend(self.with(|request| key(upgrade(request))));
        outcomes
    }

    /// What comes of a request that is allowed: on an open route, and by a token.
    fn with(&self, change: impl Fn(Request) -> Request) -> BTreeSet<Left> {
        let guarded = self
            .site
            .get("/guarded")
            .bearer(&self.site.idp.token().sign());
        [self.site.get("/open"), guarded]
            .map(|request| self.application.try_to_leave(&change(request)))
            .into()
    }
}

/// To an application that answers everything with 200.
fn connect(site: &Site, token: &str) -> String {
    const MARK: &str = "behind-the-tunnel";
    let connect = site.request("CONNECT", "doorward:80").bearer(token).bytes();
    let behind = site
        .request("DELETE", "/admin")
        .header("X-Mark", MARK)
        .header("Connection", "close")
        .bytes();
    let mut client = site.connect();
    client.write_what_is_taken(&[connect, behind].concat());
    let came_back = String::from_utf8_lossy(&client.read_until(MARK.as_bytes())).into_owned();
    if came_back.contains(MARK) {
        return PASSED.into();
    }
    let status = came_back.split(' ').nth(1).expect("an answer").to_owned();
    if status == "200" {
        "200, and what follows is checked".into()
    } else {
        status
    }
}

/// Each mended file lets h2c through without the line that mends it.
#[test]
fn the_word_is_set_because_letting_it_through_lets_h2c_through() {
    let caddy: fn(&Wiring) -> Component = |wiring| {
        start_shipped(
            "caddy",
            wiring,
            &[("request_header @websocket Upgrade websocket\n", "\n")],
        )
    };
    let older_caddy: fn(&Wiring) -> Component = |wiring| {
        start_shipped(
            "caddy-2.10",
            wiring,
            &[("request_header @websocket Upgrade websocket\n", "\n")],
        )
    };
    let haproxy: fn(&Wiring) -> Component = |wiring| {
        start_changed(
            wiring,
            &[(
                "http-request set-header upgrade websocket if websocket\n",
                "\n",
            )],
        )
    };
    for (proxy, start) in [(&CADDY, caddy), (&CADDY, older_caddy), (&HAPROXY, haproxy)] {
        let outcomes = Leaver::behind(&Proxy { start, ..*proxy }).with_all_upgrades();
        assert!(
            outcomes.contains(&Left::ForH2c),
            "{}: {outcomes:?}",
            proxy.dialect
        );
    }
}

/// The shipped file serves older versions too.
#[test]
fn nobody_leaves_an_older_caddy() {
    let older: fn(&Wiring) -> Component = |wiring| start_shipped("caddy-2.10", wiring, &[]);
    let outcomes = Leaver::behind(&Proxy {
        start: older,
        ..CADDY
    })
    .with_all_upgrades();
    assert_eq!(outcomes, BTreeSet::from([Left::No, Left::ForWebSocket]));
}
