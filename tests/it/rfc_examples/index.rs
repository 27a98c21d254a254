//! `docs/correctness.md` and the tests beside this file say the same.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_example_of_the_page_has_its_test_and_every_test_its_row() {
    let (rows, tests) = (rows(), tests());
    assert!(rows.len() > 20, "the page was not read: {rows:?}");
    assert_eq!(rows, tests);
}

/// The tests that the page names, as `file::name`.
fn rows() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/correctness.md")).unwrap();
    let (_, section) = page.split_once("## Examples of the RFCs").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let names = section
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit_once('`'));
    names.map(|(_, name)| name.to_owned()).collect()
}

fn tests() -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join("tests/it/rfc_examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let examples = files.filter(|file| file.file_name().is_some_and(|name| name != "index.rs"));
    examples.flat_map(|file| tests_in(&file)).collect()
}

fn tests_in(file: &Path) -> Vec<String> {
    let module = file.file_stem().unwrap().to_str().unwrap();
    let source = std::fs::read_to_string(file).unwrap();
    let names = source
        .split("#[test]\n")
        .skip(1)
        .filter_map(|text| text.split_once("fn ")?.1.split_once('('));
    names.map(|(name, _)| format!("{module}::{name}")).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
