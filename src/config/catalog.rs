//! All settings, listed once: the reader, `config reference` and `config schema` go by this.

use super::{claim_headers, denials, issuer, logging, proxy, routes, server, tokens, traces};
use crate::config::server::{admin, tls};
use crate::config_reader::{Setting, schema as json_schema};

/// The settings of the service, section by section.
pub(crate) const SERVICE: &[&[Setting]] = &[
    server::SETTINGS,
    admin::SETTINGS,
    tls::SETTINGS,
    proxy::SETTINGS,
    tokens::SETTINGS,
    claim_headers::SETTINGS,
    denials::SETTINGS,
    logging::SETTINGS,
    traces::SETTINGS,
    &[issuer::ISSUERS, routes::ROUTES],
];

/// Every setting that may stand at the top of the file: those of the service, and those of an only
/// issuer.
pub(crate) fn settings() -> Vec<&'static [Setting]> {
    [SERVICE, issuer::SECTIONS].concat()
}

/// The JSON Schema (draft 2020-12) of the configuration file.
///
/// It is made of the list that the reader goes by, and knows each setting and its type. What two
/// settings have to do with each other, and whether a file or a URL is any good, is left to
/// `doorward check`.
pub fn schema() -> String {
    json_schema::document("Configuration of doorward", &settings())
}
