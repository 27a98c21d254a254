//! A block of lines for one place of a file.

use std::fmt;

use super::Proxy;

/// A block of lines for one place of a file, between two comment lines that mark it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    proxy: Proxy,
    name: &'static str,
    place: &'static str,
    comment: &'static str,
    lines: Vec<String>,
}

impl Block {
    pub(super) fn new(
        proxy: Proxy,
        name: &'static str,
        place: &'static str,
        lines: Vec<String>,
    ) -> Self {
        Self {
            proxy,
            name,
            place,
            comment: "#",
            lines,
        }
    }

    /// Sets the start of a comment line; the default is `#`.
    pub(super) fn commented_by(self, comment: &'static str) -> Self {
        Self { comment, ..self }
    }

    /// Returns the comment line before the block.
    pub fn begin(&self) -> String {
        self.mark(">>>")
    }

    /// Returns the comment line after the block.
    pub fn end(&self) -> String {
        self.mark("<<<")
    }

    fn mark(&self, sign: &str) -> String {
        format!(
            "{} {sign} doorward config proxy {}: {}",
            self.comment, self.proxy, self.name
        )
    }

    /// Returns the lines between the two marks.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Displays the place of the block as a comment, and the block with its marks.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} In {}", self.comment, self.place)?;
        writeln!(f, "{}", self.begin())?;
        self.lines
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(f, "{}", self.end())
    }
}
