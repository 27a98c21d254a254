//! Reads settings, and collects every problem with them.

mod given;
mod lists;
pub(crate) mod named_file;
mod refusals;
mod sections;
mod structured;

use std::collections::BTreeSet;

use super::active_settings::{ActiveSetting, ActiveSettings};
use super::files::{Files, FilesInUse};
use super::problem::{Problems, Reported};
use super::section::{Section, SettingInput};
use super::setting::Setting;
use super::value::Invalid;
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
    /// The names of all variables. Libraries read some of them by themselves.
    variables: BTreeSet<String>,
    /// `true` if no problem shows a value or an unknown name.
    hides_values: bool,
}

impl Reader {
    pub(crate) fn new(section: Section, files: FilesInUse) -> Self {
        Self {
            section,
            files,
            problems: Problems::default(),
            active: None,
            variables: BTreeSet::new(),
            hides_values: false,
        }
    }

    /// Hides values and unknown names in problems: any of them may be a secret in the wrong place.
    pub(crate) fn hiding_values(self) -> Self {
        Self {
            hides_values: true,
            ..self
        }
    }

    /// Notes the names of all variables of the environment.
    pub(crate) fn note_variables(&mut self, names: impl IntoIterator<Item = String>) {
        self.variables.extend(names);
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

    /// Parses the text that was given for a setting, or for one of its elements.
    fn parse<T>(
        &mut self,
        setting: &Setting,
        given: &SettingInput,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T, Reported> {
        let parsed = single(given).and_then(|text| {
            let is_hidden = self.may_not_show(setting, text);
            parse(text).map_err(|invalid| {
                if is_hidden {
                    invalid
                } else {
                    shown(text, invalid)
                }
            })
        });
        parsed.map_err(|invalid| self.refuse_at(&given.place, invalid))
    }

    /// Returns `true` if a problem may not show this value: a secret, or a value that may contain
    /// one.
    fn may_not_show(&self, setting: &Setting, text: &str) -> bool {
        self.hides_values || setting.secret || may_hold_secret(text)
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

/// Adds the value to a message that does not say what was not understood.
fn shown(text: &str, invalid: Invalid) -> Invalid {
    let is_bare = matches!(invalid.message.as_str(), "not understood" | "out of range");
    if !is_bare {
        return invalid;
    }
    let start: String = text.chars().take(60).collect();
    Invalid {
        message: format!("{start:?} is {}", invalid.message),
        ..invalid
    }
}
