//! What the value of a setting looks like in a file.

use serde_json::{Value, json};

use super::schema;
use super::setting::Setting;
use crate::domain::Reason;
use crate::jose::Algorithm;

/// What the value of a setting looks like in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text; what YAML takes for a number is one too, such as `0660`.
    Text,
    /// `true` or `false`.
    Boolean,
    /// Nothing but `true`.
    True,
    /// A whole number, not negative.
    Number,
    /// A text such as `5m`.
    Duration,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a signature algorithm.
    Algorithm,
    /// A reason code.
    Reason,
    /// Several of these, or one by itself.
    List(&'static Shape),
    /// A text, a number or a truth value of a claim.
    ClaimValue,
    /// Several of those.
    ClaimValues,
    /// A mapping with these settings.
    Section(&'static [&'static [Setting]]),
    /// A mapping with at least one of these settings.
    FilledSection(&'static [&'static [Setting]]),
    /// Several mappings with these settings.
    Sections(&'static [&'static [Setting]]),
    /// A mapping with any names.
    Mapping,
    /// A key set, written out or as a JSON text.
    KeySet,
    /// Status and body by reason code, written out or as a JSON text.
    Denials,
}

impl Shape {
    /// As JSON Schema.
    pub(crate) fn schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": ["string", "number"]}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::True => json!({"const": true}),
            Self::Number => json!({"type": "integer", "minimum": 0}),
            Self::Duration => json!({"type": "string", "pattern": DURATION}),
            Self::Word(words) => json!({"enum": words}),
            Self::Algorithm => {
                let names = Algorithm::ALL.iter().map(|algorithm| algorithm.name());
                json!({"enum": names.chain([Algorithm::ED25519]).collect::<Vec<_>>()})
            }
            Self::Reason => json!({"enum": codes().collect::<Vec<_>>()}),
            Self::List(element) => list(&element.schema()),
            Self::ClaimValue => json!({"type": ["string", "number", "boolean"]}),
            Self::ClaimValues => {
                json!({"type": "array", "minItems": 1, "items": Self::ClaimValue.schema()})
            }
            Self::Section(settings) => schema::section(settings),
            Self::FilledSection(settings) => {
                let mut schema = schema::section(settings);
                if let Some(members) = schema.as_object_mut() {
                    members.insert("minProperties".to_owned(), 1.into());
                }
                schema
            }
            Self::Sections(settings) => {
                json!({"type": "array", "minItems": 1, "items": schema::section(settings)})
            }
            Self::Mapping => json!({"type": "object"}),
            Self::KeySet => {
                json!({"type": ["object", "string"], "properties": {"keys": {"type": "array"}}, "required": ["keys"]})
            }
            Self::Denials => denials(),
        }
    }

    /// A value of this shape as JSON, from how one would write it in the environment; nothing if it
    /// has no form there.
    pub(crate) fn value(&self, text: &str) -> Option<Value> {
        match self {
            Self::Boolean | Self::Number => serde_json::from_str(text).ok(),
            Self::List(element) => text
                .split(',')
                .map(|part| element.value(part.trim()))
                .collect(),
            Self::Text | Self::Duration | Self::Word(_) | Self::Algorithm => Some(text.into()),
            _ => None,
        }
    }
}

/// Numbers with units, as `humantime` reads them; which units there are is left to it.
const DURATION: &str = "^(0|[0-9]+(\\.[0-9]+)? *[a-zA-Zµ]+( *[0-9]+(\\.[0-9]+)? *[a-zA-Zµ]+)*)$";

fn list(element: &Value) -> Value {
    let mut single = element.clone();
    if let Some(members) = single.as_object_mut() {
        // With a comma it would look like the environment's way of writing lists.
        members.insert("pattern".to_owned(), "^[^,]*$".into());
    }
    json!({"anyOf": [single, {"type": "array", "minItems": 1, "items": element}]})
}

fn codes() -> impl Iterator<Item = &'static str> {
    Reason::ALL.iter().map(|reason| reason.code())
}

fn denials() -> Value {
    let keys: Vec<_> = codes().chain(["401", "403", "503", "*"]).collect();
    let status = json!({"type": "integer", "minimum": 400, "maximum": 599});
    let denial = json!({"type": "object", "properties": {"status": status, "body": {}}, "additionalProperties": false});
    json!({"type": ["object", "string"], "propertyNames": {"enum": keys}, "additionalProperties": denial})
}
