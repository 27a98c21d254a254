//! The values that were given for the settings of a section, and their locations.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{self, Content, Key, MAX_BYTES, Node};
use super::files::FilesInUse;
use super::location::Location;
use super::problem::{Problem, Problems};
use super::setting::Setting;
use super::value::{self, Invalid};
use crate::domain::shown_path;
use crate::jose::Json;

/// The values that were given for the settings of a section, by name.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) values: BTreeMap<String, SettingInput>,
    /// The location of the section, from which the location of a missing setting follows.
    pub(crate) place: Location,
}

/// A value that was given, and its location.
#[derive(Debug, Clone)]
pub(crate) struct SettingInput {
    pub(crate) value: InputValue,
    pub(crate) place: Location,
}

/// A value that was given.
#[derive(Debug, Clone)]
pub(crate) enum InputValue {
    /// The text of an environment variable; the elements of a list are separated by commas.
    Variable(String),
    /// A node of the file.
    Node(Node),
}

/// A member of an object, and its location.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) place: Location,
}

impl Section {
    /// Reads and parses a file. Messages show only names of `known` settings: any other name could
    /// be a secret on a line of its own.
    pub(crate) fn of_file(
        path: &Path,
        files: &mut FilesInUse,
        known: &[&[Setting]],
    ) -> Result<Self, Problems> {
        let name: Arc<str> = path.display().to_string().into();
        let bytes = files
            .read(path, MAX_BYTES)
            .map_err(|invalid| unreadable(path, invalid))?;
        let root = document::text(&bytes)
            .and_then(|text| Node::parse(text, known))
            .map_err(|invalid| Problem::of_document(&name, invalid))?;
        let place = Location::File {
            file: name,
            position: root.position,
            path: String::new(),
        };
        match root.content {
            Content::Map(entries) => Ok(Self::of_map(entries, place)),
            // An empty file may be one that is just being written. To accept it would remove all
            // rules for a moment.
            Content::Scalar(scalar) if scalar.text.is_empty() => {
                let hint = "write name: value, or leave the file out";
                Err(Problem::new(place.to_string(), "is empty", hint).into())
            }
            _ => {
                let hint = "write name: value, with a blank after the colon";
                Err(Problem::new(place.to_string(), "not a mapping of settings", hint).into())
            }
        }
    }

    /// Reads a mapping of the file.
    pub(crate) fn of_map(entries: Vec<(Key, Node)>, place: Location) -> Self {
        let given = entries.into_iter().map(|(key, node)| {
            let place = place.member(&key.name).at(key.position);
            (
                key.name,
                SettingInput {
                    value: InputValue::Node(node),
                    place,
                },
            )
        });
        Self {
            values: given.collect(),
            place,
        }
    }

    /// Returns the location of this setting, or the one that it would have if it were given.
    pub(crate) fn place_of(&self, name: &str) -> Location {
        self.values
            .get(name)
            .map_or_else(|| self.place.member(name), |given| given.place.clone())
    }
}

impl SettingInput {
    /// Splits a list into its elements, each with its location. Returns `None` if it is no list.
    pub(crate) fn into_elements(self) -> Option<Vec<SettingInput>> {
        let place = self.place;
        let node = match self.value {
            InputValue::Variable(text) => return Some(variable_elements(&text, &place)),
            InputValue::Node(node) => node,
        };
        match node.content {
            Content::List(nodes) => {
                let element = |(index, node): (usize, Node)| {
                    let place = place.element(index).at(node.position);
                    SettingInput {
                        value: InputValue::Node(node),
                        place,
                    }
                };
                Some(nodes.into_iter().enumerate().map(element).collect())
            }
            // A single value is a list of one. A value with a comma is refused, because it looks
            // like a list of the environment.
            Content::Scalar(ref scalar) if !scalar.text.contains(',') => Some(vec![SettingInput {
                value: InputValue::Node(node),
                place,
            }]),
            Content::Scalar(_) | Content::Map(_) => None,
        }
    }

    /// Splits an object into its members, each with its location. Fails if it is no JSON object.
    pub(crate) fn into_members(self, example: &str) -> Result<Vec<Member>, (Location, Invalid)> {
        let place = self.place;
        let text = match self.value {
            InputValue::Node(Node {
                content: Content::Map(entries),
                ..
            }) => {
                let member = |(key, node): (Key, Node)| {
                    let place = place.clone().at(key.position);
                    Member {
                        name: key.name,
                        value: node.to_json(),
                        place,
                    }
                };
                return Ok(entries.into_iter().map(member).collect());
            }
            InputValue::Node(Node {
                content: Content::Scalar(scalar),
                ..
            }) => scalar.text,
            InputValue::Node(node) => node.to_json().to_string(),
            InputValue::Variable(text) => text,
        };
        let object = value::text(&text).and_then(|text| {
            let object: Result<Map<String, Value>, _> = serde_json::from_str(&text);
            let object = object.map_err(|error| {
                Invalid::new(format!("not a JSON object: {error}")).hint(example)
            })?;
            // JSON readers differ on which of two members with the same name counts.
            if !Json::is_strict_object(&text) {
                return Err(
                    Invalid::new("a member stands twice, or too deep").hint("keep one of them")
                );
            }
            Ok(object)
        });
        let members = object.map_err(|invalid| (place.clone(), invalid))?;
        Ok(members
            .into_iter()
            .map(|(name, value)| Member {
                name,
                value,
                place: place.clone(),
            })
            .collect())
    }

    /// Returns `true` if there is a name without a value, or with `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, InputValue::Node(Node { content: Content::Scalar(scalar), .. }) if scalar.is_null())
    }

    /// Returns the text of a single value, or `None` for a list, a mapping or null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            InputValue::Variable(text) => Some(text),
            InputValue::Node(Node {
                content: Content::Scalar(scalar),
                ..
            }) if !scalar.is_null() => Some(&scalar.text),
            InputValue::Node(_) => None,
        }
    }
}

/// The problem of a file that cannot be read. Its path is shown once, and only if it looks like one.
fn unreadable(path: &Path, invalid: Invalid) -> Problems {
    let Invalid { message, hint } = invalid;
    let shown = shown_path(path);
    let place = shown.unwrap_or("the configuration file");
    let own = message.strip_prefix(place).map(str::trim_start);
    let why = match (own, message.split_once(": ")) {
        (Some(own), _) => own.to_owned(),
        (None, Some((_, why))) => format!("cannot be read: {why}"),
        (None, None) => message.clone(),
    };
    Problem::new(place, why, hint).into()
}

fn variable_elements(text: &str, place: &Location) -> Vec<SettingInput> {
    let elements = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    elements
        .map(|part| SettingInput {
            value: InputValue::Variable(part.to_owned()),
            place: place.clone(),
        })
        .collect()
}
