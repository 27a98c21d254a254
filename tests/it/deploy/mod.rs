//! What runs the service elsewhere (`deploy/`): every file is read by the program it is for, and
//! what it says of the service is true.

mod compose;
mod debian;
mod grafana;
mod image;
mod ingress_nginx;
mod kubernetes;
mod page;
mod systemd;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Request, TestGate, TestIssuer, shipped};

/// The documents of a YAML file of ours.
fn documents(file: &str) -> Vec<Value> {
    parse(&shipped(file, &[]))
}

fn parse(yaml: &str) -> Vec<Value> {
    let documents = yaml
        .split("\n---\n")
        .map(|document| serde_saphyr::from_str(document).unwrap());
    documents
        .filter(|document: &Value| !document.is_null())
        .collect()
}

/// The only document of this kind and name.
fn find<'a>(documents: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let of = |document: &&Value| document["kind"] == kind && document["metadata"]["name"] == name;
    let found: Vec<_> = documents.iter().filter(of).collect();
    assert_eq!(found.len(), 1, "{kind} {name}");
    found[0]
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap().to_owned())
        .collect()
}

/// The headers that the service sets with its default settings, as its own answer has them.
fn claim_headers(gate: &TestGate, idp: &TestIssuer) -> BTreeSet<String> {
    let answer = gate.get("/verify").bearer(&idp.token().sign()).send();
    assert_eq!(answer.status, 200);
    answer
        .fields
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("x-auth-"))
        .collect()
}

/// A URL of a manifest leads to the service's port, and there to a verify path.
fn leads_to_verify(gate: &TestGate, url: &str, authority: &str) {
    let path = url
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_prefix(authority));
    let path = path.unwrap_or_else(|| panic!("{url} does not lead to {authority}"));
    assert_eq!(
        Request::new(gate.verify, "GET", path).send().verdict(),
        "401 token_missing",
        "{url}"
    );
}

/// The names that nginx takes from clients, in the words of the snippet.
pub fn blanked_by_nginx() -> BTreeSet<String> {
    let snippet = shipped("deploy/nginx/snippets/doorward-headers.conf", &[]);
    let blank = snippet.lines().filter_map(|line| {
        line.strip_prefix("proxy_set_header ")?
            .trim_end()
            .strip_suffix("\"\";")
    });
    blank.map(|name| name.trim_end().to_owned()).collect()
}
