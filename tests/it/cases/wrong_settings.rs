//! What the program does with a wrong setting: it names it and ends. There is no default to fall
//! back to.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use crate::support::{Request, Service, doorward, eventually};

/// A value of each setting that can be given in the environment, beside an issuer and an audience,
/// or that of a preset.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("listen", "8080"),
    ("unix_socket_mode", "0999"),
    ("unix_socket_group", "no-such-group"),
    ("admin_listen", "localhost"),
    ("grpc_listen", "9000"),
    ("tls_certificate_file", "/nowhere/certificate.pem"),
    ("tls_key_file", "/nowhere/key.pem"),
    ("tls_client_ca_file", "/nowhere/ca.pem"),
    ("workers", "0"),
    ("keep_alive", "2h"),
    ("client_header_timeout", "0s"),
    ("max_connections", "all"),
    ("shutdown_delay", "-1s"),
    ("shutdown_timeout", "1d"),
    ("readiness", "most"),
    ("explain", "yes"),
    ("admin_token", "short"),
    ("admin_token_metrics", "yes"),
    ("admin_hosts", "a b"),
    ("reload", "sometimes"),
    ("proxy", "apache"),
    ("trusted_proxies", "0.0.0.0/0"),
    ("trust_any_proxy", "1"),
    ("allow_preflight", "true"),
    ("failure_limit", "60"),
    ("failure_limit_proxies", "0.0.0.0/0"),
    ("token_sources", "query:access_token"),
    ("max_token_bytes", "16k"),
    ("token_cache_capacity", "-1"),
    ("token_cache_ttl", "0s"),
    ("claim_headers", "sub=Authorization"),
    ("claim_headers_max_bytes", "1"),
    ("realm", "a\"b"),
    ("resource_metadata", "ftp://x"),
    ("denials", "{\"token_missing\": {\"status\": 200}}"),
    ("log", "verbose"),
    ("log_format", "xml"),
    ("access_log", "some"),
    ("access_log_fields", "peers"),
    ("metrics_route_label", "1"),
    ("otlp_endpoint", "localhost:4318"),
    ("otlp_headers", "X-Key"),
    ("trace_sample_ratio", "1.5"),
    ("issuers", "a,b"),
    ("routes", "a"),
    ("name", "two words"),
    ("preset", "okto"),
    ("issuer", "http://idp.example"),
    ("audience", "api,*"),
    ("audience_match", "some"),
    ("audience_fallback", "sub"),
    ("algorithms", "none"),
    ("token_type", "JWT"),
    ("accepted_types", ","),
    ("leeway", "2h"),
    ("require_exp", "no"),
    ("max_token_age", "old"),
    ("required_scopes", "a\"b"),
    ("required_claims", "a..b"),
    ("discovery_url", "http://idp.example/x"),
    ("jwks_url", "file:///etc/passwd"),
    ("jwks_file", "/nowhere/jwks.json"),
    ("jwks", "{\"keys\": []}"),
    ("public_key_file", "/nowhere/key.pem"),
    ("hmac_secret", "short"),
    ("hmac_secret_previous", "short"),
    ("hmac_secret_encoding", "rot13"),
    ("jwks_ca_file", "/nowhere/ca.pem"),
    ("jwks_headers", "X-Key"),
    ("jwks_bearer_token_file", "/nowhere/token"),
    ("allow_insecure_http", "1"),
    ("allow_private_jwks", "1"),
    ("jwks_timeout", "1h"),
    ("jwks_refresh", "1ms"),
    ("jwks_min_refetch", "x"),
    ("jwks_max_stale", "0s"),
    ("jwks_wait", "2m"),
    ("dependency_wait", "5m"),
    ("api_keys_file", "/nowhere/keys.yaml"),
    ("api_key_prefix", "a b"),
    ("api_key_checksum", "maybe"),
    ("htpasswd_file", "/nowhere/htpasswd"),
    ("htpasswd_max_cost", "99"),
    ("basic_cache_ttl", "x"),
    ("directory_url", "oracle://db"),
    ("directory_ca_file", "/nowhere/ca.pem"),
    ("directory_query", "DROP TABLE users"),
    ("directory_parameters", "a..b"),
    ("directory_key", "a,b"),
    ("directory_issuers", "another"),
    ("directory_active", "x"),
    ("directory_on_missing", "x"),
    ("directory_cache_ttl", "x"),
    ("directory_negative_ttl", "x"),
    ("directory_timeout", "0s"),
    ("directory_max_connections", "0"),
    ("directory_on_outage", "x"),
    ("directory_max_stale", "x"),
    ("introspection", "sometimes"),
    ("introspection_url", "ftp://x"),
    ("introspection_auth", "digest"),
    ("introspection_client_id", "x"),
    ("introspection_client_secret", "x"),
    ("introspection_key_file", "/nowhere/key.pem"),
    ("introspection_certificate_file", "/nowhere/certificate.pem"),
    ("introspection_bearer_token_file", "/nowhere/token"),
    ("introspection_assertion_audience", "x"),
    ("introspection_response", "xml"),
    ("introspection_require_token_type", "1"),
    ("introspection_timeout", "0s"),
    ("introspection_cache_ttl", "x"),
    ("introspection_negative_ttl", "x"),
    ("introspection_max_in_flight", "0"),
    ("token_prefixes", "eyJ"),
];

