//! Lists.

use super::Reader;
use crate::config_reader::problem::Reported;
use crate::config_reader::section::SettingInput;
use crate::config_reader::setting::Setting;
use crate::config_reader::value::Invalid;

impl Reader {
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

    /// Returns the elements of a list that was given. A list must have at least one.
    pub(super) fn elements(
        &mut self,
        setting: &Setting,
    ) -> Result<Option<Vec<SettingInput>>, Reported> {
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
}
