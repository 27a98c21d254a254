//! Lines that belong together in one place of a file.

use std::fmt;

use super::Proxy;

/// Lines that belong together in one place of a file, between two comment lines by which they are
/// found there.
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

    /// The same in a file whose comments begin so.
    pub(super) fn commented_by(self, comment: &'static str) -> Self {
        Self { comment, ..self }
    }

    /// The comment line in front of it.
    pub fn begin(&self) -> String {
        self.mark(">>>")
    }

    /// The comment line behind it.
    pub fn end(&self) -> String {
        self.mark("<<<")
    }

    fn mark(&self, sign: &str) -> String {
        format!(
            "{} {sign} doorward config proxy {}: {}",
            self.comment, self.proxy, self.name
        )
    }

    /// The lines between the two.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Where it belongs, as a comment, and the block with its marks.
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
