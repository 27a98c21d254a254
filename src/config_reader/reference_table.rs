//! Settings as a Markdown table.

use std::fmt::Write;

use super::setting::{Default, Setting};

/// Appends a heading and a table of settings to the page.
pub(crate) fn section(page: &mut String, title: &str, sections: &[&[Setting]]) {
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n## {title}\n\n| setting | default | meaning |\n| --- | --- | --- |\n"
    );
    for setting in sections.iter().flat_map(|settings| settings.iter()) {
        let default = match setting.default {
            Default::Value(value) => format!("`{value}`"),
            Default::Described(text) => text.to_owned(),
            Default::Required => "**required**".to_owned(),
        };
        let secret = if setting.secret { " *Secret.*" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {default} | {}{secret} |",
            setting.name,
            setting.help.replace('|', "\\|")
        );
    }
}
