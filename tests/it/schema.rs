//! `doorward config schema`: schemas and reader agree on names, types and words.

use std::path::{Path, PathBuf};

use doorward::config::Source;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::doorward;

fn schema() -> Value {
    serde_json::from_str(&doorward::config::schema()).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn fixture_validator() -> Validator {
    jsonschema::draft202012::new(
        &serde_json::from_str(&doorward::fixtures::fixture_schema()).unwrap(),
    )
    .unwrap()
}

/// What the schema has against this file, without the values: they are in the file.
fn objections(validator: &Validator, yaml: &str) -> Vec<String> {
    let file: Value = serde_saphyr::from_str(yaml).unwrap();
    validator
        .iter_errors(&file)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect()
}

/// What the reader has against this file, which may as well be JSON.
fn problems(yaml: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.yaml");
    std::fs::write(&path, yaml).unwrap();
    let told = Source::new(Some(path), [])
        .read()
        .err()
        .map(|problems| problems.to_string());
    told.unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_schema_is_a_schema_and_printed_as_it_is() {
    for (arguments, expected) in [
        (&["config", "schema"][..], doorward::config::schema()),
        (
            &["config", "schema", "--fixtures"],
            doorward::fixtures::fixture_schema(),
        ),
    ] {
        let printed = doorward(arguments, &[], "");
        assert_eq!(
            (printed.status.code(), printed.stderr.as_slice()),
            (Some(0), &b""[..])
        );
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), expected);
        assert!(jsonschema::draft202012::meta::is_valid(
            &serde_json::from_str(&expected).unwrap()
        ));
    }
}

#[test]
fn every_example_is_valid() {
    let (validator, of_fixtures) = (validator(), fixture_validator());
    let (mut configurations, mut fixtures) = (0, 0);
    for (name, text) in shipped(EXAMPLES).chain(shipped(FIXTURES)).chain(printed()) {
        let is_fixture = text.contains("cases:\n");
        let validator = if is_fixture { &of_fixtures } else { &validator };
        assert_eq!(objections(validator, &text), Vec::<String>::new(), "{name}");
        *(if is_fixture {
            &mut fixtures
        } else {
            &mut configurations
        }) += 1;
    }
    assert!(
        configurations >= 13 && fixtures >= 3,
        "{configurations} and {fixtures} examples"
    );
}

#[test]
fn shipped_examples_name_their_schema() {
    for (folder, schema) in [
        (EXAMPLES, "docs/doorward.schema.json"),
        (FIXTURES, "docs/fixtures.schema.json"),
    ] {
        for (name, text) in shipped(folder) {
            let first = text.lines().next().unwrap();
            let path = first
                .strip_prefix("# yaml-language-server: $schema=")
                .unwrap_or_else(|| panic!("{name}"));
            let named = Path::new(folder).join(path).canonicalize().unwrap();
            assert_eq!(named, Path::new(schema).canonicalize().unwrap(), "{name}");
        }
    }
}

