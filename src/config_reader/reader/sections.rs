//! Mappings of the file that are sections of their own.

use super::{Reader, only_in_a_file};
use crate::config_reader::document::Content;
use crate::config_reader::problem::Reported;
use crate::config_reader::section::{InputValue, Section, SettingInput};
use crate::config_reader::setting::{Setting, Shape};
use crate::config_reader::value::Invalid;

impl Reader {
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
}
