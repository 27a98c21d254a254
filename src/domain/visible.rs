//! Texts of others, fit to be seen.

use std::fmt::Write;

/// Whether a character does something to a terminal or to the order of what is read, instead of being seen: C0, DEL, C1,
/// and what Unicode has for direction and invisible formatting.
pub const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// JSON that says the same and has no such character in it, except for the white space that JSON itself allows; C0 cannot
/// stand inside of its strings.
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if character < ' ' || !is_unseen(character) {
            visible.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(visible, "\\u{unit:04x}");
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_and_moves_nothing() {
        let value = serde_json::json!({"a\u{202e}": "\u{9b}31m\u{7f}\u{1b}\u{e0041}\u{feff} \u{e9}\u{1f600}"});
        let visible = visible_json(&format!("{value:#}"));
        assert!(!visible.replace('\n', "").contains(is_unseen), "{visible}");
        assert!(visible.contains("\\u202e") && visible.contains("\u{1f600}"), "{visible}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&visible).unwrap(), value);
    }
}
