//! Mistakes on the command line, and at the start.

use std::net::TcpListener;

use super::{Mistake, made};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";

#[test]
fn of_arguments() {
    let told = made(vec![
        Mistake::calling("an unknown command", &["chekc"]),
        Mistake::calling("an unknown option", &["check", "--onlin"]),
        Mistake::calling("a setting as option", &["--issuer", "https://idp.example"]),
        Mistake::calling("a token as value", &["explain", "--token", TOKEN]).beside_good(),
        Mistake::calling("a token as argument", &["token", "inspect", TOKEN]),
        Mistake::calling("a token for its file", &["explain", "--token-file", TOKEN]).beside_good(),
        Mistake::calling(
            "no token file",
            &["token", "inspect", "--token-file", "/nowhere/token"],
        ),
        Mistake::calling("no token", &["token", "inspect"]),
        Mistake::calling("half a token", &["token", "inspect"]).piping("eyJhbGciOiJIUzI1NiJ9.eyJz"),
        Mistake::calling("a time in words", &["explain", "--at", "yesterday"]),
        Mistake::calling("a path as URL", &["explain", "--url", "/admin"]).beside_good(),
        Mistake::calling(
            "a URL with password",
            &["explain", "--url", "https://a:b@app.example/"],
        )
        .beside_good(),
        Mistake::calling(
            "a URL and a host",
            &["explain", "--url", "https://a.example", "--host", "a"],
        ),
        Mistake::calling("a token without key", &["token", "issue"]),
        Mistake::calling(
            "a token by a short secret",
            &["token", "issue", "--hmac-secret-file", "-"],
        )
        .piping("secret"),
        Mistake::calling("an unknown proxy", &["config", "proxy", "apache"]),
        Mistake::calling("an unknown shell", &["completion", "tcsh"]),
        Mistake::calling(
            "no folder of fixtures",
            &["check", "--fixtures", "/nowhere"],
        )
        .beside_good(),
        Mistake::calling("no folder for pages", &["man", "--directory", "/nowhere"]),
    ]);
    insta::assert_snapshot!("arguments", told);
}

#[test]
fn of_listeners() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serving = |name| Mistake::calling(name, &["serve"]).beside_good();
    let varying = |mistake: Mistake| mistake.varying(address.clone(), "127.0.0.1:PORT");
    let told = made(vec![
        varying(
            serving("a port that is taken")
                .set("LISTEN", &address)
                .set("ADMIN_LISTEN", "127.0.0.1:0"),
        ),
        varying(
            serving("an admin port that is taken")
                .set("LISTEN", "127.0.0.1:0")
                .set("ADMIN_LISTEN", &address),
        ),
        serving("an address of another machine").set("LISTEN", "192.0.2.1:8080"),
        serving("one address twice")
            .set("LISTEN", "127.0.0.1:1")
            .set("ADMIN_LISTEN", "127.0.0.1:1"),
        serving("a socket in no folder").set("LISTEN", "unix:/nowhere/doorward.sock"),
    ]);
    insta::assert_snapshot!("listeners", told);
}
