//! What was given for the settings that are being read, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{Content, Key, MAX_BYTES, Node, Position};
use super::files::FilesInUse;
use super::problem::{Problem, Problems};
use super::value::{self, Invalid};
use crate::jose::Json;

pub(crate) const PREFIX: &str = "DOORWARD_";

/// The values of some settings, by their names.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) values: BTreeMap<String, Given>,
    /// Where a setting stands that was not given.
    pub(crate) place: Place,
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) value: GivenValue,
    pub(crate) place: Place,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum GivenValue {
    /// The text of an environment variable; a list is separated by commas.
    Variable(String),
    /// A node of the file.
    Node(Node),
}

/// A member of an object, and where it stands.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// Where something stands.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In the environment.
    Environment {
        /// The variable; empty for all of it.
        variable: String,
    },
    /// In the file.
    File {
        file: Arc<str>,
        position: Position,
        /// The way to it, such as `issuers[1].audience`; empty for all of it.
        path: String,
    },
}

impl Section {
    /// The settings of this file.
    pub(crate) fn of_file(path: &Path, files: &mut FilesInUse) -> Result<Self, Problems> {
        let name: Arc<str> = path.display().to_string().into();
        let refused = |place: String, message: String| Problems::from(Problem::new(place, message));
        let bytes = files
            .read(path, MAX_BYTES)
            .map_err(|invalid| refused(name.to_string(), invalid.message))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| refused(name.to_string(), "not UTF-8".to_owned()))?;
        let root = Node::parse(&text)
            .map_err(|invalid| refused(format!("{name}:{}", invalid.position), invalid.message))?;
        let place = Place::File {
            file: name,
            position: root.position,
            path: String::new(),
        };
        match root.content {
            Content::Map(entries) => Ok(Self::of_map(entries, place)),
            // Nothing but comments: the first moment of a file that is written over, which would
            // take all rules away.
            Content::Scalar(scalar) if scalar.text.is_empty() => {
                let hint = "write name: value, or leave the file out";
                Err(Problem::new(place.to_string(), "is empty")
                    .with_hint(hint)
                    .into())
            }
            _ => Err(refused(
                place.to_string(),
                "not a mapping of settings".to_owned(),
            )),
        }
    }

    /// The settings of a mapping of the file.
    pub(crate) fn of_map(entries: Vec<(Key, Node)>, place: Place) -> Self {
        let given = entries.into_iter().map(|(key, node)| {
            let place = place.member(&key.name).at(key.position);
            (
                key.name,
                Given {
                    value: GivenValue::Node(node),
                    place,
                },
            )
        });
        Self {
            values: given.collect(),
            place,
        }
    }

    /// Where this setting stands, or would stand.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        self.values
            .get(name)
            .map_or_else(|| self.place.member(name), |given| given.place.clone())
    }
}

impl Given {
    /// The elements of a list, each with its place; nothing if it is no list.
    pub(crate) fn into_elements(self) -> Option<Vec<Given>> {
        let place = self.place;
        let node = match self.value {
            GivenValue::Variable(text) => return Some(variable_elements(&text, &place)),
            GivenValue::Node(node) => node,
        };
        match node.content {
            Content::List(nodes) => {
                let element = |(index, node): (usize, Node)| {
                    let place = place.element(index).at(node.position);
                    Given {
                        value: GivenValue::Node(node),
                        place,
                    }
                };
                Some(nodes.into_iter().enumerate().map(element).collect())
            }
            // One is a list of one; but what looks like the environment's way of writing lists is
            // none.
            Content::Scalar(ref scalar) if !scalar.text.contains(',') => Some(vec![Given {
                value: GivenValue::Node(node),
                place,
            }]),
            Content::Scalar(_) | Content::Map(_) => None,
        }
    }

