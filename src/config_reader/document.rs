//! A configuration file as a tree, in which every node has its position.

use std::fmt;

use serde_json::Value;
use serde_saphyr::options::MergeKeyPolicy;
use serde_saphyr::{Budget, Location, Options, Spanned, UserMessageFormatter};

use super::raw_node::Raw;
use super::setting::{self, Setting};

/// The greatest size of a file, in bytes; a larger one is refused.
pub(crate) const MAX_BYTES: usize = 8 << 20;

/// The greatest depth of nesting. No setting is nested as deeply, bodies of denials included.
const MAX_DEPTH: usize = 32;

/// The greatest number of nodes: enough for ten thousand routes, and a bound on what aliases can
/// expand to.
const MAX_NODES: usize = 500_000;

/// The greatest number of anchors and of aliases.
const MAX_ALIASES: usize = 1_000;

/// A value and its position.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) position: Position,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A string, a number, a boolean or null.
    Scalar(Scalar),
    List(Vec<Node>),
    /// A mapping. Keys are strings, and no key is repeated.
    Map(Vec<(Key, Node)>),
}

/// A single value: its text in the file, and the type that YAML gives it.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    value: Value,
}

impl Scalar {
    /// Returns the typed value. A number that does not fit into 64 bits is a double.
    pub(crate) const fn value(&self) -> &Value {
        &self.value
    }

    /// Returns `true` if the value is missing or `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }
}

/// A key of a mapping and its position.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) position: Position,
}

/// Line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    line: u64,
    column: u64,
}

/// An error of the parser, and the position at which it occurred.
#[derive(Debug)]
pub(crate) struct InvalidDocument {
    pub(super) message: String,
    pub(super) hint: &'static str,
    pub(super) position: Position,
}

impl Node {
    /// Parses one YAML document. Fails if a key is repeated in a mapping, if a tag is not a
    /// standard one, or if the depth, the size or the number of aliases exceeds its bound. The
    /// bounds keep a file from using up the memory.
    ///
    /// `known` are the settings whose names may be shown in a message.
    pub(crate) fn parse(text: &str, known: &[&[Setting]]) -> Result<Self, InvalidDocument> {
        if text.len() > MAX_BYTES {
            return Err(InvalidDocument {
                message: format!("more than {} MiB", MAX_BYTES >> 20),
                hint: "compare the path: no configuration is as large",
                position: Position::START,
            });
        }
        let read = serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options());
        let root = read.map_err(|error| {
            let position = error.location().map_or(Position::START, Position::of);
            match indenting_tab(text, position) {
                Some(tab) => InvalidDocument {
                    message: "a tab in the indentation".to_owned(),
                    hint: "use spaces",
                    position: tab,
                },
                None => InvalidDocument {
                    message: redacted_message(&error, known),
                    hint: next_step(&error),
                    position,
                },
            }
        })?;
        Ok(Self::of(root, text))
    }

    fn of(raw: Spanned<Raw>, text: &str) -> Self {
        let position = Position::of(raw.referenced);
        let content = match raw.value {
            Raw::Scalar(value) => Content::Scalar(Scalar {
                text: written(&value, raw.defined, text),
                value,
            }),
            Raw::List(elements) => Content::List(
                elements
                    .into_iter()
                    .map(|element| Self::of(element, text))
                    .collect(),
            ),
            Raw::Map(entries) => Content::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (Key::of(key), Self::of(value, text)))
                    .collect(),
            ),
        };
        Self { content, position }
    }

    /// Converts the node to JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => scalar.value.clone(),
            Content::List(elements) => elements.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.name.clone(), value.to_json()))
                .collect(),
        }
    }
}

impl Key {
    fn of(raw: Spanned<String>) -> Self {
        Self {
            position: Position::of(raw.referenced),
            name: raw.value,
        }
    }
}

impl Position {
    const START: Self = Self { line: 1, column: 1 };

    /// Returns the position behind a text from the beginning of a file.
    fn behind(text: &str) -> Self {
        text.chars().fold(Self::START, |at, letter| match letter {
            '\n' => Self {
                line: at.line + 1,
                column: 1,
            },
            _ => Self {
                column: at.column + 1,
                ..at
            },
        })
    }

