//! Doc comments are sentences about their item (`CONTRIBUTING.md`).

use super::{sources, without_tests};

/// Words with which a doc comment must not begin: it would be a question, or mean something only
/// beside another comment.
const OPENINGS: &[&str] = &[
    "As above", "How", "Says", "Same", "The same", "What", "When", "Where", "Whether", "Which",
    "Who", "Whose", "Why",
];

#[test]
fn doc_comments_begin_with_their_item() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let openings = first_lines(without_tests(&text));
        wrong.extend(
            openings
                .filter(|(_, line)| is_wrong(line))
                .map(|(number, line)| format!("src/{}:{number}: {line}", file.display())),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Returns the first line of each doc comment, with its number.
fn first_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or(line.strip_prefix("//!"));
        let was_inside = std::mem::replace(&mut is_inside, doc.is_some());
        let first = doc.filter(|_| !was_inside)?;
        Some((index + 1, first.trim_start()))
    })
}

fn is_wrong(line: &str) -> bool {
    OPENINGS.iter().any(|opening| {
        let rest = line.strip_prefix(opening);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

#[test]
fn openings_are_recognized() {
    let text =
        "//! Whatever.\n\n/// What is it?\n/// Where.\nfn a() {}\n/// The same, but\nfn b() {}\n";
    let wrong: Vec<_> = first_lines(text)
        .filter(|(_, line)| is_wrong(line))
        .map(|(number, _)| number)
        .collect();
    assert_eq!(wrong, [3, 6]);
}
