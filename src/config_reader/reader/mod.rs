//! Reads settings, and collects every problem with them.

pub(crate) mod named_file;
mod refusals;

use serde_json::Value;

use super::active_settings::{ActiveSetting, ActiveSettings};
use super::document::{Content, Node};
use super::files::{Files, FilesInUse};
use super::location::Location;
use super::problem::{Problems, Reported};
use super::section::{InputValue, Section, SettingInput};
use super::setting::{Setting, Shape};
use super::value::{self, Invalid};
use crate::domain::may_hold_secret;

/// The values that were given for the settings of a section, and the problems found so far.
///
/// A method that fails with [`Reported`] has already recorded the problem.
pub(crate) struct Reader {
    section: Section,
    files: FilesInUse,
    problems: Problems,
    /// The settings that were read, if they are recorded.
    active: Option<ActiveSettings>,
}

impl Reader {
    pub(crate) fn new(section: Section, files: FilesInUse) -> Self {
        Self {
            section,
            files,
            problems: Problems::default(),
            active: None,
        }
    }

    /// Records from now on every setting that is read.
    pub(crate) fn record(&mut self) {
        self.active = Some(ActiveSettings::default());
    }

    /// Takes the settings that were recorded.
    pub(crate) fn take_recorded(&mut self) -> Vec<ActiveSetting> {
        self.active.take().unwrap_or_default().into_settings()
    }

    /// Takes the files that were read. It is called when everything has been read.
    pub(crate) fn take_files(&mut self) -> Files {
        std::mem::take(&mut self.files).into_used()
    }

    /// Ends the reading. Returns the configuration, or all problems in order if there is any.
    pub(crate) fn finish<T>(self, read: Result<T, Reported>) -> Result<T, Problems> {
        match read {
            Ok(read) if self.problems.is_empty() => Ok(read),
            _ => Err(self.problems.sorted()),
        }
    }

    /// Reads a setting that has a default.
    pub(crate) fn read<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T, Reported> {
        match self.optional(setting, &parse)? {
            Some(found) => Ok(found),
            None => parse(setting.default_text()).map_err(|invalid| self.refuse(setting, invalid)),
        }
    }

