//! Values as they were given, with their places, before they are read.

use super::Reader;
use crate::config_reader::location::Location;
use crate::config_reader::section::{InputValue, SettingInput};
use crate::config_reader::setting::Setting;

impl Reader {
    /// Returns the location of the section.
    pub(crate) const fn place(&self) -> &Location {
        &self.section.place
    }

    /// Returns `true` if a setting was given, as itself or as a file.
    pub(crate) fn is_given(&self, setting: &Setting) -> bool {
        let given = |name: &str| self.section.values.contains_key(name);
        given(setting.name) || setting.secret && given(&setting.file_name())
    }

    /// Returns the name of a setting that was given, as it was given, for a problem elsewhere.
    pub(crate) fn mention(&self, setting: &Setting) -> String {
        let is_file = setting.secret && !self.section.values.contains_key(setting.name);
        let file = is_file.then(|| setting.file_name());
        self.section
            .place_of(file.as_deref().unwrap_or(setting.name))
            .mention()
    }

    /// Returns the text of a setting that was given by its own name, before it is parsed.
    pub(crate) fn text_of(&self, setting: &Setting) -> Option<&str> {
        let given = self.section.values.get(setting.name)?;
        given.text()
    }

    /// Returns `true` if a setting was given by its own name with an empty text.
    pub(crate) fn is_empty(&self, setting: &Setting) -> bool {
        let text = self
            .section
            .values
            .get(setting.name)
            .and_then(SettingInput::text);
        text.is_some_and(|text| text.trim().is_empty())
    }

    /// Returns `true` if a setting was given in the file, where the elements of a list may be
    /// mappings.
    pub(crate) fn is_in_file(&self, setting: &Setting) -> bool {
        self.section
            .values
            .get(setting.name)
            .is_some_and(|given| matches!(given.value, InputValue::Node(_)))
    }

    /// Sets a setting that was not given to this text. Problems with it are reported at the
    /// location of `origin`.
    pub(crate) fn fill(&mut self, setting: &Setting, text: impl Into<String>, origin: &Setting) {
        let given = SettingInput {
            value: InputValue::Variable(text.into()),
            place: self.section.place_of(origin.name),
        };
        self.section
            .values
            .entry(setting.name.to_owned())
            .or_insert(given);
    }
}
