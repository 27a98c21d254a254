//! JSON Schemas of configuration files, for editors.

use serde_json::{Map, Value, json};

use super::setting::{Default, Setting, Shape};
use crate::domain::Reason;
use crate::jose::Algorithm;

/// Returns the JSON Schema of a file with these settings.
pub(crate) fn document(title: &str, settings: &[&[Setting]]) -> String {
    let mut schema = section(settings);
    if let Some(members) = schema.as_object_mut() {
        members.insert(
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        members.insert("title".to_owned(), title.into());
    }
    format!("{schema:#}\n")
}

/// Returns the schema of a mapping with these settings and no others.
pub(crate) fn section(settings: &[&[Setting]]) -> Value {
    let all = || settings.iter().copied().flatten();
    let properties: Map<String, Value> = all().flat_map(properties).collect();
    let required: Vec<_> = all()
        .filter(|setting| setting.default == Default::Required)
        .map(|it| it.name)
        .collect();
    let mut schema =
        json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let (Some(members), false) = (schema.as_object_mut(), required.is_empty()) {
        members.insert("required".to_owned(), required.into());
    }
    schema
}

/// Returns the property of the setting and, for a secret, the property that names a file with it.
fn properties(setting: &Setting) -> Vec<(String, Value)> {
    let mut own = described(setting.shape.schema(), setting.help);
    if let (Some(members), Default::Value(text)) = (own.as_object_mut(), setting.default) {
        members.extend(
            setting
                .shape
                .value(text)
                .map(|value| ("default".to_owned(), value)),
        );
    }
    let file = setting.secret.then(|| {
        let help = format!(
            "File with the value of `{}`. One line end at its end is removed.",
            setting.name
        );
        (setting.file_name(), described(Shape::Text.schema(), &help))
    });
    std::iter::once((setting.name.to_owned(), own))
        .chain(file)
        .collect()
}

fn described(mut schema: Value, help: &str) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), help.into());
    }
    schema
}

impl Shape {
    /// Returns the JSON Schema of this shape.
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
            Self::Section(settings) => section(settings),
            Self::FilledSection(settings) => {
                let mut schema = section(settings);
                if let Some(members) = schema.as_object_mut() {
                    members.insert("minProperties".to_owned(), 1.into());
                }
                schema
            }
            Self::Sections(settings) => {
                json!({"type": "array", "minItems": 1, "items": section(settings)})
            }
            Self::Mapping => json!({"type": "object"}),
            Self::KeySet => {
                json!({"type": ["object", "string"], "properties": {"keys": {"type": "array"}}, "required": ["keys"]})
            }
            Self::Denials => denials(),
        }
    }
}

/// A pattern for numbers with units, as `humantime` reads them. It does not check which units
/// exist.
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
    let keys: Vec<_> = codes()
        .chain(["400", "401", "403", "429", "503", "*"])
        .collect();
    let status = json!({"type": "integer", "minimum": 400, "maximum": 599});
    let denial = json!({"type": "object", "properties": {"status": status, "body": {}}, "additionalProperties": false});
    json!({"type": ["object", "string"], "propertyNames": {"enum": keys}, "additionalProperties": denial})
}
