//! Pages that the program can write itself must be what it would write now.
//!
//! To renew them: `UPDATE_DOCS=1 cargo test --test it generated_docs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use doorward::config::reference;
use doorward::config::schema;
use doorward::domain::{Reason, reason_reference};
use doorward::fixtures::{fixture_reference, fixture_schema};
use doorward::hints::{hint_reference, reason_index, reason_page};
use doorward::proxy_files::{HeaderNames, Proxy};
use doorward::telemetry::metrics_reference;

use crate::support::proxy_lines::{marks, with_lines};
use crate::{examples, odd_paths, proxy_matrix, vectors};

#[test]
fn settings_are_up_to_date() {
    compare("docs/settings.md", &reference());
}

#[test]
fn the_schemas_are_up_to_date() {
    compare("docs/doorward.schema.json", &schema());
    compare("docs/fixtures.schema.json", &fixture_schema());
}

#[test]
fn settings_of_fixtures_are_up_to_date() {
    compare_section("docs/fixtures.md", "settings", &fixture_reference());
}

#[test]
fn reason_codes_are_up_to_date() {
    compare("docs/reason-codes.md", &reason_reference());
}

#[test]
fn pages_of_reasons_are_up_to_date() {
    compare("docs/reasons/README.md", &reason_index());
    let mut expected = BTreeSet::from([PathBuf::from("docs/reasons/README.md")]);
    for reason in Reason::ALL {
        let page = format!("docs/reasons/{}.md", reason.code());
        compare(&page, &reason_page(*reason));
        expected.insert(page.into());
    }
    let found: BTreeSet<_> = files_below("docs/reasons").into_iter().collect();
    assert_eq!(found, expected, "a page whose reason is gone");
}

#[test]
fn hints_are_up_to_date() {
    compare("docs/hints.md", &hint_reference());
}

#[test]
fn metrics_are_up_to_date() {
    compare("docs/metrics.md", &metrics_reference());
}

#[test]
fn signature_vectors_are_up_to_date() {
    let tables = vectors::tables();
    println!("{tables}");
    compare_section("docs/correctness.md", "vectors", &tables);
}

#[test]
fn odd_paths_are_up_to_date() {
    compare_section("docs/odd-paths.md", "table", &odd_paths::table());
}

#[test]
fn what_proxies_do_is_up_to_date() {
    compare_section("docs/proxies.md", "matrix", &proxy_matrix::tables());
}

/// What the command prints for the default settings is in the files that we ship, in each that has
/// its marks.
#[test]
fn the_lines_of_proxy_files_are_up_to_date() {
    let printed = Proxy::ALL
        .map(|proxy| proxy.lines(&HeaderNames::shipped()).unwrap())
        .concat();
    let files: Vec<_> = files_below("deploy")
        .into_iter()
        .filter(|file| !file.starts_with("deploy/examples"))
        .collect();
    let mut found = BTreeSet::new();
    for file in &files {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        let own = marks(&text);
        if !own.is_empty() {
            compare(file.to_str().unwrap(), &with_lines(&text, &printed));
            found.extend(own);
        }
    }
    assert_eq!(found, marks(&printed).into_iter().collect());
}

/// Kustomize reads no file from outside of its folder, so these are copies.
#[test]
fn the_copies_for_kubernetes_are_up_to_date() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let file = "deploy/kubernetes/components/alerts/prometheusrule.yaml";
    let text = read(file);
    let (head, _) = text.split_once("\nspec:\n").unwrap();
    let rules = read("deploy/prometheus/doorward.rules.yml");
    let indented = rules.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    let rules: String = indented.collect();
    compare(file, &format!("{head}\nspec:\n{rules}"));
    compare(
        "deploy/kubernetes/components/dashboard/doorward.json",
        &read("deploy/grafana/doorward.json"),
    );
}

#[test]
fn the_lines_beside_the_examples_are_up_to_date() {
    for (file, lines) in examples::proxy_lines() {
        compare(&file, &lines);
    }
}

fn files_below(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let here = |path: PathBuf| path.strip_prefix(root()).unwrap().to_owned();
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(here(path).to_str().unwrap())
            } else {
                vec![here(path)]
            }
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A part of a page, between its two marks.
fn compare_section(page: &str, section: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (
        format!("<!-- {section}:begin -->\n\n"),
        format!("\n<!-- {section}:end -->"),
    );
    let marks = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = marks.unwrap_or_else(|| panic!("{page} lost the marks of `{section}`"));
    compare(page, &format!("{before}{begin}{expected}{end}{after}"));
}

fn compare(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{page} is out of date: UPDATE_DOCS=1 cargo test --test it generated_docs"
    );
}
