//! What can be settled about an expression before the library reads it.

use super::ConditionError;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 2048;
/// How deep brackets may stand in each other.
const MAX_NESTING: usize = 16;

/// Refuses what is too long, or would take the parser too deep: each bracket costs it many levels of the stack.
pub(super) fn check(source: &str) -> Result<(), ConditionError> {
    if source.len() > MAX_BYTES {
        return Err(ConditionError::TooLong);
    }
    let mut depth = 0_usize;
    for byte in outside_of_texts(source) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(ConditionError::TooDeep);
        }
    }
    Ok(())
}

/// The bytes of the expression that stand in no string literal and no comment.
fn outside_of_texts(source: &str) -> impl Iterator<Item = u8> {
    let mut rest = source;
    std::iter::from_fn(move || {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, behind)| behind);
        }
        let is_raw = rest.starts_with(['r', 'R']);
        let quoted = rest.get(usize::from(is_raw)..).unwrap_or_default();
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(quote));
        if let Some(quote) = quote {
            rest = behind_text(quoted.get(quote.len()..).unwrap_or_default(), quote, is_raw);
            return Some(b' ');
        }
        let byte = *rest.as_bytes().first()?;
        rest = rest.get(rest.chars().next()?.len_utf8()..)?;
        Some(byte)
    })
}

/// What stands behind a string literal whose opening quote was read.
fn behind_text<'a>(text: &'a str, quote: &str, is_raw: bool) -> &'a str {
    let mut rest = text.chars();
    loop {
        if let Some(behind) = rest.as_str().strip_prefix(quote) {
            return behind;
        }
        match rest.next() {
            None => return "",
            Some('\\') if !is_raw => drop(rest.next()),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_texts() {
        let nested = |open: &str, count: usize, close: &str| open.repeat(count) + "1" + &close.repeat(count);
        for source in [
            nested("(", 16, ")"),
            nested("[", 16, "]"),
            nested("{1:", 16, "}"),
            "a(b[c{1}])".repeat(100),
            format!("x == '{}'", "(".repeat(100)),
            format!("x == \"\\\"{}\"", "(".repeat(100)),
            format!("x == '''it's {}'''", "(".repeat(100)),
            format!("x == r'\\' // {}", "(".repeat(100)),
            format!("x == 'é{}", "(".repeat(100)),
        ] {
            assert_eq!(check(&source), Ok(()), "{source}");
        }
        for source in [
            nested("(", 17, ")"),
            nested("[", 17, "]"),
            nested("{1:", 17, "}"),
            nested("a([", 9, "])"),
            format!("')))' + {}", nested("(", 17, ")")),
            format!("r'\\' + {}", "(".repeat(17)),
            format!("'' + {} ''", "(".repeat(17)),
            format!("// )\n{}", "(".repeat(17)),
            format!("{}')))){}", "(".repeat(9), "'((((((((("),
        ] {
            assert_eq!(check(&source), Err(ConditionError::TooDeep), "{source}");
        }
        assert_eq!(check(&"a".repeat(2048)), Ok(()));
        assert_eq!(check(&"a".repeat(2049)), Err(ConditionError::TooLong));
    }
}
