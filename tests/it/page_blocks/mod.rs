//! Every block of code on every page is run or compared by a test, or it is named here why not.

mod commands;
mod diagrams;
mod settings;
mod shell;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use table::{BLOCKS, Held};

use crate::support::repository;

/// A block of code: its page, its language, and its lines.
struct Block {
    page: String,
    language: String,
    text: String,
}

#[test]
fn every_block_is_run_or_named() {
    let mut found = BTreeMap::new();
    for block in every_block() {
        *found.entry((block.page, block.language)).or_insert(0) += 1;
    }
    for row in BLOCKS {
        let key = (row.page.to_owned(), row.language.to_owned());
        let count = found.remove(&key).unwrap_or_default();
        assert_eq!(
            count, row.count,
            "blocks in `{}` on {}: run the new ones in a test, and correct tests/it/page_blocks/table.rs",
            row.language, row.page
        );
    }
    assert!(
        found.is_empty(),
        "blocks that no test runs; tests/it/page_blocks/table.rs has the tests of the others: {found:?}"
    );
}

#[test]
fn the_named_tests_exist() {
    for row in BLOCKS {
        let Held::By(tests) = &row.held else { continue };
        assert!(!tests.is_empty(), "{}: {}", row.page, row.language);
        for test in *tests {
            let (file, name) = test.split_once(' ').unwrap();
            let text = std::fs::read_to_string(repository().join(file))
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            let marked = format!("#[test]\nfn {name}()");
            assert!(text.contains(&marked), "{file} has no test {name}");
        }
    }
}

/// The blocks of all pages, but for the pages of reasons, which `reasons.rs` runs one by one.
fn every_block() -> Vec<Block> {
    pages().iter().flat_map(|page| blocks_of(page)).collect()
}

fn pages() -> Vec<String> {
    let folder = std::fs::read_dir(repository().join("docs")).unwrap();
    let docs = folder.map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    let root = [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ];
    let all = docs.chain(root.map(str::to_owned));
    all.filter(|page| Path::new(page).extension().is_some_and(|end| end == "md"))
        .collect()
}

fn blocks_of(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(repository().join(page)).unwrap();
    let mut lines = text.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push(Block {
            page: page.to_owned(),
            language: language.to_owned(),
            text: inside.map(|line| line.to_owned() + "\n").collect(),
        });
    }
    blocks
}
