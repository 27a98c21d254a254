//! The text of the query.

use crate::config_reader::{Invalid, value};

/// Parses a query: one `SELECT` or `WITH`.
///
/// The session is read-only, so this is no defence against an operator; it finds mistakes before the
/// database does.
pub(super) fn parse(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    let query = text.trim_end_matches(|end: char| end == ';' || end.is_whitespace());
    let first = query.split(|end: char| !end.is_ascii_alphabetic()).next();
    let first = first.unwrap_or_default();
    if !["SELECT", "WITH"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(first))
    {
        return Err(Invalid::new("neither SELECT nor WITH is its first word")
            .hint("the directory is only read; put a comment behind the first word"));
    }
    if query.contains(';') {
        return Err(
            Invalid::new("holds more than one statement, or a semicolon")
                .hint("write one statement; a semicolon in a text is chr(59), or char(59)"),
        );
    }
    if query.contains('\0') {
        return Err(Invalid::new("holds a NUL character").hint("leave it out"));
    }
    Ok(query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_select_or_with() {
        for (text, query) in [
            ("SELECT 1", Ok("SELECT 1")),
            (" select\n1 ;\n", Ok("select\n1")),
            ("SELECT(1)", Ok("SELECT(1)")),
            (
                "with x AS (SELECT 1) SELECT * FROM x",
                Ok("with x AS (SELECT 1) SELECT * FROM x"),
            ),
            ("UPDATE users SET a = 1", Err(())),
            ("SELECTED", Err(())),
            ("-- users\nSELECT 1", Err(())),
            ("SELECT 1; DROP TABLE users", Err(())),
            ("SELECT ';'", Err(())),
            (";", Err(())),
            ("", Err(())),
        ] {
            let parsed = parse(text);
            assert_eq!(parsed.as_deref().map_err(|_| ()), query, "{text:?}");
        }
    }
}
