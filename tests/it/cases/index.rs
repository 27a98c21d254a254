//! `docs/cases.md` and the tests beside this file say the same.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_case_of_the_page_has_its_tests() {
    let tests = tests();
    let without: Vec<_> = rows()
        .into_iter()
        .filter(|row| {
            row.names.is_empty()
                || !row
                    .names
                    .iter()
                    .all(|name| tests.iter().any(|test| row.covers(name, test)))
        })
        .map(|row| format!("{} {:?}", row.case, row.names))
        .collect();
    assert_eq!(
        without,
        Vec::<String>::new(),
        "rows of docs/cases.md without a test"
    );
}

#[test]
fn every_test_stands_in_the_page() {
    let rows = rows();
    let named = |test: &str| {
        rows.iter()
            .any(|row| row.names.iter().any(|name| row.covers(name, test)))
    };
    let missing: Vec<_> = tests().into_iter().filter(|test| !named(test)).collect();
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "tests that no row of docs/cases.md names"
    );
}

#[test]
fn no_case_stands_twice_in_the_page() {
    let rows = rows();
    let cases: BTreeSet<_> = rows.iter().map(|row| row.case.as_str()).collect();
    assert_eq!(cases.len(), rows.len());
    assert!(
        rows.len() > 50,
        "the page was not read: {} rows",
        rows.len()
    );
}

#[test]
fn every_promise_of_the_reliability_page_has_its_tests() {
    let page = std::fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let tests = tests();
    let promises: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| P"))
        .collect();
    assert_eq!(promises.len(), 10);
    for promise in promises {
        let shown_by = promise.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut names = shown_by.split('`').skip(1).step_by(2).peekable();
        assert!(names.peek().is_some(), "{promise}");
        names.for_each(|name| assert!(tests.contains(name), "no test {name}"));
    }
}

/// How many cases each of these groups has: a forgotten one shows neither as a row nor as a test.
const GROUPS: [(&str, usize); 5] = [("F", 15), ("G", 16), ("H", 12), ("I", 12), ("K", 10)];

#[test]
fn no_case_of_a_whole_group_is_missing_in_the_page() {
    let cases: BTreeSet<_> = rows().into_iter().map(|row| row.case).collect();
    for (group, least) in GROUPS {
        let found = cases.iter().filter(|case| case.starts_with(group)).count();
        let missing: Vec<_> = (1..=least.max(found))
            .map(|n| format!("{group}{n}"))
            .filter(|case| !cases.contains(case))
            .collect();
        assert_eq!(
            missing,
            Vec::<String>::new(),
            "group {group} has {found} rows"
        );
    }
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let pages = std::fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for page in pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let is_of_the_repository = |name: &&str| {
            ["tests/", "src/", "scripts/", "benches/"]
                .iter()
                .any(|folder| name.starts_with(folder))
                && !name.contains(char::is_whitespace)
                && !name.contains('*')
        };
        for name in quoted.filter(is_of_the_repository) {
            assert!(
                root().join(name).exists(),
                "{} names {name}",
                page.display()
            );
        }
    }
}

#[test]
fn every_page_is_in_the_index_of_the_documentation() {
    let index = std::fs::read_to_string(root().join("docs/README.md")).unwrap();
    let missing: Vec<_> = std::fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|page| page.extension().is_some_and(|ending| ending == "md"))
        .map(|page| page.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "README.md")
        .filter(|name| !index.contains(&format!("]({name})")))
        .collect();
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "pages that docs/README.md does not link"
    );
}

/// A row of a table: the case, and the tests it names by their names or their beginnings.
struct Row {
    case: String,
    names: Vec<String>,
}

impl Row {
    /// Returns `true` if this test has this name, and the name of the case.
    fn covers(&self, name: &str, test: &str) -> bool {
        test.starts_with(name) && test.starts_with(&format!("{}_", self.case.to_lowercase()))
    }
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join("docs/cases.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .strip_prefix("| ")?
            .trim_end_matches(" |")
            .split(" | ")
            .collect();
        let [case, _, _, tests] = cells.as_slice() else {
            return None;
        };
        let names = tests
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        is_case(case).then(|| Row {
            case: (*case).to_owned(),
            names,
        })
    });
    rows.collect()
}

fn is_case(text: &str) -> bool {
    let (group, number) = text.split_at_checked(1).unwrap_or_default();
    group.chars().all(|letter| letter.is_ascii_uppercase()) && number.parse::<u8>().is_ok()
}

/// The names of all test functions in this directory, but for those of this file; and of the
/// scenarios that bear the name of a case and are a test for each proxy.
fn tests() -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join("tests/it/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let sources = files.filter(|file| file.file_name().is_some_and(|name| name != "index.rs"));
    let tests = sources.flat_map(|file| tests_in(&std::fs::read_to_string(file).unwrap()));
    tests.chain(scenarios()).collect()
}

fn scenarios() -> Vec<String> {
    let suite = std::fs::read_to_string(root().join("tests/it/support/proxy_suite.rs")).unwrap();
    let names = suite
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','));
    names
        .filter(|name| {
            name.split('_')
                .next()
                .is_some_and(|case| is_case(&case.to_uppercase()))
        })
        .map(str::to_owned)
        .collect()
}

fn tests_in(source: &str) -> Vec<String> {
    let behind_attributes = source.split("#[test]\n").skip(1);
    let names = behind_attributes.filter_map(|text| text.split_once("fn ")?.1.split_once('('));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
