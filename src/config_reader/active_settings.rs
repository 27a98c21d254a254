//! The active settings of a configuration, recorded while it is read, for `doorward config show`.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::{Content, Node};
use super::section::{InputValue, Section, SettingInput};
use super::setting::{self, Setting, Shape};
use crate::domain::{may_hold_secret, may_hold_token, shown_path};

/// A setting that was read: its value, and where it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveSetting {
    /// The path to the setting, such as `issuers[1].audience`.
    pub name: String,
    /// The value.
    pub value: ActiveValue,
    /// The variable, or file, line and column. `None` for a default.
    pub origin: Option<String>,
    /// `true` if the value differs from the default.
    pub is_changed: bool,
}

/// The value of a setting, without what must not be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum ActiveValue {
    /// The value that was given, or the default.
    Known(Value),
    /// A default that is no value, in the words of the reference.
    Described(&'static str),
    /// A secret, and the file that it was read from.
    Secret(Option<String>),
    /// A value that is not shown, and the reason.
    Hidden(&'static str),
}

/// The settings of a configuration while it is read.
#[derive(Debug, Default)]
pub(crate) struct ActiveSettings {
    read: Vec<ActiveSetting>,
    /// Mappings, whose members are settings of their own.
    containers: HashSet<String>,
}

impl ActiveSettings {
    /// Adds a setting as this section has it.
    pub(super) fn add(&mut self, setting: &Setting, section: &Section) {
        let inline = section.values.get(setting.name);
        let file = setting
            .secret
            .then(|| section.values.get(&setting.file_name()))
            .flatten();
        let given = inline.or(file);
        let value = match (inline, file) {
            (None, Some(file)) => ActiveValue::Secret(Some(file_text(file))),
            (Some(_), _) if setting.secret => ActiveValue::Secret(None),
            (Some(given), _) => given_value(setting, given),
            (None, None) => default_value(setting),
        };
        let is_changed = given.is_some() && value != default_value(setting);
        self.read.push(ActiveSetting {
            name: section.place.path_of(setting.name),
            value,
            origin: given.map(|given| given.place.line()),
            is_changed,
        });
    }

    /// Leaves a setting out whose members are settings of their own.
    pub(super) fn leave_out(&mut self, setting: &Setting, section: &Section) {
        self.containers.insert(section.place.path_of(setting.name));
    }

    /// Returns each setting once, as it was read last.
    pub(super) fn into_settings(self) -> Vec<ActiveSetting> {
        let mut positions: HashMap<String, usize> = HashMap::new();
        let mut settings: Vec<ActiveSetting> = Vec::new();
        for setting in self.read {
            if self.containers.contains(&setting.name) {
                continue;
            }
            let known = positions.get(&setting.name).copied();
            if let Some(earlier) = known.and_then(|position| settings.get_mut(position)) {
                *earlier = setting;
            } else {
                positions.insert(setting.name.clone(), settings.len());
                settings.push(setting);
            }
        }
        settings
    }
}

/// Returns the path of a secret's file. A text that looks like no path may be the secret itself.
fn file_text(file: &SettingInput) -> String {
    file_path(file)
        .unwrap_or("a file that looks like no path")
        .to_owned()
}

fn default_value(setting: &Setting) -> ActiveValue {
    match setting.default {
        setting::Default::Value(text) => {
            let value = setting.shape.value(text);
            ActiveValue::Known(value.unwrap_or_else(|| text.into()))
        }
        setting::Default::Described(text) => ActiveValue::Described(text),
        setting::Default::Required => ActiveValue::Described("missing"),
    }
}

fn given_value(setting: &Setting, given: &SettingInput) -> ActiveValue {
    let is_mapping = matches!(
        setting.shape,
        Shape::Section(_) | Shape::FilledSection(_) | Shape::Sections(_)
    );
    let value = match &given.value {
        // Its members are recorded one by one, if they could be read; some may be secrets.
        InputValue::Node(_) if is_mapping => return ActiveValue::Hidden("a mapping"),
        // A key may be given with its private part, by mistake.
        _ if setting.shape == Shape::KeySet => return ActiveValue::Hidden("a key set"),
        // Written where a single value belongs, it may have any setting in it, secrets too.
        InputValue::Node(node) if !is_free_form(&setting.shape) && holds_mapping(node) => {
            return ActiveValue::Hidden("a mapping in the place of a value");
        }
        // The contents of a file may have been given in the place of its path.
        _ if setting.name.ends_with("_file") && file_path(given).is_none() => {
            return ActiveValue::Hidden("it looks like no path");
        }
        InputValue::Variable(text) => {
            let value = setting.shape.value(text);
            value.unwrap_or_else(|| text.as_str().into())
        }
        InputValue::Node(node) => node_value(node, &setting.shape),
    };
    if may_show(setting, &value) {
        ActiveValue::Known(value)
    } else {
        ActiveValue::Hidden("it may have a secret in it")
    }
}

/// Returns a value of the file in the type that the setting has in the environment too.
fn node_value(node: &Node, shape: &Shape) -> Value {
    match (&node.content, shape) {
        (Content::Scalar(scalar), Shape::Text | Shape::Duration | Shape::Word(_)) => {
            scalar.text.as_str().into()
        }
        (Content::Scalar(_), Shape::List(element)) => Value::Array(vec![node_value(node, element)]),
        (Content::List(nodes), Shape::List(element)) => {
            nodes.iter().map(|node| node_value(node, element)).collect()
        }
        _ => node.to_json(),
    }
}

/// Returns `true` if a value of this shape is a mapping with any members.
const fn is_free_form(shape: &Shape) -> bool {
    matches!(shape, Shape::Mapping | Shape::Denials)
}

fn holds_mapping(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(_) => false,
        Content::List(nodes) => nodes.iter().any(holds_mapping),
        Content::Map(_) => true,
    }
}

fn file_path(given: &SettingInput) -> Option<&str> {
    given.text().and_then(|text| shown_path(text.as_ref()))
}

/// Returns `true` if no text of the value looks like a token, or like a URL with credentials or a
/// query.
fn may_show(setting: &Setting, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let is_url = is_of_a_server(setting) || looks_like_url(text);
            !(may_hold_token(text) || is_url && may_hold_secret(text))
        }
        Value::Array(values) => values.iter().all(|value| may_show(setting, value)),
        Value::Object(members) => members.values().all(|value| may_show(setting, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Returns `true` if the setting is a URL or a part of one.
fn is_of_a_server(setting: &Setting) -> bool {
    ["_url", "_endpoint", "_domain"]
        .iter()
        .any(|end| setting.name.ends_with(end))
        || ["issuer", "resource_metadata"].contains(&setting.name)
}

/// Returns `true` if a reader of URLs may take the text for one: `https:host` is one as well.
fn looks_like_url(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    text.contains("://") || text.starts_with("http:") || text.starts_with("https:")
}