#[test]
fn wrong_fixtures_are_refused_by_both() {
    let validator = fixture_validator();
    let folder = tempfile::tempdir().unwrap();
    let refused = |cases: &str| {
        std::fs::write(folder.path().join("a.yaml"), cases).unwrap();
        let checked = doorward(
            &["check", "--fixtures", folder.path().to_str().unwrap()],
            &[
                ("ISSUER", "https://idp.example"),
                ("AUDIENCE", "api"),
                ("ALGORITHMS", "EdDSA"),
            ],
            "",
        );
        [
            !objections(&validator, cases).is_empty(),
            checked.status.code() == Some(78),
        ]
    };
    let case = |own: &str| {
        format!("cases: [{{name: a, claims: {{aud: api}}, expect: {{verdict: allow}}, {own}}}]\n")
    };
    for right in [
        "forged: false",
        "algorithm: Ed25519",
        "header: {typ: JWT}",
        "now: 2030-01-01T00:00:00Z",
        "request: {}",
    ] {
        assert_eq!(refused(&case(right)), [false, false], "{right}");
    }
    let expectation = |own: &str| format!("cases: [{{name: a, expect: {{{own}}}}}]\n");
    for wrong in [
        "cases: []\n".to_owned(),
        "case: [{name: a, expect: {verdict: allow}}]\n".to_owned(),
        "cases: [{expect: {verdict: allow}}]\n".to_owned(),
        "cases: [{name: a}]\n".to_owned(),
        case("forge: true"),
        case("forged: perhaps"),
        case("header: x"),
        case("algorithm: none"),
        case("request: {path: /}"),
        case("request: {headers: [a]}"),
        expectation("reason: token_missing"),
        expectation("verdict: maybe"),
        expectation("verdict: deny, reason: token_mising"),
        expectation("verdict: allow, status: many"),
        expectation("verdict: allow, headers: [a]"),
    ] {
        assert_eq!(refused(&wrong), [true, true], "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_both() {
    let validator = validator();
    assert_eq!(
        objections(&validator, "issuer: https://idp.example\naudience: [api]\n"),
        Vec::<String>::new()
    );
    for wrong in [
        "audiense: [api]",
        "leeway: 30",
        "leeway: half an hour",
        "leeway: [30s]",
        "require_exp: 'yes'",
        "require_exp: 1",
        "workers: many",
        "workers: -1",
        "workers: 1.5",
        "max_token_bytes: {a: 1}",
        "proxy: apache",
        "log: verbose",
        "preset: yahoo",
        "readiness: [any, all]",
        "algorithms: [RS256, none]",
        "algorithms: RS256, ES256",
        "cognito_token_use: refresh",
        "audience: []",
        "audience: {api: true}",
        "audience: [[api]]",
        "audience_fallback: sub",
        "trusted_proxies: 10.0.0.0/8, 127.0.0.1",
        "hmac_secret_files: a",
        "issuer_file: a",
        "jwks: {kys: []}",
        "jwks: [1]",
        "claim_headers: [sub=X-Sub]",
        "claim_headers: [{claim: sub}]",
        "claim_headers: [{claim: sub, header: X-Sub, encoding: hex}]",
        "claim_headers: {claim: sub, header: X-Sub}",
        "denials: {token_mising: {status: 400}}",
        "denials: {'404': {status: 400}}",
        "denials: {token_missing: {status: 200}}",
        "denials: {token_missing: {state: 400}}",
        "issuers: []",
        "issuers: [{issuer: 'https://a.example', audience: [api], listen: 127.0.0.1:1}]",
        "issuers: [{issuer: 'https://a.example', audience: [api], leeway: 5}]",
        "routes: [{match: {path: /}}]",
        "routes: [{name: a}]",
        "routes: [{name: a, access: open, match: {}}]",
        "routes: [{name: a, match: [{path: /}]}]",
        "routes: [{name: a, match: {url: /}}]",
        "routes: [{name: a, require: {scope: [x]}, match: {}}]",
        "routes: [{name: a, require: {}, match: {}}]",
        "routes: [{name: a, require: {claims: [{equals: 1}]}, match: {}}]",
        "routes: [{name: a, require: {claims: [{claim: a, exists: false}]}, match: {}}]",
        "routes: [{name: a, require: {claims: [{claim: a, equals: [1]}]}, match: {}}]",
        "routes: [{name: a, require: {claims: [{claim: a, one_of: x}]}, match: {}}]",
    ] {
        let general = [
            ("issuer:", "https://idp.example"),
            ("audience:", "[api]"),
            ("proxy:", "traefik"),
        ];
        let own = wrong.split_inclusive(':').next().unwrap();
        let general = general
            .iter()
            .filter(|(name, _)| *name != own && own != "issuers:");
        let mut lines: Vec<_> = general
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        lines.push(wrong.to_owned());
        let file = lines.join("\n");
        assert!(
            !objections(&validator, &file).is_empty(),
            "the schema permits {wrong}"
        );
        let problems = problems(&file);
        assert!(
            problems
                .iter()
                .any(|problem| !problem.contains(": audience: missing")),
            "the reader takes {wrong}"
        );
    }
}

/// Every name of the schema is one that the reader knows there, and none that it knows is missing:
/// the reader takes all that is typed as the schema says, and what is not it refuses for its type.
#[test]
fn reader_and_schema_agree_on_every_setting() {
    let mut settings = 0;
    in_section(&schema(), "", &|own| own, &mut settings);
    assert!(settings > 130, "{settings}");
}

/// `place` makes a whole file out of one with settings of this section.
fn in_section(schema: &Value, path: &str, place: &dyn Fn(Value) -> Value, settings: &mut usize) {
    let unknown = told(&place(json!({"zzz": 1})), &format!("{path}zzz"));
    assert!(unknown.contains("unknown setting"), "{path}zzz");
    for (name, own) in schema["properties"].as_object().unwrap() {
        let (path, place) = (format!("{path}{name}"), |value: Value| {
            place(beside_its_preset(name, &value))
        });
        *settings += 1;
        for good in samples(own) {
            let told = told(&place(good.clone()), &path);
            assert!(
                !told.contains("unknown setting") && !is_of_type(&told),
                "{path}: {good} is {told}"
            );
        }
        // A mapping is no text, list or word, and an unknown word is no number, duration
        // or truth value.
        let wrong = if own["type"] == json!(["string", "number"]) {
            json!({"zzz": 1})
        } else {
            json!("zzz")
        };
        let is_free = own["anyOf"].is_array() && own["anyOf"][0]["enum"].is_null()
            || own["type"][2] == "boolean";
        if !is_free && own["type"] != json!(["object", "string"]) {
            let told = told(&place(wrong.clone()), &path);
            assert!(is_of_type(&told), "{path}: {wrong} is {told:?}");
        }
        if own["type"] == "object" {
            in_section(own, &format!("{path}."), &place, settings);
        } else if own["items"]["type"] == "object" {
            in_section(
                &own["items"],
                &format!("{path}[0]."),
                &|element| place(json!([element])),
                settings,
            );
        }
    }
}

fn beside_its_preset(name: &str, value: &Value) -> Value {
    let presets = ["cognito", "auth0", "entra", "keycloak", "okta", "firebase"];
    // Without introspection they have no meaning, whatever their value.
    if name.starts_with("introspection_") || name == "token_prefixes" {
        return json!({ name: value, "introspection": "opaque" });
    }
    match presets
        .iter()
        .find(|preset| name.starts_with(&format!("{preset}_")))
    {
        Some(preset) => json!({ name: value, "preset": preset }),
        None if name.starts_with("directory_") && !name.starts_with("directory_url") => {
            json!({ name: value, "directory_url": "postgres://u@127.0.0.1/users" })
        }
        None => json!({ name: value }),
    }
}

/// Values that the schema takes.
fn samples(schema: &Value) -> Vec<Value> {
    if let Some(words) = schema["enum"].as_array() {
        return words.clone();
    }
    if let Some(elements) = schema["anyOf"].as_array() {
        let elements = samples(&elements[0]);
        return elements.iter().cloned().chain([json!(elements)]).collect();
    }
    match &schema["type"] {
        _ if schema["pattern"]
            .as_str()
            .is_some_and(|pattern| pattern.starts_with("^(0|")) =>
        {
            vec!["5s".into(), "1000ms".into(), "1s 500ms".into()]
        }
        Value::String(name) if name == "boolean" => vec![true.into(), false.into()],
        Value::String(name) if name == "integer" => vec![100.into()],
        Value::String(name) if name == "object" => vec![json!({})],
        Value::String(name) if name == "array" && schema["items"]["type"] == "object" => {
            vec![json!([{}])]
        }
        Value::String(_) => vec![json!([1, "a"])],
        Value::Array(types) if types[0] == "object" => vec!["{}".into(), json!({"keys": []})],
        Value::Array(_) => vec!["a".into(), 1.into()],
        _ => vec![schema["const"].clone()],
    }
}

/// What the reader has to say about the setting at this path.
fn told(file: &Value, path: &str) -> String {
    let problems = problems(&file.to_string());
    let here = |line: &&String| {
        line.split(": ")
            .nth(1)
            .is_some_and(|place| is_at(place, path))
    };
    problems
        .iter()
        .filter(here)
        .map(|line| line.splitn(3, ": ").nth(2).unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_at(place: &str, path: &str) -> bool {
    place
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// Whether it is about the type or the word.
fn is_of_type(told: &str) -> bool {
    let marks = [
        "where one value is expected",
        "not a mapping",
        "write [a, b]",
        "not a single value",
        "write true",
        "write one of",
        "write some of",
        "write a duration",
        "a whole number",
    ];
    marks.iter().any(|mark| told.contains(mark))
}

const EXAMPLES: &str = "deploy/examples";
const FIXTURES: &str = "deploy/examples/oidc-api.fixtures";

fn shipped(folder: &str) -> impl Iterator<Item = (String, String)> {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    // Beside them are lines for proxies.
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| named(&path))
}

/// The configurations and fixtures that README and docs print.
fn printed() -> impl Iterator<Item = (String, String)> {
    let docs = std::fs::read_dir("docs")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    // Those of proxies show the configurations of proxies.
    let of_a_proxy = |path: &PathBuf| {
        ["traefik.md", "envoy.md", "envoy-grpc.md"]
            .iter()
            .any(|name| path.ends_with(name))
    };
    let pages = docs.filter(move |path| {
        path.extension().is_some_and(|ending| ending == "md") && !of_a_proxy(path)
    });
    pages
        .chain([PathBuf::from("README.md")])
        .map(|path| named(&path))
        .flat_map(|(name, text)| {
            let blocks = text
                .split("\n```")
                .filter_map(|block| block.strip_prefix("yaml\n"));
            blocks
                .map(|block| (name.clone(), format!("{block}\n")))
                .collect::<Vec<_>>()
        })
}

fn named(path: &Path) -> (String, String) {
    let text = std::fs::read_to_string(path).unwrap();
    (path.display().to_string(), text)
}
