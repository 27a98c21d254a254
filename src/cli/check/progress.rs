//! A line on the terminal while keys are fetched.

use std::io::{IsTerminal, Write, stderr};

/// More names of issuers than these are not shown.
const MAX_NAMES: usize = 3;

/// The issuers whose keys are still awaited, on a line of stderr that is written over. Shows
/// nothing where stderr is no terminal.
pub(super) struct Progress {
    is_shown: bool,
    all: usize,
    awaited: Vec<String>,
}

impl Progress {
    pub(super) fn new(awaited: Vec<String>) -> Self {
        let can_write_over = std::env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
        let progress = Self {
            is_shown: stderr().is_terminal() && can_write_over,
            all: awaited.len(),
            awaited,
        };
        progress.show();
        progress
    }

    /// Takes the line away while something else is printed.
    pub(super) fn pause(&self) {
        self.write(CLEAR_LINE);
    }

    /// Takes an issuer off the list, and shows the others.
    pub(super) fn finished(&mut self, name: &str) {
        if let Some(index) = self.awaited.iter().position(|awaited| awaited == name) {
            self.awaited.remove(index);
        }
        self.show();
    }

    fn show(&self) {
        if self.awaited.is_empty() {
            return self.write(CLEAR_LINE);
        }
        let names: Vec<_> = self.awaited.iter().take(MAX_NAMES).cloned().collect();
        let more = if self.awaited.len() > MAX_NAMES {
            ", …"
        } else {
            ""
        };
        let (done, all) = (self.all - self.awaited.len(), self.all);
        let names = names.join(", ");
        self.write(&format!(
            "{CLEAR_LINE}fetching keys: {done} of {all} done, waiting for {names}{more}"
        ));
    }

    fn write(&self, text: &str) {
        if self.is_shown {
            // Without a terminal there is no progress to show.
            let _ = stderr().write_all(text.as_bytes());
        }
    }
}

const CLEAR_LINE: &str = "\r\u{1b}[2K";
