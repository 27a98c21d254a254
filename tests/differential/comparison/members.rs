//! The members of a JSON object as they are written: twice, escaped, malformed, in any order.

use fastrand::Rng;

/// Names and values as they are written; names are without their quotes.
#[derive(Default)]
pub struct Members(Vec<(String, String)>);

impl Members {
    /// Writes a member, in place of all of its name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.add(name, value);
    }

    /// Writes a member beside those of its name.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Writes the member again, beside the first.
    pub fn repeat(&mut self, name: &str, value: impl Into<String>) {
        assert!(self.get(name).is_some(), "{name} does not stand once");
        self.add(name, value);
    }

    /// Writes the name of a member otherwise.
    pub fn rename(&mut self, name: &str, written: impl Into<String>) {
        let member = self.0.iter_mut().find(|(own, _)| own == name);
        member.unwrap_or_else(|| panic!("there is no {name}")).0 = written.into();
    }

    /// The object, its members in any order, with or without white space.
    pub fn written(mut self, rng: &mut Rng) -> String {
        rng.shuffle(&mut self.0);
        let spaced = rng.u8(..4) == 0;
        let mut blank = || {
            if spaced {
                [" ", "", "\n", "\t", "\r\n  "][rng.usize(..5)]
            } else {
                ""
            }
        };
        let members = self.0.iter().map(|(name, value)| {
            format!(
                "{}\"{name}\"{}:{}{value}{}",
                blank(),
                blank(),
                blank(),
                blank()
            )
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text with one of its characters as an escape, without quotes.
pub fn escaped(text: &str, rng: &mut Rng) -> String {
    let position = rng.usize(..text.chars().count());
    let write = |(index, character): (usize, char)| {
        if index == position {
            format!("\\u{:04x}", u32::from(character))
        } else {
            character.to_string()
        }
    };
    text.chars().enumerate().map(write).collect()
}