/// A value of each setting of a preset that is wrong beside the others that it needs.
const PRESETS: &[(&str, &str, &str)] = &[
    ("cognito", "cognito_region", "eu west"),
    ("cognito", "cognito_userpool_id", "us-east-1_a"),
    ("cognito", "cognito_app_client_id", "*"),
    ("cognito", "cognito_token_use", "refresh"),
    ("auth0", "auth0_domain", "https://acme.auth0.com/"),
    ("entra", "entra_tenants", "common"),
    ("keycloak", "keycloak_url", "sso.acme.example"),
    ("keycloak", "keycloak_realm", "a/b"),
    ("keycloak", "keycloak_internal_url", "http://keycloak:8080"),
    ("okta", "okta_domain", "acme.okta.com/oauth2/default"),
    ("okta", "okta_authorization_server", "a/../b"),
    ("firebase", "firebase_project", "acme,*"),
];

/// What a preset needs to be good.
const PRESETS_NEED: &[(&str, &str, &str)] = &[
    ("cognito", "cognito_region", "eu-west-1"),
    ("cognito", "cognito_userpool_id", "eu-west-1_a"),
    ("auth0", "auth0_domain", "acme.auth0.com"),
    (
        "entra",
        "entra_tenants",
        "72f988bf-86f1-41af-91ab-2d7cd011db47",
    ),
    ("keycloak", "keycloak_url", "https://sso.acme.example"),
    ("keycloak", "keycloak_realm", "acme"),
    ("okta", "okta_domain", "acme.okta.com"),
    ("firebase", "firebase_project", "acme"),
];

