//! JSON Schemas of what operators write, for editors.

use serde_json::{Map, Value, json};

use super::setting::{Default, SERVICE, Setting};
use super::shape::Shape;
use crate::config::issuer;

/// The JSON Schema (draft 2020-12) of the configuration file.
///
/// It is made of the list that the reader goes by, and knows each setting and its type. What two
/// settings have to do with each other, and whether a file or a URL is any good, is left to
/// `doorward check`.
pub fn schema() -> String {
    document(
        "Configuration of doorward",
        &[SERVICE, issuer::SECTIONS].concat(),
    )
}

/// The JSON Schema of a file with these settings.
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

/// A mapping with these settings and no others.
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

/// The setting itself and, if it is a secret, the name of a file with it.
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
            "A file with `{}`; one line end at the end of it is cut off.",
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