    /// Reads a setting that may be missing.
    pub(crate) fn optional<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        self.parse(setting, &given, parse).map(Some)
    }

    /// Reads a setting that must be given. `hint` is for an operator who has not set it.
    pub(crate) fn required<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, Invalid>,
        hint: &str,
    ) -> Result<T, Reported> {
        let found = self.optional(setting, parse)?;
        found.ok_or_else(|| self.refuse(setting, Invalid::new("missing").hint(hint)))
    }

    /// Reads a list that has a default.
    pub(crate) fn list<T>(
        &mut self,
        setting: &Setting,
        element: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Reported> {
        if let Some(found) = self.optional_list(setting, &element)? {
            return Ok(found);
        }
        let elements = setting
            .default_text()
            .split(',')
            .map(|text| element(text.trim()));
        elements
            .collect::<Result<_, _>>()
            .map_err(|invalid| self.refuse(setting, invalid))
    }

    /// Reads a list that may be missing. A list that is given must have at least one element.
    pub(crate) fn optional_list<T>(
        &mut self,
        setting: &Setting,
        element: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<Vec<T>>, Reported> {
        let Some(elements) = self.elements(setting)? else {
            return Ok(None);
        };
        self.refuse_json_list(setting, &elements)?;
        // Every element is parsed before the first error is returned, so that every problem is
        // reported.
        let found: Vec<_> = elements
            .iter()
            .map(|given| self.parse(setting, given, &element))
            .collect();
        found.into_iter().collect::<Result<_, _>>().map(Some)
    }

    /// Reads a list of mappings of the file, each as a section of its own, in which unknown names
    /// are reported. A section inherits the settings in `inherited` from the section around it,
    /// unless it sets them itself.
    pub(crate) fn sections<T>(
        &mut self,
        setting: &Setting,
        inherited: &[Setting],
        read: impl Fn(&mut Self, usize) -> Result<T, Reported>,
    ) -> Result<Option<Vec<T>>, Reported> {
        let Some(elements) = self.elements(setting)? else {
            return Ok(None);
        };
        let found: Vec<_> = elements
            .into_iter()
            .enumerate()
            .map(|(index, given)| self.section(setting, given, inherited, |own| read(own, index)))
            .collect();
        found.into_iter().collect::<Result<_, _>>().map(Some)
    }

    /// Reads a mapping of the file as a section of its own, in which unknown names are reported.
    pub(crate) fn mapping<T>(
        &mut self,
        setting: &Setting,
        read: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<Option<T>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        self.section(setting, given, &[], read).map(Some)
    }

    /// Reads a value of the file with its type; in the environment it is a text.
    pub(crate) fn value<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        let value = match &given.value {
            InputValue::Node(node) => node.to_json(),
            InputValue::Variable(text) => Value::String(text.clone()),
        };
        parse(&value)
            .map(Some)
            .map_err(|invalid| self.refuse_at(&given.place, invalid))
    }

    /// Reads a node of the file, for values whose exact text matters.
    pub(crate) fn node<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&Node) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        let InputValue::Node(node) = &given.value else {
            return Err(self.refuse_at(&given.place, only_in_a_file()));
        };
        parse(node)
            .map(Some)
            .map_err(|invalid| self.refuse_at(&given.place, invalid))
    }

    /// Reads a setting that is a JSON document: JSON text, or in the file also a mapping.
    pub(crate) fn json(&mut self, setting: &Setting) -> Result<Option<String>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        match (&given.value, given.text()) {
            (InputValue::Node(node), None) => Ok(Some(node.to_json().to_string())),
            _ => self.parse(setting, &given, value::text).map(Some),
        }
    }

    /// Reads the members of an object: JSON text, or in the file also a mapping, in which each
    /// member has a location of its own.
    pub(crate) fn members<T>(
        &mut self,
        setting: &Setting,
        example: &str,
        read: impl Fn(&str, Value) -> Result<T, Invalid>,
    ) -> Result<Option<Vec<T>>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        let members = given
            .into_members(example)
            .map_err(|(place, invalid)| self.refuse_at(&place, invalid))?;
        // Every member is parsed before the first error is returned, so that every problem is
        // reported.
        let found: Vec<_> = members
            .into_iter()
            .map(|own| {
                read(&own.name, own.value).map_err(|invalid| self.refuse_at(&own.place, invalid))
            })
            .collect();
        found.into_iter().collect::<Result<_, _>>().map(Some)
    }

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

    fn section<T>(
        &mut self,
        setting: &Setting,
        given: SettingInput,
        inherited: &[Setting],
        read: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        let InputValue::Node(node) = given.value else {
            return Err(self.refuse_at(&given.place, only_in_a_file()));
        };
        let Content::Map(entries) = node.content else {
            return Err(self.refuse_at(
                &given.place,
                Invalid::new("not a mapping").hint("write name: value"),
            ));
        };
        if entries.is_empty() && matches!(setting.shape, Shape::FilledSection(_)) {
            // An operator who writes this section expects that it requires something.
            let invalid = Invalid::new("an empty mapping")
                .hint("write what it is to ask for, or leave it out");
            return Err(self.refuse_at(&given.place, invalid));
        }
        if let Some(active) = &mut self.active {
            active.leave_out(setting, &self.section);
        }
        let mut section = Section::of_map(entries, given.place);
        for name in inherited.iter().map(|setting| setting.name) {
            if let Some(outer) = self.section.values.get(name) {
                section
                    .values
                    .entry(name.to_owned())
                    .or_insert_with(|| outer.clone());
            }
        }
        let outer = std::mem::replace(&mut self.section, section);
        if let Shape::Section(known) | Shape::FilledSection(known) | Shape::Sections(known) =
            setting.shape
        {
            self.refuse_unknown_names(known);
        }
        let found = read(self);
        self.section = outer;
        found
    }

    fn elements(&mut self, setting: &Setting) -> Result<Option<Vec<SettingInput>>, Reported> {
        let Some(given) = self.given(setting)? else {
            return Ok(None);
        };
        let place = given.place.clone();
        match given.into_elements() {
            Some(elements) if elements.is_empty() => Err(self.refuse_at(
                &place,
                Invalid::new("an empty list").hint("give at least one"),
            )),
            Some(elements) => Ok(Some(elements)),
            None => Err(self.refuse_at(
                &place,
                Invalid::new("not a list").hint("write [a, b], or a line with - for each"),
            )),
        }
    }

    fn parse<T>(
        &mut self,
        setting: &Setting,
        given: &SettingInput,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T, Reported> {
        let parsed = single(given)
            .and_then(|text| parse(text).map_err(|invalid| shown(setting, text, invalid)));
        parsed.map_err(|invalid| self.refuse_at(&given.place, invalid))
    }

    /// Returns the value that was given; for a secret in a file, the contents of the file.
    fn given(&mut self, setting: &Setting) -> Result<Option<SettingInput>, Reported> {
        if let Some(active) = &mut self.active {
            active.add(setting, &self.section);
        }
        let inline = self.section.values.get(setting.name).cloned();
        let file = setting
            .secret
            .then(|| self.section.values.get(&setting.file_name()).cloned())
            .flatten();
        match (inline, file) {
            (Some(_), Some(_)) => {
                let hint = format!("keep one of ${} and ${}", setting.name, setting.file_name());
                Err(self.refuse(setting, Invalid::new("given twice").hint(hint)))
            }
            (None, Some(file)) => self.secret_file(&file).map(Some),
            // A template that produces no value does not mean the text `null`. For a rule, to read
            // it as "not given" would allow more than intended.
            (Some(null), None) if null.is_null() => Err(self.refuse_at(&null.place, no_value())),
            (inline, None) => Ok(inline),
        }
    }
}

fn single(given: &SettingInput) -> Result<&str, Invalid> {
    given.text().ok_or_else(|| {
        if given.is_null() {
            no_value()
        } else {
            Invalid::new("a list or a mapping, where one value is expected")
                .hint("write one value, without brackets, braces and dashes")
        }
    })
}

fn only_in_a_file() -> Invalid {
    Invalid::new("has no form in the environment")
        .hint("write it to a YAML file, and name that by --config or DOORWARD_CONFIG")
}

fn no_value() -> Invalid {
    Invalid::new("no value")
        .hint("write one, or leave the name out; the text is \"null\", in quotes")
}

/// Adds the value to a message that does not say what was not understood. A secret, or a value that
/// may contain one, is never shown.
fn shown(setting: &Setting, text: &str, invalid: Invalid) -> Invalid {
    let is_bare = matches!(invalid.message.as_str(), "not understood" | "out of range");
    if setting.secret || may_hold_secret(text) || !is_bare {
        return invalid;
    }
    let start: String = text.chars().take(60).collect();
    Invalid {
        message: format!("{start:?} is {}", invalid.message),
        ..invalid
    }
}