    fn of(location: Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Returns the text of a document. Fails if it is not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, InvalidDocument> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        InvalidDocument {
            message: "not UTF-8".to_owned(),
            hint: "save it as UTF-8, as `iconv -f LATIN1 -t UTF-8 FILE` does",
            position: Position::behind(&before),
        }
    })
}

/// Finds a tab that indents the line at which the parser gave up, or the one behind it: the parser
/// reports where the mapping before the tab ends.
fn indenting_tab(text: &str, error: Position) -> Option<Position> {
    let near = text
        .lines()
        .zip(1..)
        .skip_while(|(_, line)| *line < error.line);
    near.take(2).find_map(|(text, line)| {
        let indentation = text.split(|letter: char| !letter.is_whitespace()).next()?;
        let column = indentation
            .chars()
            .zip(1..)
            .find(|(letter, _)| *letter == '\t')?
            .1;
        Some(Position { line, column })
    })
}

fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = MAX_DEPTH;
    budget.max_nodes = MAX_NODES;
    budget.max_events = 3 * MAX_NODES;
    budget.max_aliases = MAX_ALIASES;
    budget.max_anchors = MAX_ALIASES;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.merge_keys = MergeKeyPolicy::Error;
    options.strict_booleans = true;
    options.reject_unsupported_tags = true;
    // The text around a mistake may be a secret.
    options.with_snippet = false;
    options
}

/// Returns a hint for an error of the parser.
fn next_step(error: &serde_saphyr::Error) -> &'static str {
    use serde_saphyr::Error;
    match error {
        Error::DuplicateMappingKey { .. } => "keep one of them",
        Error::MultipleDocuments { .. } => "leave out the line ---, or what is behind it",
        Error::MergeKeyNotAllowed { .. } => "write out what << stands for",
        Error::UnsupportedTag { .. } => "write a text that begins with ! in quotes",
        Error::UnknownAnchor { .. } => "write a text that begins with * in quotes",
        Error::Budget { .. } => "nest less, and use fewer anchors and aliases",
        _ => {
            "see whether a bracket or a quote in front of it is still open, and write a text with \
             special characters in quotes"
        }
    }
}

/// Returns the parser's message without the position, which the caller puts in front, and without
/// quoted text, which may be a secret.
fn redacted_message(error: &serde_saphyr::Error, known: &[&[Setting]]) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey {
        key: Some(name), ..
    } = error
        && setting::is_among(known, name)
    {
        return format!("duplicate mapping key `{name}`");
    }
    if let serde_saphyr::Error::MultipleDocuments { .. } = error {
        return "a second document".to_owned();
    }
    let text = error.render_with_formatter(&UserMessageFormatter);
    let end = text.rfind(" at line ").unwrap_or(text.len());
    ['`', '"'].into_iter().fold(
        text.get(..end).unwrap_or(&text).to_owned(),
        without_quotation,
    )
}

/// Removes what is between the first and the last of these quotes; the text between may contain
/// further ones.
fn without_quotation(text: String, quote: char) -> String {
    match (text.split_once(quote), text.rsplit_once(quote)) {
        (Some((before, _)), Some((_, after))) => [before.trim_end(), after].concat(),
        _ => text,
    }
}

/// Returns a scalar as it was written: `0012` is a number for YAML, but may be the beginning of a
/// secret.
fn written(value: &Value, location: Location, text: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        _ => source(location, text).unwrap_or_default().to_owned(),
    }
}

