//! Records the problems of settings.

use super::Reader;
use crate::config_reader::location::{Location, PREFIX};
use crate::config_reader::problem::{Problem, Reported};
use crate::config_reader::section::SettingInput;
use crate::config_reader::setting;
use crate::config_reader::setting::Setting;
use crate::config_reader::value::Invalid;
use crate::domain::may_hold_secret;

/// A section with more settings than this does not list them all in the hint for an unknown name.
const MAX_NAMED: usize = 12;

impl Reader {
    /// Records a problem with a setting.
    pub(crate) fn refuse(&mut self, setting: &Setting, invalid: Invalid) -> Reported {
        let by_file = setting.secret
            && !self.section.values.contains_key(setting.name)
            && self.is_given(setting);
        let name = if by_file {
            setting.file_name()
        } else {
            setting.name.to_owned()
        };
        let place = self.section.place_of(&name);
        self.refuse_at(&place, invalid)
    }

    /// Records a problem at a location.
    pub(crate) fn refuse_at(&mut self, place: &Location, invalid: Invalid) -> Reported {
        let (message, hint) = (place.spell(&invalid.message), place.spell(&invalid.hint));
        let problem = Problem::new(place.to_string(), message, hint);
        self.problems.push(problem.in_order(place.position()));
        Reported
    }

    /// Records problems with elements of a list, by their positions. Fails if there is any.
    pub(crate) fn refuse_elements(
        &mut self,
        setting: &Setting,
        wrong: impl IntoIterator<Item = (usize, Invalid)>,
    ) -> Result<(), Reported> {
        let mut wrong = wrong.into_iter().peekable();
        if wrong.peek().is_none() {
            return Ok(());
        }
        let elements = self
            .section
            .values
            .get(setting.name)
            .cloned()
            .and_then(SettingInput::into_elements)
            .unwrap_or_default();
        for (index, invalid) in wrong {
            let place = elements.get(index).map(|element| element.place.clone());
            let place = place.unwrap_or_else(|| self.section.place_of(setting.name));
            self.refuse_at(&place, invalid);
        }
        Err(Reported)
    }

    /// Reports a list that is written as JSON, whose brackets and quotes would be part of its items.
    pub(super) fn refuse_json_list(
        &mut self,
        setting: &Setting,
        items: &[SettingInput],
    ) -> Result<(), Reported> {
        let is_json = |item: &&SettingInput| item.text().is_some_and(begins_like_json);
        let Some(item) = items.iter().find(is_json) else {
            return Ok(());
        };
        let text = item.text().unwrap_or_default().trim();
        let shown = if setting.secret || may_hold_secret(text) {
            "an item".to_owned()
        } else {
            format!("{:?}", text.chars().take(60).collect::<String>())
        };
        let invalid = Invalid::new(format!("{shown} begins like JSON"))
            .hint("write items without brackets and quotes: a, b in a variable, [a, b] in a file");
        let place = item.place.clone();
        Err(self.refuse_at(&place, invalid))
    }

    /// Adds problems that were found elsewhere.
    pub(crate) fn add_problems(&mut self, problems: impl IntoIterator<Item = Problem>) {
        problems
            .into_iter()
            .for_each(|problem| self.problems.push(problem));
    }

    /// Records every name that is not the name of one of these settings, with the most similar
    /// known name as a hint.
    pub(crate) fn refuse_unknown_names(&mut self, settings: &[&[Setting]]) {
        let known = setting::names(settings);
        let unknown: Vec<_> = self
            .section
            .values
            .iter()
            .filter(|(name, _)| !known.contains(name))
            .map(|(name, given)| (name.clone(), given.place.clone()))
            .collect();
        for (name, place) in unknown {
            let nearest = known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(&name, known), known))
                .min();
            // A name with more than a third of its letters changed is no typing error.
            let near = (name.len() / 3).clamp(1, 4);
            let in_file = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase);
            let hint = match nearest {
                _ if in_file.as_ref().is_some_and(|own| known.contains(own)) => {
                    format!("in a file it is called {}", in_file.unwrap_or_default())
                }
                Some((distance, nearest)) if distance <= near => {
                    format!("did you mean ${nearest}?")
                }
                _ if known.len() <= MAX_NAMED => format!("there is {}", known.join(", ")),
                _ => "`doorward config reference` lists all settings".to_owned(),
            };
            self.refuse_at(&place, Invalid::new("unknown setting").hint(hint));
        }
    }

    /// Records a problem with every one of these settings that was given, because it has no meaning
    /// here.
    pub(crate) fn refuse_given(
        &mut self,
        settings: &[Setting],
        invalid: &Invalid,
    ) -> Result<(), Reported> {
        let given: Vec<_> = settings
            .iter()
            .filter(|setting| self.is_given(setting))
            .collect();
        let refused: Vec<_> = given
            .into_iter()
            .map(|setting| self.refuse(setting, invalid.clone()))
            .collect();
        refused.first().map_or(Ok(()), |refused| Err(*refused))
    }
}

/// Returns whether an item begins as JSON does. A path to a claim may begin with a quoted segment,
/// and an address with an IPv6 literal in brackets.
fn begins_like_json(item: &str) -> bool {
    let item = item.trim();
    let is_address = |rest: &str| {
        rest.split_once(']').is_some_and(|(literal, _)| {
            let address = literal.split('%').next().unwrap_or_default();
            address.parse::<std::net::Ipv6Addr>().is_ok()
        })
    };
    match (item.strip_prefix('['), item.strip_prefix('"')) {
        (Some(rest), _) => !is_address(rest),
        // The end of a list. An item that is in quotes altogether is refused with a hint of its own.
        (_, Some(rest)) => rest.ends_with([']', '}']),
        _ => item.starts_with('{'),
    }
}
