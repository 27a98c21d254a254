//! The location of a setting: an environment variable, or a line of the file.

use super::document::Position;
use std::fmt;
use std::sync::Arc;

pub(crate) const PREFIX: &str = "DOORWARD_";

/// The location of a setting or a section.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// In the environment.
    Environment {
        /// The name of the variable; empty for the environment as a whole.
        variable: String,
    },
    /// In the file.
    File {
        file: Arc<str>,
        position: Position,
        /// The path to it in the document, such as `issuers[1].audience`; empty for the whole file.
        path: String,
    },
}

impl Location {
    /// The environment as a whole.
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

    /// Returns the name of a setting here as a problem elsewhere writes it: the variable, or the name
    /// in the file and its place.
    pub(super) fn mention(&self) -> String {
        match self {
            Self::Environment { variable } => variable.clone(),
            Self::File { path, .. } => format!("{path} ({})", self.line()),
        }
    }

    /// Returns the path from the top of the configuration to a setting here, such as
    /// `issuers[1].audience`.
    pub(super) fn path_of(&self, name: &str) -> String {
        match self {
            Self::File { path, .. } if !path.is_empty() => format!("{path}.{name}"),
            _ => name.to_owned(),
        }
    }

    pub(super) fn element(&self, index: usize) -> Self {
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

    pub(super) fn at(self, position: Position) -> Self {
        match self {
            Self::Environment { .. } => self,
            Self::File { file, path, .. } => Self::File {
                file,
                position,
                path,
            },
        }
    }

    /// Returns file, line and column without the path, or the name of the variable.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Environment { variable } => variable.clone(),
            Self::File { file, position, .. } => format!("{file}:{position}"),
        }
    }

    pub(crate) fn is_in_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Returns line and column, if it is in the file.
    pub(crate) fn position(&self) -> Option<Position> {
        match self {
            Self::Environment { .. } => None,
            Self::File { position, .. } => Some(*position),
        }
    }

    /// Replaces `$setting` and `$setting=value` in a text by the spelling for this location:
    /// `DOORWARD_SETTING=value`, or `setting: value` in the file.
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
                // `$1` is a parameter of a query, and no setting.
                _ if !name.starts_with(|first: char| first.is_ascii_lowercase()) => {
                    spelled.extend(["$", part]);
                }
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

/// Displays it as `DOORWARD_AUDIENCE`, or as `doorward.yaml:12:5: issuers[1].audience`.
impl fmt::Display for Location {
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
    use crate::config_reader::document::Node;

    #[test]
    fn hints_spell_settings_for_their_location() {
        let hint = "set $token_type=any, or $jwks_url (costs $ 5)";
        assert_eq!(
            Location::ENVIRONMENT.spell(hint),
            "set DOORWARD_TOKEN_TYPE=any, or DOORWARD_JWKS_URL (costs $ 5)"
        );
        let position = Node::parse("a: 1", &[]).unwrap().position;
        let file = Location::File {
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
