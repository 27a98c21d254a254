//! Keycloak as the issuer, with the preset and by discovery: its own tokens of every kind.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::{Value, json};

use crate::nginx::NGINX;
use crate::support::keycloak::{Client, Keycloak, Realm};
use crate::support::{
    Component, Echoed, GateBuilder, Site, TestGate, TestIssuer, blocks, free_port, repository,
};

const SHOP: Client<'_> = Client::Public("shop");
const LIGHTWEIGHT: Client<'_> = Client::Public("shop-light");
const WITHOUT_MAPPER: Client<'_> = Client::Public("without-mapper");
const API: Client<'_> = Client::Post("orders-api", "orders api: 100%");
const ROBOT: Client<'_> = Client::Basic("robot", "robot-secret");

/// The configuration of `docs/presets.md` for this realm.
fn trusting(realm: &Realm) -> GateBuilder {
    let page = blocks("docs/presets.md", "yaml");
    let preset = page
        .iter()
        .find(|block| block.starts_with("preset: keycloak\n") && block.contains("typ=Bearer"));
    let changed = preset
        .unwrap()
        .replace("https://sso.acme.example", &realm.base());
    let named = format!("keycloak_realm: {}\n", realm.name);
    assert!(changed.contains("keycloak_realm: acme\n"));
    patient().file(changed.replace("keycloak_realm: acme\n", &named))
}

/// A slow machine is no reason for a 503.
fn patient() -> GateBuilder {
    TestGate::new().by_machine_time().set("JWKS_WAIT", "15s")
}

