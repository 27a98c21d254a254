//! `POST /explain`: why a request is refused, or passes.

mod claims;
mod peers;
mod requests;
mod routes;
mod tokens;

pub use peers::{own_address, tried};
use serde_json::{Value, json};

use crate::support::TestGate;

fn explained(gate: &TestGate, description: &Value) -> Value {
    let answer = gate.explain(description.to_string()).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The whole transcript: one line for each stage with what was expected and found, then the verdict
/// and the hint.
fn told(gate: &TestGate, description: &Value) -> String {
    let told = explained(gate, description);
    let lines: Vec<_> = told["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    let [verdict, reason] = ["verdict", "reason"].map(|name| told[name].as_str().unwrap());
    format!(
        "{}\n{verdict} {reason} ({})\n",
        lines.join("\n"),
        told["hint"].as_str().unwrap_or("no hint")
    )
}

fn line(stage: &Value) -> String {
    let [outcome, name, expected, found] =
        ["outcome", "stage", "expected", "found"].map(|name| stage[name].as_str().unwrap());
    let line = format!("{outcome:7} {name} | {expected} | {found}");
    line.trim_end().to_owned()
}

/// The transcript of a decision about a token and nothing else.
fn token_told(gate: &TestGate, token: impl Into<String>) -> String {
    told(gate, &json!({ "token": token.into() }))
}

/// The verdict, and the last stage with what was expected and found.
fn last(gate: &TestGate, description: &Value) -> String {
    let told = explained(gate, description);
    let [verdict, reason] = ["verdict", "reason"].map(|name| told[name].as_str().unwrap());
    format!(
        "{verdict} {reason}: {}",
        line(told["stages"].as_array().unwrap().last().unwrap())
    )
}

fn get(uri: &str, token: &str) -> Value {
    json!({"method": "GET", "host": "a.example", "uri": uri, "token": token})
}
