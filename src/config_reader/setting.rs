//! The declaration of a setting. The reader, `config reference`, `config schema` and the
//! documentation all use it.

use serde_json::Value;

/// A setting that operators can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The name in a file. The environment variable is `DOORWARD_` and this name in capitals.
    pub(crate) name: &'static str,
    /// The default, as it would be written.
    pub(crate) default: Default,
    /// The shape of the value in a file.
    pub(crate) shape: Shape,
    /// The description in the reference.
    pub(crate) help: &'static str,
    /// `true` if the value must never be shown. It may then also be given as a file, by the name
    /// with `_file` at the end.
    pub(crate) secret: bool,
}

/// The value of a setting that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// This value.
    Value(&'static str),
    /// No value, or one that this description explains.
    Described(&'static str),
    /// None: the setting must be given.
    Required,
}

impl Setting {
    /// Declares a setting with a default.
    pub(crate) const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Value(default),
            shape: Shape::Text,
            help,
            secret: false,
        }
    }

    /// Declares a setting without a default value; `otherwise` describes what applies if it is not
    /// given.
    pub(crate) const fn optional(
        name: &'static str,
        otherwise: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            default: Default::Described(otherwise),
            shape: Shape::Text,
            help,
            secret: false,
        }
    }

    /// Declares a setting that must be given.
    pub(crate) const fn required(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Required,
            shape: Shape::Text,
            help,
            secret: false,
        }
    }

    /// Declares an optional setting whose value must never be shown.
    pub(crate) const fn secret(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Described("–"),
            shape: Shape::Text,
            help,
            secret: true,
        }
    }

    /// Sets the shape of the value; without this it is a text.
    pub(crate) const fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// Returns the name by which a secret is given as a file.
    pub(crate) fn file_name(&self) -> String {
        format!("{}_file", self.name)
    }

    /// Returns the default as it would be written, or an empty text if there is none.
    pub(crate) const fn default_text(&self) -> &'static str {
        match self.default {
            Default::Value(text) => text,
            Default::Described(_) | Default::Required => "",
        }
    }
}

/// Returns `true` if one of these settings, or of the sections inside them, has this name.
pub(crate) fn is_among(sections: &[&[Setting]], name: &str) -> bool {
    sections
        .iter()
        .copied()
        .flatten()
        .any(|setting| match setting.shape {
            _ if setting.name == name || setting.secret && setting.file_name() == name => true,
            Shape::Section(own) | Shape::FilledSection(own) | Shape::Sections(own) => {
                is_among(own, name)
            }
            _ => false,
        })
}

/// Returns the other name of a secret: the one of its file for the secret itself, and the reverse.
pub(crate) fn other_form(sections: &[&[Setting]], name: &str) -> Option<String> {
    let mut secrets = sections
        .iter()
        .copied()
        .flatten()
        .filter(|setting| setting.secret);
    secrets.find_map(|secret| match name {
        _ if name == secret.name => Some(secret.file_name()),
        _ if name == secret.file_name() => Some(secret.name.to_owned()),
        _ => None,
    })
}

/// Returns every name by which these settings can be given, including those with `_file`.
pub(crate) fn names(sections: &[&[Setting]]) -> Vec<String> {
    let all = sections.iter().flat_map(|section| section.iter());
    all.flat_map(|setting| {
        std::iter::once(setting.name.to_owned()).chain(setting.secret.then(|| setting.file_name()))
    })
    .collect()
}

/// The shape of a setting's value in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text. What YAML reads as a number, such as `0660`, is a text too.
    Text,
    /// `true` or `false`.
    Boolean,
    /// `true` only.
    True,
    /// A whole number that is not negative.
    Number,
    /// A duration such as `5m`.
    Duration,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a signature algorithm.
    Algorithm,
    /// A reason code.
    Reason,
    /// A list of these, or a single one.
    List(&'static Shape),
    /// A string, a number or a boolean of a claim.
    ClaimValue,
    /// A list of claim values.
    ClaimValues,
    /// A mapping with these settings.
    Section(&'static [&'static [Setting]]),
    /// A mapping with at least one of these settings.
    FilledSection(&'static [&'static [Setting]]),
    /// A list of mappings with these settings.
    Sections(&'static [&'static [Setting]]),
    /// A mapping with any keys.
    Mapping,
    /// A key set, as a mapping or as JSON text.
    KeySet,
    /// Status and body by reason code, as a mapping or as JSON text.
    Denials,
}

impl Shape {
    /// Converts a text, as it would be written in the environment, to a JSON value of this shape.
    /// Returns `None` if the shape has no form there.
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
