//! Limits of an expression that are checked before the library reads it.

use super::condition_error::ConditionError;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 2048;
/// The maximum depth of nesting.
const MAX_NESTING: usize = 16;

/// Refuses what is too long, or would take the parser too deep: each level costs it many levels of
/// the stack.
pub(super) fn check(source: &str) -> Result<(), ConditionError> {
    if source.len() > MAX_BYTES {
        return Err(ConditionError::TooLong);
    }
    let mut nesting = Nesting::default();
    for byte in outside_of_texts(source) {
        nesting.note(byte);
        if nesting.depth() > MAX_NESTING {
            return Err(ConditionError::TooDeep);
        }
    }
    Ok(())
}

/// The depth of a place in the expression: brackets around it, `?` in front of it inside of each,
/// and signs that hold for what follows.
#[derive(Default)]
struct Nesting {
    /// The number of `?` in front of each open bracket, and of signs.
    around: Vec<(usize, usize)>,
    /// The number of `?` since the last bracket or comma.
    choices: usize,
    /// The number of `!` or `-` in a row.
    signs: usize,
    /// `true` if `-` and `!` would belong to an operator of two sides.
    is_behind_operand: bool,
}

impl Nesting {
    fn note(&mut self, byte: u8) {
        let is_sign = matches!(byte, b'!' | b'-') && !self.is_behind_operand;
        match byte {
            _ if byte.is_ascii_whitespace() => return,
            b'(' | b'[' | b'{' => self
                .around
                .push((std::mem::take(&mut self.choices), self.signs)),
            b')' | b']' | b'}' => self.choices = self.around.pop().unwrap_or_default().0,
            b',' => self.choices = 0,
            b'?' => self.choices += 1,
            _ => {}
        }
        self.signs = if is_sign { self.signs + 1 } else { 0 };
        self.is_behind_operand =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b')' | b']' | b'}' | TEXT);
    }

    fn depth(&self) -> usize {
        let around: usize = self
            .around
            .iter()
            .map(|(choices, signs)| 1 + choices + signs)
            .sum();
        around + self.choices + self.signs
    }
}

/// Represents a string literal.
const TEXT: u8 = b'"';

/// Returns the bytes of the expression outside of comments, and one for each string literal.
fn outside_of_texts(source: &str) -> impl Iterator<Item = u8> {
    let mut rest = source;
    std::iter::from_fn(move || {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, behind)| behind);
        }
        let is_raw = rest.starts_with(['r', 'R']);
        let quoted = rest.get(usize::from(is_raw)..).unwrap_or_default();
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quote| quoted.starts_with(quote));
        if let Some(quote) = quote {
            rest = behind_text(quoted.get(quote.len()..).unwrap_or_default(), quote, is_raw);
            return Some(TEXT);
        }
        let byte = *rest.as_bytes().first()?;
        rest = rest.get(rest.chars().next()?.len_utf8()..)?;
        Some(byte)
    })
}

/// Returns the text behind a string literal whose opening quote was read.
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
    fn levels_count_outside_of_texts() {
        let nested =
            |open: &str, count: usize, close: &str| open.repeat(count) + "1" + &close.repeat(count);
        for source in [
            nested("(", 16, ")"),
            nested("[", 16, "]"),
            nested("{1:", 16, "}"),
            nested("!(", 8, ")"),
            nested("- - (", 5, ")"),
            "!".repeat(16) + "a",
            "a ? b : ".repeat(16) + "c",
            "a(b ? c : d, ".repeat(8) + "e" + &")".repeat(8),
            "[a ? b : c, d ? e : f, g ? h : i]".repeat(10),
            "-(a) - (b) - 'c' != d && !e && ".repeat(20) + "f",
            nested("(a - ", 16, ")"),
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
            nested("!(", 9, ")"),
            nested("- - (", 6, ")"),
            "!".repeat(17) + "a",
            "! ".repeat(17) + "a",
            "1 - ".to_owned() + &"-".repeat(17) + "1",
            "a ? b : ".repeat(17) + "c",
            "a ? (b ? c : ".repeat(9) + "d" + &") : e".repeat(9),
            "a ? b : ".repeat(16) + "(c)",
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
