//! Mistakes that are found when keys are fetched, as `doorward check --online` reports them.

use std::net::TcpListener;

use super::{Mistake, made};
use crate::support::TestIssuer;

fn online(name: &'static str, issuer: &str) -> Mistake {
    Mistake::calling(name, &["check", "--online"])
        .set("ISSUER", issuer)
        .set("AUDIENCE", "api")
}

#[test]
fn of_issuers_that_are_asked() {
    let idp = TestIssuer::new().serve();
    let url = idp.url();
    let port = format!(":{}", url.rsplit(':').next().unwrap());
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let varying = |mistake: Mistake| mistake.varying(port.clone(), ":PORT");
    let told = made(vec![
        varying(online(
            "a realm that is not there",
            &format!("{url}/realms/nobody"),
        )),
        varying(online("a slash more", &format!("{url}/"))),
        varying(online(
            "the URL of the metadata",
            &format!("{url}/.well-known/openid-configuration"),
        )),
        varying(online(
            "https where http is spoken",
            &url.replace("http:", "https:"),
        )),
        online("nobody there", &format!("http://{closed}"))
            .varying(format!(":{}", closed.port()), ":PORT"),
        varying(online("a key set where none is", &url).set("JWKS_URL", &format!("{url}/nowhere"))),
    ]);
    insta::assert_snapshot!("fetching", told);
}