/// A value of each setting that only the file knows: its place, and the line.
const FILE: &[(&str, &str)] = &[
    (
        "claim_headers[0].claim",
        "claim_headers: [{claim: a..b, header: X-A}]",
    ),
    (
        "claim_headers[0].header",
        "claim_headers: [{claim: a, header: X A}]",
    ),
    (
        "claim_headers[0].separator",
        "claim_headers: [{claim: a, header: X-A, separator: '%'}]",
    ),
    (
        "claim_headers[0].encoding",
        "claim_headers: [{claim: a, header: X-A, encoding: hex}]",
    ),
    (
        "claim_headers[0].user",
        "claim_headers: [{user: 'a..b', header: X-A}]",
    ),
    ("routes[0].name", "routes: [{name: a b, match: {}}]"),
    (
        "routes[0].directory",
        "routes: [{name: a, directory: maybe, match: {}}]",
    ),
    (
        "routes[0].require.user",
        "routes: [{name: a, require: {user: {column: x}}, match: {}}]",
    ),
    (
        "routes[0].require.user[0].column",
        "routes: [{name: a, require: {user: [{column: '', exists: true}]}, match: {}}]",
    ),
    ("routes[0].match", "routes: [{name: a, match: /admin}]"),
    (
        "routes[0].access",
        "routes: [{name: a, access: nobody, match: {}}]",
    ),
    (
        "routes[0].issuers[0]",
        "routes: [{name: a, issuers: [another], match: {}}]",
    ),
    (
        "routes[0].audience",
        "routes: [{name: a, audience: [a, '*'], match: {}}]",
    ),
    (
        "routes[0].token_sources[0]",
        "routes: [{name: a, token_sources: [body], match: {}}]",
    ),
    (
        "routes[0].denials",
        "routes: [{name: a, denials: {token_missing: {status: 200}}, match: {}}]",
    ),
    (
        "routes[0].require",
        "routes: [{name: a, require: [admin], match: {}}]",
    ),
    (
        "routes[0].allow_preflight",
        "routes: [{name: a, allow_preflight: yes, match: {}}]",
    ),
    (
        "routes[0].allow_path_parameters",
        "routes: [{name: a, allow_path_parameters: 1, match: {}}]",
    ),
    (
        "routes[0].report_only",
        "routes: [{name: a, report_only: maybe, match: {}}]",
    ),
    (
        "routes[0].match.host",
        "routes: [{name: a, match: {host: 'a:80'}}]",
    ),
    (
        "routes[0].match.path",
        "routes: [{name: a, match: {path: admin}}]",
    ),
    (
        "routes[0].match.methods",
        "routes: [{name: a, match: {methods: [get]}}]",
    ),
    (
        "routes[0].require.scopes[0]",
        "routes: [{name: a, require: {scopes: ['a\"b']}, match: {}}]",
    ),
    (
        "routes[0].require.when",
        "routes: [{name: a, require: {when: 'claims.a ='}, match: {}}]",
    ),
    (
        "routes[0].require.any_scope",
        "routes: [{name: a, require: {any_scope: []}, match: {}}]",
    ),
    (
        "routes[0].require.claims",
        "routes: [{name: a, require: {claims: {claim: x}}, match: {}}]",
    ),
    (
        "routes[0].require.claims[0].exists",
        "routes: [{name: a, require: {claims: [{claim: x, exists: false}]}, match: {}}]",
    ),
    (
        "routes[0].require.claims[0].equals",
        "routes: [{name: a, require: {claims: [{claim: x, equals: [a]}]}, match: {}}]",
    ),
    (
        "routes[0].require.claims[0].one_of",
        "routes: [{name: a, require: {claims: [{claim: x, one_of: a}]}, match: {}}]",
    ),
    (
        "routes[0].require.claims[0].contains",
        "routes: [{name: a, require: {claims: [{claim: x, contains: {a: b}}]}, match: {}}]",
    ),
    (
        "routes[0].require.claims[0].matches",
        "routes: [{name: a, require: {claims: [{claim: x, matches: '(a'}]}, match: {}}]",
    ),
];

#[test]
fn k7_each_setting_of_the_environment_ends_the_program_if_it_is_wrong() {
    for (setting, value) in ENVIRONMENT {
        let name = setting.to_uppercase();
        let good = [("ISSUER", "https://idp.example"), ("AUDIENCE", "api")];
        let wrong = (name.as_str(), *value);
        let settings: Vec<_> = good
            .into_iter()
            .filter(|(good, _)| *good != name)
            .chain([wrong])
            .collect();
        assert_ends(&serve(&[], &settings), &format!("DOORWARD_{name}: "));
    }
}