fn hint(gate: &TestGate, token: &str) -> String {
    let answer = gate.explain(json!({"token": token}).to_string()).send();
    answer.json()["hint"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_by_the_preset_behind_nginx() {
    let realm = Keycloak::shared().realm("tests");
    let site = Site::with_printed_lines(&NGINX, TestIssuer::new(), trusting(&realm));
    let tokens = realm.by_password(SHOP, "alice");
    let forged = site
        .get("/orders")
        .header("X-Auth-Roles", "admin")
        .bearer(tokens.access());
    let seen = site.served(forged);
    let names = ["Roles", "Realm-Roles", "Client-Roles"];
    let roles = names.map(|name| seen.get(&format!("X-Auth-{name}")).to_owned());
    assert_eq!(roles, ["clerk,orders-api:reader", "clerk", "reader"]);
    assert_ne!(seen.get("X-Auth-Subject"), "");

    let changed = tokens
        .access()
        .replace('.', ".e30")
        .replacen(".e30", ".", 1);
    for bad in [changed.as_str(), tokens.id(), tokens.refresh()] {
        let refused = site.refused(site.get("/orders").bearer(bad));
        assert!([401, 403].contains(&refused.status), "{refused:?}");
    }
}

/// Keycloak publishes a key for encryption too, which is no fault.
#[test]
fn a_token_by_discovery() {
    let realm = Keycloak::shared().realm("tests");
    let gate = patient()
        .set("ISSUER", realm.issuer())
        .set("AUDIENCE", "orders-api")
        .spawn();
    let token = realm.by_client_credentials(ROBOT);
    let answer = gate.get("/verify").bearer(token.access()).send();
    assert_eq!(answer.verdict(), "200");
    assert_eq!(answer.get("x-auth-client-id"), Some("robot"));

    let status = gate.admin("/status").send().json();
    assert_eq!(status["issuers"][0]["refused_keys"], json!([]), "{status}");
    let warnings: Vec<_> = gate
        .events()
        .into_iter()
        .filter(|event| event.starts_with("WARN"))
        .collect();
    assert_eq!(warnings, Vec::<String>::new());
}

/// The first mistake of most newcomers: Keycloak adds no audience by itself.
#[test]
fn a_token_for_another_audience() {
    let realm = Keycloak::shared().realm("tests");
    let gate = trusting(&realm).spawn();
    let tokens = realm.by_password(WITHOUT_MAPPER, "bob");
    assert_eq!(gate.verdict(tokens.access()), "401 audience_mismatch");
    let told = hint(&gate, tokens.access());
    assert!(
        told.starts_with("add an audience mapper for orders-api to a client scope"),
        "{told}"
    );
    // A role of the API's own client is enough for Keycloak to name the client.
    let tokens = realm.by_password(WITHOUT_MAPPER, "alice");
    assert_eq!(gate.verdict(tokens.access()), "200");
}

#[test]
fn a_token_of_another_realm() {
    let keycloak = Keycloak::shared();
    let gate = trusting(&keycloak.realm("tests")).spawn();
    let tokens = keycloak.realm("acme").by_password(SHOP, "alice");
    assert_eq!(gate.verdict(tokens.access()), "401 issuer_unknown");
    let told = hint(&gate, tokens.access());
    assert!(
        told.contains("/realms/tests\", which differs in the path"),
        "{told}"
    );
}

#[test]
fn a_realm_that_is_not_there() {
    let keycloak = Keycloak::shared();
    let wrong = Realm {
        name: "Tests".to_owned(),
        ..keycloak.realm("tests")
    };
    let gate = trusting(&wrong).set("JWKS_WAIT", "10ms").spawn();
    let status = gate.wait_for("/status", |answer| {
        !answer.json()["issuers"][0]["last_error"].is_null()
    });
    let issuer = &status.json()["issuers"][0];
    let certs = format!("{}/protocol/openid-connect/certs", wrong.issuer());
    assert_eq!(issuer["last_error"], format!("GET {certs}: status 404"));
    let told = issuer["last_error_hint"].as_str().unwrap();
    assert!(told.starts_with("compare the name of the realm"), "{told}");
    // In `iss` the name of the realm is in its own case.
    let tokens = keycloak.realm("tests").by_password(SHOP, "alice");
    assert_eq!(gate.verdict(tokens.access()), "401 issuer_unknown");
}

#[test]
fn a_lightweight_token_says_too_little() {
    let realm = Keycloak::shared().realm("tests");
    let gate = trusting(&realm).spawn();
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    assert_eq!(gate.verdict(tokens.access()), "401 audience_mismatch");
    let told = hint(&gate, tokens.access());
    assert!(told.contains("lightweight"), "{told}");

    // Where any audience will do, there is no user either.
    let gate = patient()
        .set("ISSUER", realm.issuer())
        .set("AUDIENCE", "*")
        .spawn();
    let answer = gate.get("/verify").bearer(tokens.access()).send();
    let identity = ["subject", "client-id"].map(|name| answer.get(&format!("x-auth-{name}")));
    assert_eq!(
        (answer.verdict(), identity),
        ("200".to_owned(), [Some(""), Some("shop-light")])
    );
}

#[test]
fn only_access_tokens_are_credentials() {
    let realm = Keycloak::shared().realm("tests");
    let gate = trusting(&realm).spawn();
    let first = realm.by_password(SHOP, "alice");
    let second = realm.refreshed(SHOP, &first);
    for tokens in [&first, &second] {
        assert_eq!(gate.verdict(tokens.access()), "200");
        assert_eq!(gate.verdict(tokens.refresh()), "401 algorithm_not_allowed");
        assert_eq!(gate.verdict(tokens.id()), "403 policy_denied");
    }
    // If the audience of an ID token is accepted, only `typ=Bearer` keeps the ID token out.
    let shop = patient()
        .set("ISSUER", realm.issuer())
        .set("AUDIENCE", "shop");
    let with_claim = shop.clone().set("REQUIRED_CLAIMS", "typ=Bearer").spawn();
    assert_eq!(with_claim.verdict(first.id()), "403 policy_denied");
    assert_eq!(shop.spawn().verdict(first.id()), "200");

    // The end of a session is noticed only by asking.
    let active = || {
        let answer = realm.introspect(API, second.access());
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(active());
    realm.log_out(SHOP, &second);
    assert!(!active());
    assert_eq!(gate.verdict(second.access()), "200");
}

#[test]
fn a_logout_token_is_no_credential() {
    let keycloak = Keycloak::shared();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/logout", listener.local_addr().unwrap());
    let realm = keycloak.create_realm(
        "logout",
        &json!([{
            "clientId": "pages", "publicClient": true, "directAccessGrantsEnabled": true,
            "attributes": {"backchannel.logout.url": url, "backchannel.logout.session.required": "true"},
        }]),
    );
    let (report, received) = channel();
    std::thread::spawn(move || report.send(Echoed::accept(&listener)));
    let client = Client::Public("pages");
    realm.log_out(client, &realm.by_password(client, "alice"));
    let form = received.recv_timeout(Duration::from_mins(1)).unwrap().body;
    let token = form.strip_prefix("logout_token=").unwrap();

    let gate = patient()
        .set("ISSUER", realm.issuer())
        .set("AUDIENCE", "*")
        .spawn();
    assert_eq!(gate.verdict(token), "401 token_type_mismatch");
}

/// The realm changes its key and its algorithm.
#[test]
fn a_new_key_is_noticed_by_its_first_token() {
    let keycloak = Keycloak::shared();
    let realm = keycloak.create_realm(
        "rotation",
        &json!([{"clientId": "robot", "secret": "robot-secret", "serviceAccountsEnabled": true}]),
    );
    let gate = patient().set("ISSUER", realm.issuer()).set("AUDIENCE", "*");
    let gate = gate.set("JWKS_MIN_REFETCH", "1s").spawn();
    let old = realm.by_client_credentials(ROBOT);
    assert_eq!(gate.verdict(old.access()), "200");

    let path = format!("/{}", realm.name);
    let id = keycloak.administrate("GET", &path, &Value::Null).json()["id"].clone();
    let key = json!({"name": "next", "providerId": "rsa-generated", "parentId": id,
                     "providerType": "org.keycloak.keys.KeyProvider",
                     "config": {"priority": ["1000"], "algorithm": ["PS256"], "keySize": ["2048"]}});
    let added = keycloak.administrate("POST", &format!("{path}/components"), &key);
    assert_eq!(added.status, 201, "{added:?}");
    let algorithm =
        keycloak.administrate("PUT", &path, &json!({"defaultSignatureAlgorithm": "PS256"}));
    assert_eq!(algorithm.status, 204, "{algorithm:?}");
    let new = realm.by_client_credentials(ROBOT);
    assert_eq!(gate.verdict(new.access()), "200");
    assert_eq!(gate.verdict(old.access()), "200", "its key is still there");
}

/// The commands of `docs/providers.md`, but for the container: from the realm to the guarded site.
#[test]
fn the_page_leads_to_a_guarded_site() {
    let keycloak = Keycloak::shared();
    let commands = blocks("docs/providers.md", "sh");
    let [inspect, start, check, fetch, serve, ..] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    for part in [
        " --http-port=8180",
        "-v \"$PWD/deploy/keycloak:/opt/keycloak/data/import:ro\"",
    ] {
        assert!(start.contains(part), "{start}");
    }
    let [doorward, application, site] = [(); 3].map(|()| format!("127.0.0.1:{}", free_port()));
    let wiring =
        format!("sed -i -e 's/127.0.0.1:8080/{doorward}/; s/127.0.0.1:3000/{application}/' -e ");
    let port = application.rsplit_once(':').unwrap().1;
    let lines = [check, fetch, inspect, serve].map(String::as_str).concat();
    let lines = lines
        .replace("127.0.0.1:8180", &keycloak.address.to_string())
        .replace("sed -i ", &wiring)
        .replace("127.0.0.1:8000", &site)
        .replace("http.server 3000", &format!("http.server {port}"))
        .replace("http://127.0.0.1:3000/", &format!("http://{application}/"));
    let mut shell = Component::start(|directory| {
        for folder in ["deploy", "docs"] {
            symlink(repository().join(folder), directory.join(folder)).unwrap();
        }
        let mut bash = Command::new("bash");
        bash.args(["-euc", &(lines.clone() + "\necho; echo finished; wait")])
            .current_dir(directory)
            .env("PATH", path_with_programs())
            .env("DOORWARD_LISTEN", &doorward)
            .env("DOORWARD_ADMIN_LISTEN", "127.0.0.1:0");
        bash
    });
    shell.wait_for_line("finished");
    let said = shell.log();
    assert!(said.contains(r#""aud": "orders-api""#), "{said}");
    let answers = said
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .filter(|answer| !answer.starts_with("502"));
    assert_eq!(
        answers.collect::<Vec<_>>(),
        ["401 Unauthorized", "200 OK"],
        "{said}"
    );
}

/// The programs of the page, as a newcomer has them.
fn path_with_programs() -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_doorward"));
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}:/usr/sbin", program.parent().unwrap().display())
}
