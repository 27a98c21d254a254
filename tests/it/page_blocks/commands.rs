//! Commands that are too long to run here: the target, the benchmark or the tests that they name
//! exist.

use regex::Regex;

use super::{blocks_of, every_block, pages};
use crate::support::shipped;

#[test]
fn commands_of_cargo_and_make_exist() {
    let blocks = every_block().into_iter();
    let consoles = blocks.filter(|block| block.language == "console");
    let mut lines: Vec<_> = consoles
        .filter(|block| !block.page.ends_with("directory.md"))
        .flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.extend(
        blocks_of("CONTRIBUTING.md")
            .remove(0)
            .text
            .lines()
            .map(str::to_owned),
    );
    assert_eq!(lines.len(), 11, "{lines:#?}");
    for line in lines {
        let command = line.trim_start_matches("$ ");
        assert!(exists(command), "nothing is known of `{command}`");
    }
}

/// Returns true if what the command names is there.
fn exists(command: &str) -> bool {
    let words: Vec<_> = command.split_whitespace().collect();
    match words.as_slice() {
        ["make", target, ..] => is_target(target),
        ["cargo", "bench", "--bench", name, ..] => {
            let benchmark = format!("[[bench]]\nname = \"{name}\"\n");
            shipped("Cargo.toml", &[]).contains(&benchmark)
        }
        ["cargo", "test", "--test", "it", module] => {
            shipped("tests/it/main.rs", &[]).contains(&format!("\nmod {module};\n"))
        }
        ["git", "switch", "main", ..] => true,
        _ => false,
    }
}

fn is_target(name: &str) -> bool {
    shipped("Makefile", &[]).contains(&format!("\n{name}:"))
}

/// In the text too: `make guard` on a page is a target of the `Makefile`.
#[test]
fn targets_that_pages_name_exist() {
    let named = Regex::new(r"`make ([a-z-]+)").unwrap();
    let mut count = 0;
    for page in pages() {
        for target in named.captures_iter(&shipped(&page, &[])) {
            assert!(is_target(&target[1]), "{page}: make {}", &target[1]);
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
