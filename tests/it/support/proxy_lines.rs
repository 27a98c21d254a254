//! What `doorward config proxy` prints, put where it says.

use doorward::proxy_files::{HeaderNames, Proxy};

use super::GateBuilder;

/// What the command prints for these settings.
pub fn printed(proxy: Proxy, settings: &GateBuilder) -> String {
    let configuration = settings
        .configuration()
        .unwrap_or_else(|problems| panic!("{problems}"));
    proxy
        .lines(&HeaderNames::of(&configuration))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// A file of a proxy's configuration with printed lines in place of those between the same two
/// marks, as an operator would put them there.
pub fn with_lines(text: &str, printed: &str) -> String {
    parts(printed)
        .iter()
        .fold(text.to_owned(), |text, part| part.put_into(&text))
}

/// The marks in a text, in their order, without the text in front of them.
pub fn marks(text: &str) -> Vec<String> {
    let at = |line: &str| {
        line.find("# >>> doorward")
            .or_else(|| line.find("-- >>> doorward"))
    };
    text.lines()
        .filter_map(|line| Some(line[at(line)?..].to_owned()))
        .collect()
}

/// Lines with the marks around them.
struct Part {
    begin: String,
    end: String,
    lines: Vec<String>,
}

fn parts(printed: &str) -> Vec<Part> {
    let mut lines = printed.lines();
    let mut parts = Vec::new();
    while let Some(line) = lines.next() {
        if marks(line).is_empty() {
            continue;
        }
        let end = line.replace(">>>", "<<<");
        let inside = lines
            .by_ref()
            .take_while(|line| *line != end)
            .map(str::to_owned)
            .collect();
        parts.push(Part {
            begin: line.to_owned(),
            end,
            lines: inside,
        });
    }
    parts
}

impl Part {
    /// Each line begins with the text in front of the mark.
    fn put_into(&self, text: &str) -> String {
        let mut written = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            written.push(line.to_owned());
            let Some(margin) = line.strip_suffix(&self.begin) else {
                continue;
            };
            let end = format!("{margin}{}", self.end);
            assert!(lines.by_ref().any(|line| line == end), "no {end:?}");
            written.extend(self.lines.iter().map(|own| format!("{margin}{own}")));
            written.push(end);
        }
        written.join("\n") + "\n"
    }
}
