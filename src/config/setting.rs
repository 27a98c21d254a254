//! A setting, declared once: reading, `config reference` and the documentation all go by this.

use super::{answers, claim_headers, issuer, logging, proxy, routes, server, tokens};

/// A setting as operators know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name in a file; in the environment it is `DOORWARD_` and this in capitals.
    pub(super) name: &'static str,
    /// What holds where nobody says anything, as one would write it.
    pub(super) default: Default,
    /// One sentence for the reference.
    pub(super) help: &'static str,
    /// Whether its value must never be shown; it can then also be given as a file, by the name with `_file` behind it.
    pub(super) secret: bool,
}

/// What holds where nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// This value.
    Value(&'static str),
    /// Nothing, or something that the description tells.
    Described(&'static str),
}

impl Setting {
    pub(super) const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, default: Default::Value(default), help, secret: false }
    }

    pub(super) const fn optional(name: &'static str, otherwise: &'static str, help: &'static str) -> Self {
        Self { name, default: Default::Described(otherwise), help, secret: false }
    }

    pub(super) const fn secret(name: &'static str, help: &'static str) -> Self {
        Self { name, default: Default::Described("–"), help, secret: true }
    }

    /// The name by which a secret is given as a file.
    pub(super) fn file_name(&self) -> String {
        format!("{}_file", self.name)
    }

    /// The default, as one would write it.
    pub(super) const fn default_text(&self) -> &'static str {
        match self.default {
            Default::Value(text) => text,
            Default::Described(_) => "",
        }
    }
}

/// The settings of the service, section by section.
pub(super) const SERVICE: &[&[Setting]] = &[
    server::SETTINGS,
    proxy::SETTINGS,
    tokens::SETTINGS,
    claim_headers::SETTINGS,
    answers::SETTINGS,
    logging::SETTINGS,
    &[issuer::ISSUERS, routes::ROUTES],
];

/// Every name by which these settings can be given, the `_file` ones too.
pub(super) fn names(sections: &[&[Setting]]) -> Vec<String> {
    let all = sections.iter().flat_map(|section| section.iter());
    all.flat_map(|setting| std::iter::once(setting.name.to_owned()).chain(setting.secret.then(|| setting.file_name())))
        .collect()
}
