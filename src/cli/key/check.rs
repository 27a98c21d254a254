//! `doorward key check`.

use std::fmt::Write;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::exit::{Failure, print};
use crate::cli::output::OutputFormat;
use crate::cli::token::read;
use crate::config::{ApiKeyForm, ApiKeyState, Source, api_key_prefix, sha256, written_hash};
use crate::domain::{Clock, visible_json};
use crate::platform::SystemClock;

#[derive(Args)]
pub(in crate::cli) struct Check {
    /// Prefix of API keys, where there is no configuration
    #[arg(long, default_value = "dw", value_parser = api_key_prefix)]
    prefix: String,
    /// Write lines for people, or JSON for programs
    #[arg(long, value_enum, default_value = "text")]
    output: OutputFormat,
}

/// The facts that are known of a key. The key itself is never repeated.
struct KeyReport {
    hash: String,
    /// The problem of its form, if there is one.
    malformed: Option<String>,
    /// Its state by the file, if there is a configuration with one.
    entry: Option<ApiKeyState>,
    id: Option<String>,
}

impl Check {
    /// Prints what a key is. Fails if the service would refuse it: by its form or, where the
    /// configuration has API keys, because the file has no such key.
    pub(in crate::cli) fn run(self, source: &Source) -> Result<(), Failure> {
        let text = read(Path::new("-"))?;
        let key = text.trim();
        let configured = if source.has_file() || source.has_variables() {
            source.read()?.listed.api_keys
        } else {
            None
        };
        let form = configured.as_ref().map_or_else(
            || ApiKeyForm::new(&self.prefix, true),
            |keys| keys.form.clone(),
        );
        let sha256 = sha256(&[key.as_bytes()]);
        let line = configured.as_ref().map(|keys| keys.read.list.find(&sha256));
        let report = KeyReport {
            malformed: malformed(&form, key),
            entry: line.map(|line| ApiKeyState::of(line, SystemClock.now())),
            id: line.flatten().map(|line| line.id.clone()),
            hash: written_hash(&sha256),
        };
        match self.output {
            OutputFormat::Text => print(&report.text())?,
            OutputFormat::Json => print(&visible_json(&format!("{:#}\n", report.json())))?,
        }
        if report.is_good() {
            Ok(())
        } else {
            Err(Failure::Denied)
        }
    }
}

fn malformed(form: &ApiKeyForm, key: &str) -> Option<String> {
    if !form.is_begun_by(key.as_bytes()) {
        return Some(format!("it does not begin as {form}"));
    }
    let checked = form.check(key.as_bytes());
    checked.err().map(|malformed| malformed.to_string())
}

impl KeyReport {
    fn is_good(&self) -> bool {
        self.malformed.is_none() && self.entry.is_none_or(|entry| entry == ApiKeyState::Good)
    }

    fn text(&self) -> String {
        let form = self.malformed.as_deref().unwrap_or("ok");
        let mut text = format!("form: {form}\nhash: {}\n", self.hash);
        if let Some(entry) = self.entry {
            let id = self.id.as_ref().map(|id| format!(" ({id})"));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "file: {}{}", entry.word(), id.unwrap_or_default());
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "form": self.malformed.as_deref().unwrap_or("ok"),
            "hash": self.hash,
            "file": self.entry.map(ApiKeyState::word),
            "id": self.id,
        })
    }
}