#[test]
fn k7_each_setting_of_the_environment_ends_the_program_from_the_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    for (setting, value) in ENVIRONMENT {
        let own = [("issuer", "https://idp.example"), ("audience", "api")];
        let ports = [("listen", "127.0.0.1:0"), ("admin_listen", "127.0.0.1:0")];
        let good = own
            .into_iter()
            .chain(ports)
            .filter(|(good, _)| good != setting);
        let lines: Vec<_> = good
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        std::fs::write(
            &path,
            format!("{}{setting}: {}\n", lines.concat(), in_file(setting, value)),
        )
        .unwrap();
        let ended = doorward(&["serve", "--config", path.to_str().unwrap()], &[], "");
        assert_ends_one_of(
            &ended,
            &[
                format!(": {setting}: "),
                format!(": {setting}[0]: "),
                format!(": {setting}[0]."),
            ],
        );
    }
}

/// The same value in YAML: a list as a list, and what is JSON as it is.
fn in_file(setting: &str, value: &str) -> String {
    match setting {
        "audience" => "[api, '*']".to_owned(),
        "claim_headers" => "[{claim: sub, header: Authorization}]".to_owned(),
        "denials" | "jwks" | "issuers" => value.to_owned(),
        "accepted_types" => "['']".to_owned(),
        _ => serde_json::Value::from(value).to_string(),
    }
}

#[test]
fn k7_each_setting_of_a_preset_ends_the_program_if_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    for (preset, setting, wrong) in PRESETS {
        let needed = PRESETS_NEED
            .iter()
            .filter(|(of, name, _)| of == preset && name != setting);
        let needed = needed.map(|(_, name, value)| (*name, *value));
        let all: Vec<_> = [("preset", *preset), ("audience", "api"), (setting, wrong)]
            .into_iter()
            .chain(needed)
            .collect();
        let variables: Vec<_> = all
            .iter()
            .map(|(name, value)| (name.to_uppercase(), *value))
            .collect();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        assert_ends(
            &serve(&[], &variables),
            &format!("DOORWARD_{}: ", setting.to_uppercase()),
        );
        let lines = all
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", serde_json::Value::from(*value)));
        std::fs::write(&path, lines.collect::<String>()).unwrap();
        assert_ends_one_of(
            &serve_file(&path),
            &[format!(": {setting}: "), format!(": {setting}[0]: ")],
        );
    }
}

#[test]
fn k7_each_setting_of_the_file_ends_the_program_if_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    let good = "issuer: https://idp.example\naudience: [api]\nproxy: traefik\n";
    for (place, line) in FILE {
        std::fs::write(&path, format!("{good}{line}\n")).unwrap();
        assert_ends(&serve_file(&path), &format!(": {place}: "));
    }
}

#[test]
fn k7_no_setting_is_forgotten_here() {
    let last = |place: &str| {
        place
            .rsplit('.')
            .next()
            .unwrap()
            .split('[')
            .next()
            .unwrap()
            .to_owned()
    };
    let tried = ENVIRONMENT.iter().chain(FILE).map(|(place, _)| *place);
    let tried: BTreeSet<_> = tried
        .chain(PRESETS.iter().map(|(_, name, _)| *name))
        .map(last)
        .collect();
    let page = doorward::config::reference();
    let rows = page
        .split("\n## ")
        // A key that is wrong does not end the program if the file was good before.
        .filter(|section| !section.starts_with("An entry of the file that `api_keys_file` names"))
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let settings: BTreeSet<_> = rows.map(str::to_owned).collect();
    assert_eq!(tried, settings);
}

#[test]
fn k7_a_file_that_cannot_be_read_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for name in [
        "HMAC_SECRET",
        "JWKS_HEADERS",
        "JWKS_BEARER_TOKEN",
        "JWKS_CA",
        "JWKS",
        "PUBLIC_KEY",
        "TLS_CERTIFICATE",
        "TLS_KEY",
    ] {
        let name = format!("{name}_FILE");
        for path in [
            missing.as_path(),
            folder.path(),
            std::path::Path::new("/dev/zero"),
        ] {
            let settings = [
                ("ISSUER", "https://idp.example"),
                ("AUDIENCE", "api"),
                (&name, path.to_str().unwrap()),
            ];
            assert_ends(
                &serve(&[], &settings),
                &format!("DOORWARD_{name}: cannot read "),
            );
        }
    }
}

