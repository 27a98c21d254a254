//! Header names in YAML.

/// The length of the longest word that YAML reads as another type than a text (`false`).
const LONGEST_WORD: usize = 5;

/// Formats a name as a value or a key. No header name contains a quote or a backslash.
pub(super) fn scalar(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() > LONGEST_WORD
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.ends_with('-');
    if is_plain {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// Formats a key with a list of names, one per line.
pub(super) fn list<N: AsRef<str>>(key: &str, names: impl IntoIterator<Item = N>) -> Vec<String> {
    let items: Vec<_> = names
        .into_iter()
        .map(|name| format!("  - {}", scalar(name.as_ref())))
        .collect();
    if items.is_empty() {
        vec![format!("{key}: []")]
    } else {
        std::iter::once(format!("{key}:")).chain(items).collect()
    }
}