fn source(location: Location, text: &str) -> Option<&str> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?).map(str::trim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KNOWN: &[&[Setting]] = &[&[Setting::optional("host", "", "")]];

    fn message(text: &str) -> String {
        let error = Node::parse(text, KNOWN).unwrap_err();
        format!("{}: {}", error.position, error.message)
    }

    fn scalars(text: &str) -> Vec<String> {
        let Content::List(elements) = Node::parse(text, KNOWN).unwrap().content else {
            panic!("no list")
        };
        let texts = elements.into_iter().map(|element| match element.content {
            Content::Scalar(scalar) => scalar.text,
            other => panic!("{other:?}"),
        });
        texts.collect()
    }

    #[test]
    fn parse_errors_have_a_position() {
        insta::assert_snapshot!(message("a: 1\nb: 2\na: 3\n"), @"3:1: duplicate mapping key is not allowed here");
        insta::assert_snapshot!(message("{host: 1, host: 2}"), @"1:11: duplicate mapping key `host`");
        insta::assert_snapshot!(message("a: [1, 2\n"), @"1:4: unclosed bracket '['");
        insta::assert_snapshot!(message("a: 1\n---\na: 2\n"), @"3:1: a second document");
        insta::assert_snapshot!(message("a: !secret x\n"), @"1:12: unsupported tag");
        insta::assert_snapshot!(message("base: &b {x: 1}\nc: {<<: *b}\n"), @"2:5: merge key not allowed here");
        insta::assert_snapshot!(message("? [a]\n: 1\n"), @"1:3: expected string scalar");
        insta::assert_snapshot!(message(&format!("{}1{}", "[".repeat(40), "]".repeat(40))), @"1:33: YAML document too large or too complex: limits breached: Depth { depth: 33 }");
        assert!(message(&"x".repeat(MAX_BYTES + 1)).contains("8 MiB"));
    }

    #[test]
    fn parse_errors_do_not_quote_the_text() {
        for text in [
            "hmac_secret: !Tr0ub4dor x",
            "hmac_secret: !Tr0ub4dor`x` x",
            "hmac_secret: !<Tr0ub4dor> x",
            "hmac_secret: !Tr0ub4dor!x y",
            "hmac_secret: !!Tr0ub4dor x",
            "hmac_secret: 1.0e+1000Tr0ub4dor\nb: {Tr0ub4dor: 1, Tr0ub4dor: 2}",
            "hmac_secret: {Tr0ub4dor: 1, Tr0ub4dor: 2}",
            "hmac_secret: {'Tr0ub4dor\"x': 1, 'Tr0ub4dor\"x': 2}",
            "hmac_secret: *Tr0ub4dor",
            "hmac_secret: \"\\Tr0ub4dor\"",
            "hmac_secret: \"Tr0ub4dor",
            "hmac_secret: @Tr0ub4dor",
            "hmac_secret: %Tr0ub4dor",
            "hmac_secret: [Tr0ub4dor}",
            "hmac_secret: |Tr0ub4dor",
            "Tr0ub4dor: x\n<<: Tr0ub4dor",
            "&Tr0ub4dor a: *Tr0ub4dor x",
            "a: &Tr0ub4dor [*Tr0ub4dor]",
        ] {
            let shown = message(text);
            assert!(
                !shown.contains("Tr0u") && !shown.contains("r0ub4dor"),
                "{shown}"
            );
        }
        assert!(!message("hmac_secret: 1.0e+1000").contains("1.0e"));
    }

    #[test]
    fn expansion_of_aliases_is_bounded() {
        let level = |level: usize| {
            format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{}", level - 1); 10].join(", ")
            )
        };
        let text: String = std::iter::once("a0: &a0 [x]\n".to_owned())
            .chain((1..10).map(level))
            .collect();
        assert!(Node::parse(&text, KNOWN).is_err());
    }

    #[test]
    fn scalars_are_kept_as_they_were_written() {
        assert_eq!(
            scalars("[0012, 1.50, 0x1F, true, 5m, ' quoted ', \"a\\tb\", '', 1e3, yes, ~]"),
            [
                "0012", "1.50", "0x1F", "true", "5m", " quoted ", "a\tb", "", "1e3", "yes", "~"
            ]
        );
    }

    #[test]
    fn json_is_typed() {
        let node = Node::parse(
            "{a: [1, true, null, 'x', 1.5], b: {c: &t text, d: *t}}",
            KNOWN,
        )
        .unwrap();
        assert_eq!(
            node.to_json(),
            json!({"a": [1, true, null, "x", 1.5], "b": {"c": "text", "d": "text"}})
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r##"([a-z0-9:,\[\]{}&*!|>'"#\-?%@ \n\t]|é){0,80}"##) {
            let _ = Node::parse(&text, KNOWN);
        }
    }
}