type Break = fn(&Path);

/// Broken files: how they come about, and the report about each.
const BROKEN: [(Break, &str); 5] = [
    (|_| (), "doorward.yaml: cannot be read: "),
    (
        |path| std::fs::create_dir(path).unwrap(),
        "doorward.yaml: cannot be read: ",
    ),
    (
        |path| std::fs::write(path, "").unwrap(),
        "doorward.yaml:1:1: is empty",
    ),
    (
        |path| std::fs::write(path, "routes: [").unwrap(),
        "doorward.yaml:1:",
    ),
    (
        |path| std::fs::write(path, format!("{GOOD}routes: []\n")).unwrap(),
        "routes: an empty list",
    ),
];

const GOOD: &str = "issuer: me\naudience: [api]\nhmac_secret: 0123456789abcdef0123456789abcdef\n";

/// Whatever is there now is gone.
fn clear(path: &Path) {
    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
}

#[test]
fn i12_routes_that_cannot_be_read_end_the_program_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    for (break_it, told) in BROKEN {
        clear(&path);
        break_it(&path);
        assert_ends(&serve_file(&path), told);
    }
}

#[test]
fn i12_routes_that_cannot_be_read_leave_the_old_ones_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    std::fs::write(
        &path,
        format!("{GOOD}routes: [{{name: closed, match: {{}}, access: denied}}]\n"),
    )
    .unwrap();
    let settings = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("LOG_FORMAT", "json"),
    ];
    let mut service = Service::start(&["serve", "--config", path.to_str().unwrap()], &settings);
    let (verify, admin) = (service.address("verify"), service.address("admin"));
    for (number, (break_it, told)) in BROKEN.into_iter().enumerate() {
        clear(&path);
        break_it(&path);
        service.signal("HUP");
        let line = service.wait_for_line(told);
        assert!(line.contains("configuration refused"), "{told}: {line}");
        let failures = format!(
            "doorward_config_reload_total{{result=\"failure\"}} {}",
            number + 1
        );
        eventually("the failure in the metrics", || {
            Request::new(admin, "GET", "/metrics")
                .send()
                .body
                .contains(&failures)
                .then_some(())
        });
        assert_eq!(
            Request::new(verify, "GET", "/verify").send().verdict(),
            "403 route_denied",
            "{told}"
        );
    }
}

/// On free ports, in case it starts after all.
fn serve(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let ports = ["LISTEN", "ADMIN_LISTEN"].map(|name| (name, "127.0.0.1:0"));
    let ports = ports
        .into_iter()
        .filter(|(port, _)| !settings.iter().any(|(name, _)| name == port));
    doorward(
        &[&["serve"], arguments].concat(),
        &ports.chain(settings.iter().copied()).collect::<Vec<_>>(),
        "",
    )
}

fn serve_file(path: &Path) -> Output {
    serve(&["--config", path.to_str().unwrap()], &[])
}

/// As below, in one of several places.
fn assert_ends_one_of(ended: &Output, places: &[String]) {
    let stderr = String::from_utf8_lossy(&ended.stderr);
    let told = places
        .iter()
        .find(|place| stderr.contains(place.as_str()))
        .unwrap_or(&places[0]);
    assert_ends(ended, told);
}

/// The setting by its name, and the exit code for a bad configuration.
fn assert_ends(ended: &Output, told: &str) {
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        (ended.status.code(), ended.stdout.len()),
        (Some(78), 0),
        "{told}: {stderr}"
    );
    assert!(stderr.contains(told), "{told}: {stderr}");
}
