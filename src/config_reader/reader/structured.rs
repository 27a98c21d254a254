//! Values that are more than one text: JSON, nodes of the file, members of an object.

use serde_json::Value;

use super::{Reader, only_in_a_file};
use crate::config_reader::document::Node;
use crate::config_reader::problem::Reported;
use crate::config_reader::section::InputValue;
use crate::config_reader::setting::Setting;
use crate::config_reader::value::{self, Invalid};

impl Reader {
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
}
