//! Blocks of code on a page of the documentation.

use super::repository;

/// The blocks of a page in this language, in their order. One inside a list is moved to the margin.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(page))
        .unwrap_or_else(|error| panic!("{page}: {error}"));
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(opened) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let margin = line.len() - line.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let block: String = inside
            .map(|line| line.get(margin..).unwrap_or_default().to_owned() + "\n")
            .collect();
        if opened == language {
            blocks.push(block);
        }
    }
    blocks
}
