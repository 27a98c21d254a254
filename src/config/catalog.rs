//! The list of all settings. The reader, `config reference` and `config schema` use this one list.

use super::{
    claim_headers, denials, dependencies, directory, failure_limit, issuer, logging, proxy, routes,
    server, tokens, traces,
};
use crate::config::server::{admin, tls};
use crate::config_reader::{Setting, schema as json_schema};

/// The settings of the service, section by section.
pub(crate) const SERVICE: &[&[Setting]] = &[
    server::SETTINGS,
    admin::SETTINGS,
    tls::SETTINGS,
    proxy::SETTINGS,
    failure_limit::SETTINGS,
    tokens::SETTINGS,
    directory::SETTINGS,
    claim_headers::SETTINGS,
    denials::SETTINGS,
    logging::SETTINGS,
    dependencies::SETTINGS,
    traces::SETTINGS,
    &[issuer::ISSUERS, routes::ROUTES],
];

/// Returns every setting that is allowed at the top of the file: the settings of the service, and
/// those of an issuer if there is only one.
pub(crate) fn settings() -> Vec<&'static [Setting]> {
    [SERVICE, issuer::SECTIONS].concat()
}

/// Returns the JSON Schema (draft 2020-12) of the configuration file.
///
/// It is generated from the list of settings that the reader uses, and knows each setting and its
/// type. Rules that involve several settings, and whether a file or a URL can be used, are left to
/// `doorward check`.
pub fn schema() -> String {
    json_schema::document("Configuration of doorward", &settings())
}
