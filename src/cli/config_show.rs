//! `doorward config show`.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};

use super::exit::{Failure, print};
use super::output::{FAINT, OutputFormat, STRONG, print_styled, styled};
use crate::config::Source;
use crate::config_reader::{ActiveSetting, ActiveValue};
use crate::domain::{visible_json, visible_text};

#[derive(Args)]
pub(super) struct Show {
    /// Show only settings that differ from their default
    #[arg(long)]
    changed: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    output: OutputFormat,
}

impl Show {
    /// Prints what was read, even where something is wrong with it; the problems then follow.
    pub(super) fn run(self, source: &Source) -> Result<(), Failure> {
        let (mut settings, problems) = source.active_settings()?;
        settings.retain(|setting| setting.is_changed || !self.changed);
        match self.output {
            OutputFormat::Text => print_styled(&table(&settings))?,
            OutputFormat::Json => {
                let settings: Vec<_> = settings.iter().map(as_json).collect();
                print(&visible_json(&format!("{:#}\n", Value::from(settings))))?;
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.into())
        }
    }
}

/// Longer cells move the rest of their line to the right, and not that of all lines.
const MAX_WIDTH: usize = 40;

fn table(settings: &[ActiveSetting]) -> String {
    let head = ["setting", "value", "from"].map(str::to_owned);
    let rows = settings.iter().map(|setting| {
        let origin = setting.origin.as_deref().unwrap_or("default");
        // The name of the file may be any text too.
        let [name, origin] = [&setting.name, origin].map(|text| visible_text(text).into_owned());
        [name, shown(setting), origin]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |cell: fn(&[String; 3]) -> &String| {
        let widths = rows.iter().map(|row| cell(row).chars().count());
        widths
            .filter(|width| *width <= MAX_WIDTH)
            .max()
            .unwrap_or(0)
    };
    let (names, values) = (width(|[name, ..]| name), width(|[_, value, _]| value));
    let mut text = String::new();
    for (number, [name, value, origin]) in rows.iter().enumerate() {
        let line = format!("{name:names$}  {value:values$}  {origin}");
        let is_default = number > 0 && origin == "default";
        let line = match number {
            0 => styled(STRONG, line),
            _ if is_default => styled(FAINT, line),
            _ => line,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A value on one line, as one would write it in the environment where that has a form for it.
fn shown(setting: &ActiveSetting) -> String {
    let text = match &setting.value {
        ActiveValue::Known(value) => plain(value),
        ActiveValue::Described(text) => format!("({})", text.replace('`', "")),
        ActiveValue::Secret(Some(file)) => format!("(secret, from {file})"),
        ActiveValue::Secret(None) => "(secret)".to_owned(),
        ActiveValue::Hidden(why) => format!("(not shown: {why})"),
    };
    visible_text(&text).into_owned()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        value => value.to_string(),
    }
}

fn as_json(setting: &ActiveSetting) -> Value {
    let (value, more) = match &setting.value {
        ActiveValue::Known(value) => (value.clone(), json!({})),
        ActiveValue::Described(text) => (Value::Null, json!({ "default": text })),
        ActiveValue::Secret(file) => (Value::Null, json!({"secret": true, "file": file})),
        ActiveValue::Hidden(why) => (Value::Null, json!({ "hidden": why })),
    };
    let mut members = json!({
        "setting": setting.name,
        "value": value,
        "given": setting.origin.is_some(),
        "from": setting.origin,
    });
    if let (Value::Object(members), Value::Object(more)) = (&mut members, more) {
        members.extend(more);
    }
    members
}
