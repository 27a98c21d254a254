//! `doorward key new`.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use crate::cli::exit::{Failure, print};
use crate::cli::output::{OutputFormat, note};
use crate::config::{ApiKeyForm, Source, api_key_prefix, api_key_scope, sha256, written_hash};
use crate::domain::{Clock, visible_json};
use crate::platform::SystemClock;

#[derive(Args)]
pub(in crate::cli) struct New {
    /// The owner of the key: the claim `sub`
    #[arg(long)]
    subject: String,
    /// Name of the key, the claim `client_id`; the subject and some digits of the hash
    #[arg(long)]
    id: Option<String>,
    /// A scope that it grants; may be given several times
    #[arg(long, value_name = "SCOPE", value_parser = api_key_scope)]
    scope: Vec<String>,
    /// Time until the key expires, such as `90d`; never if it is not given
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    expires: Option<Duration>,
    /// Prefix of the key; the default is `api_key_prefix` of the configuration, or `dw` without one
    #[arg(long, value_parser = api_key_prefix)]
    prefix: Option<String>,
    /// Write the key on stdout and the line on stderr, or both on stdout as JSON
    #[arg(long, value_enum, default_value = "text")]
    output: OutputFormat,
}

impl New {
    pub(in crate::cli) fn run(self, source: &Source) -> Result<(), Failure> {
        let key = self.form(source)?.generate();
        let key = key.ok_or_else(|| Failure::failed("the system has no random bytes"))?;
        let entry = Value::Object(self.entry(&key)?);
        match self.output {
            OutputFormat::Text => {
                // JSON on one line is YAML too.
                note(format_args!("- {entry}"));
                print(&format!("{key}\n"))
            }
            OutputFormat::Json => {
                let both = serde_json::json!({"key": key, "entry": entry});
                print(&visible_json(&format!("{both:#}\n")))
            }
        }
    }

    /// Returns the form of keys that the service reads.
    fn form(&self, source: &Source) -> Result<ApiKeyForm, Failure> {
        let given = self
            .prefix
            .as_deref()
            .map(|prefix| ApiKeyForm::new(prefix, true));
        let configured = if given.is_none() && (source.has_file() || source.has_variables()) {
            source.read()?.listed.api_keys.map(|keys| keys.form)
        } else {
            None
        };
        let form = given.or(configured);
        Ok(form.unwrap_or_else(|| ApiKeyForm::new("dw", true)))
    }

    /// Returns the entry for `api_keys_file`.
    fn entry(&self, key: &str) -> Result<Map<String, Value>, Failure> {
        let is_printable = !self.subject.is_empty() && !self.subject.chars().any(char::is_control);
        if !is_printable || self.subject.chars().count() > 256 {
            return Err(Failure::Usage("write 1 to 256 characters as --subject"));
        }
        let hash = written_hash(&sha256(&[key.as_bytes()]));
        let start: String = hash.chars().skip("sha256:".len()).take(8).collect();
        let id = self.id.clone().unwrap_or_else(|| {
            // Room for the digits within the longest name.
            let plain = self
                .subject
                .chars()
                .filter(char::is_ascii_graphic)
                .take(200);
            format!("{}-{start}", plain.collect::<String>())
        });
        if id.is_empty() || id.len() > 256 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "write at most 256 visible ASCII characters without blanks as --id";
            return Err(Failure::Usage(message));
        }
        let mut entry = Map::from_iter([
            ("id".to_owned(), id.into()),
            ("hash".to_owned(), hash.into()),
            ("subject".to_owned(), self.subject.as_str().into()),
        ]);
        if !self.scope.is_empty() {
            entry.insert("scopes".to_owned(), self.scope.as_slice().into());
        }
        if let Some(expires) = self.expires {
            let end = SystemClock.now().plus(expires).to_rfc3339().to_string();
            entry.insert("expires".to_owned(), end.into());
        }
        Ok(entry)
    }
}