    /// The members of an object, each with its place; what is wrong, if it is none.
    pub(crate) fn into_members(self, example: &str) -> Result<Vec<Member>, (Place, Invalid)> {
        let place = self.place;
        let text = match self.value {
            GivenValue::Node(Node {
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
            GivenValue::Node(Node {
                content: Content::Scalar(scalar),
                ..
            }) => scalar.text,
            GivenValue::Node(node) => node.to_json().to_string(),
            GivenValue::Variable(text) => text,
        };
        let object = value::text(&text).and_then(|text| {
            let object: Result<Map<String, Value>, _> = serde_json::from_str(&text);
            let object = object.map_err(|error| {
                Invalid::new(format!("not a JSON object: {error}")).hint(example)
            })?;
            // Readers differ on which of two of one name counts.
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

    /// Whether there is a name and nothing behind it, or `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, GivenValue::Node(Node { content: Content::Scalar(scalar), .. }) if scalar.is_null())
    }

    /// The text of a single value; nothing if it is a list, a mapping or null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            GivenValue::Variable(text) => Some(text),
            GivenValue::Node(Node {
                content: Content::Scalar(scalar),
                ..
            }) if !scalar.is_null() => Some(&scalar.text),
            GivenValue::Node(_) => None,
        }
    }
}

fn variable_elements(text: &str, place: &Place) -> Vec<Given> {
    let elements = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    elements
        .map(|part| Given {
            value: GivenValue::Variable(part.to_owned()),
            place: place.clone(),
        })
        .collect()
}

impl Place {
    /// Everything in the environment.
    pub(crate) const ENVIRONMENT: Self = Self::Environment {
        variable: String::new(),
    };

    pub(crate) fn member(&self, name: &str) -> Self {
        match self {
            Self::Environment { .. } => Self::Environment {
                variable: format!("{PREFIX}{}", name.to_ascii_uppercase()),
            },
            Self::File {
                file,
                position,
                path,
            } => {
                let path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                Self::File {
                    file: file.clone(),
                    position: *position,
                    path,
                }
            }
        }
    }

    fn element(&self, index: usize) -> Self {
        match self {
            Self::Environment { .. } => self.clone(),
            Self::File {
                file,
                position,
                path,
            } => Self::File {
                file: file.clone(),
                position: *position,
                path: format!("{path}[{index}]"),
            },
        }
    }

    fn at(self, position: Position) -> Self {
        match self {
            Self::Environment { .. } => self,
            Self::File { file, path, .. } => Self::File {
                file,
                position,
                path,
            },
        }
    }

    /// File, line and column.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Environment { variable } => variable.clone(),
            Self::File { file, position, .. } => format!("{file}:{position}"),
        }
    }

    pub(crate) fn is_in_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Line and column, if it is in the file.
    pub(crate) fn position(&self) -> Option<Position> {
        match self {
            Self::Environment { .. } => None,
            Self::File { position, .. } => Some(*position),
        }
    }

    /// A text in which `$setting` and `$setting=value` are written as one would write them there.
    pub(crate) fn spell(&self, text: &str) -> String {
        let mut parts = text.split('$');
        let mut spelled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_of_name = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
            let end = part
                .find(|letter| !is_of_name(letter))
                .unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            match (self, rest.strip_prefix('=')) {
                _ if name.is_empty() => spelled.extend(["$", rest]),
                (Self::Environment { .. }, _) => {
                    spelled.extend([PREFIX, &name.to_ascii_uppercase(), rest]);
                }
                (Self::File { .. }, Some(value)) => spelled.extend([name, ": ", value]),
                (Self::File { .. }, None) => spelled.extend([name, rest]),
            }
        }
        spelled
    }
}

/// As operators find it: `DOORWARD_AUDIENCE`, or `doorward.yaml:12:5: issuers[1].audience`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment { variable } => f.write_str(variable),
            Self::File {
                file,
                position,
                path,
            } if path.is_empty() => write!(f, "{file}:{position}"),
            Self::File {
                file,
                position,
                path,
            } => write!(f, "{file}:{position}: {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_hints_are_spelled_as_they_are_given() {
        let hint = "set $token_type=any, or $jwks_url (costs $ 5)";
        assert_eq!(
            Place::ENVIRONMENT.spell(hint),
            "set DOORWARD_TOKEN_TYPE=any, or DOORWARD_JWKS_URL (costs $ 5)"
        );
        let position = Node::parse("a: 1").unwrap().position;
        let file = Place::File {
            file: "doorward.yaml".into(),
            position,
            path: "issuers[1]".into(),
        };
        assert_eq!(
            file.spell(hint),
            "set token_type: any, or jwks_url (costs $ 5)"
        );
        assert_eq!(
            file.member("audience").to_string(),
            "doorward.yaml:1:1: issuers[1].audience"
        );
    }
}
