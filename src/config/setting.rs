//! A setting, declared once: reading, `config reference` and the documentation all go by this.

use super::{answers, claim_headers, fetch, issuer, key_source, logging, proxy, refresh, server, tokens};

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
}

/// The settings of the service, section by section.
pub(super) const SERVICE: &[&[Setting]] = &[
    server::SETTINGS,
    proxy::SETTINGS,
    tokens::SETTINGS,
    claim_headers::SETTINGS,
    answers::SETTINGS,
    logging::SETTINGS,
];

/// The settings of an issuer.
pub(super) const ISSUER: &[&[Setting]] = &[issuer::SETTINGS, key_source::SETTINGS, fetch::SETTINGS, refresh::SETTINGS];

/// Every name that can be given, with the `_file` ones.
pub(super) fn names() -> impl Iterator<Item = String> {
    let all = SERVICE.iter().chain(ISSUER).flat_map(|section| section.iter());
    all.flat_map(|setting| {
        let file = setting.secret.then(|| format!("{}_file", setting.name));
        std::iter::once(setting.name.to_owned()).chain(file)
    })
}
