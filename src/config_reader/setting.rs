//! A setting, declared once: reading, `config reference`, `config schema` and the documentation all
//! go by this.

use serde_json::Value;

/// A setting as operators know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its name in a file; in the environment it is `DOORWARD_` and this in capitals.
    pub(crate) name: &'static str,
    /// What holds where nobody says anything, as one would write it.
    pub(crate) default: Default,
    /// What its value looks like in a file.
    pub(crate) shape: Shape,
    /// One sentence for the reference.
    pub(crate) help: &'static str,
    /// Whether its value must never be shown; it can then also be given as a file, by the name with
    /// `_file` behind it.
    pub(crate) secret: bool,
}

/// What holds where nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// This value.
    Value(&'static str),
    /// Nothing, or something that the description tells.
    Described(&'static str),
    /// It has to be given.
    Required,
}

impl Setting {
    pub(crate) const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Value(default),
            shape: Shape::Text,
            help,
            secret: false,
        }
    }

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

    pub(crate) const fn required(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Required,
            shape: Shape::Text,
            help,
            secret: false,
        }
    }

    pub(crate) const fn secret(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            default: Default::Described("–"),
            shape: Shape::Text,
            help,
            secret: true,
        }
    }

    /// The same setting with values of this shape; without this they are texts.
    pub(crate) const fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The name by which a secret is given as a file.
    pub(crate) fn file_name(&self) -> String {
        format!("{}_file", self.name)
    }

    /// The default, as one would write it.
    pub(crate) const fn default_text(&self) -> &'static str {
        match self.default {
            Default::Value(text) => text,
            Default::Described(_) | Default::Required => "",
        }
    }
}

/// Whether one of these settings, or one of a section below them, has this name.
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

/// The other name by which a secret can be given: as itself, or as a file.
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

/// Every name by which these settings can be given, the `_file` ones too.
pub(crate) fn names(sections: &[&[Setting]]) -> Vec<String> {
    let all = sections.iter().flat_map(|section| section.iter());
    all.flat_map(|setting| {
        std::iter::once(setting.name.to_owned()).chain(setting.secret.then(|| setting.file_name()))
    })
    .collect()
}

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
