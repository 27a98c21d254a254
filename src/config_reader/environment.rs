//! Settings in environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::location::{Location, PREFIX};
use super::problem::Problem;
use super::section::{InputValue, Section, SettingInput};
use super::setting::Setting;

/// Reads the variables whose names begin with `DOORWARD_`. Also returns a problem for each one that
/// cannot be read.
pub(crate) fn read(
    pairs: impl IntoIterator<Item = (OsString, OsString)>,
) -> (Section, Vec<Problem>) {
    let mut problems = Vec::new();
    let readable = pairs.into_iter().filter_map(|(name, value)| {
        let name = name
            .into_string()
            .ok()
            .filter(|name| name.starts_with(PREFIX))?;
        if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            // If the case were ignored, it would silently override the variable in capitals, or be
            // overridden by it.
            problems.push(Problem::new(
                name,
                "unknown setting",
                "names are in capitals",
            ));
            return None;
        }
        let Ok(value) = value.into_string() else {
            problems.push(Problem::new(
                name,
                "not UTF-8",
                "a value is text; base64 or a file can carry other bytes",
            ));
            return None;
        };
        Some((name, value))
    });
    let given: Vec<_> = readable
        .filter(|(name, value)| !is_service_link(name, value))
        .collect();
    // A conversion from text to text cannot fail, and the errors of envy would echo values.
    let values: BTreeMap<String, String> =
        envy::prefixed(PREFIX).from_iter(given).unwrap_or_default();
    let values = values.into_iter().map(|(name, text)| {
        let place = Location::ENVIRONMENT.member(&name);
        (
            name,
            SettingInput {
                value: InputValue::Variable(text),
                place,
            },
        )
    });
    (
        Section {
            values: values.collect(),
            place: Location::ENVIRONMENT,
        },
        problems,
    )
}

/// Adds the values of variables without the prefix `DOORWARD_`. A setting that is already given
/// wins, and an empty variable is ignored.
pub(crate) fn add_aliases(
    section: &mut Section,
    pairs: &[(OsString, OsString)],
    aliases: &[(&str, Setting)],
) {
    for (variable, setting) in aliases {
        let value = pairs
            .iter()
            .find(|(name, _)| name == variable)
            .and_then(|(_, value)| value.to_str());
        if let Some(text) = value.filter(|text| !text.is_empty()) {
            let place = Location::Environment {
                variable: (*variable).to_owned(),
            };
            let given = SettingInput {
                value: InputValue::Variable(text.to_owned()),
                place,
            };
            section
                .values
                .entry(setting.name.to_owned())
                .or_insert(given);
        }
    }
}

/// Returns `true` for the variables that Kubernetes sets in every container next to a service
/// called `doorward`.
fn is_service_link(name: &str, value: &str) -> bool {
    let port_of = |name: &str| name.rsplit_once("_PORT_").map(|(_, rest)| rest.to_owned());
    name.ends_with("SERVICE_HOST")
        || name.ends_with("SERVICE_PORT")
        || name.contains("SERVICE_PORT_")
        || name.ends_with("PORT") && value.contains("://")
        || port_of(name)
            .or_else(|| name.strip_prefix("DOORWARD_PORT_").map(str::to_owned))
            .is_some_and(|rest| is_port(&rest))
}

/// Returns `true` for the ends of such names: `8080_TCP`, `8080_TCP_ADDR`, `8080_UDP_PORT`,
/// `8080_SCTP_PROTO` and the like.
fn is_port(rest: &str) -> bool {
    let mut parts = rest.splitn(3, '_');
    let number = parts
        .next()
        .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    number
        && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
        && matches!(parts.next(), None | Some("ADDR" | "PORT" | "PROTO"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_service_links_are_ignored() {
        for (name, value) in [
            ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
            ("DOORWARD_SERVICE_PORT", "8080"),
            ("DOORWARD_SERVICE_PORT_HTTP", "8080"),
            ("DOORWARD_PORT", "tcp://10.0.0.1:8080"),
            ("DOORWARD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("DOORWARD_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("DOORWARD_ADMIN_PORT_8081_TCP_PROTO", "tcp"),
            ("DOORWARD_PORT_9_SCTP", "sctp://10.0.0.1:9"),
            ("DOORWARD_PORT_9_SCTP_PORT", "9"),
        ] {
            assert!(is_service_link(name, value), "{name}");
        }
        for (name, value) in [
            ("DOORWARD_PORT", "8080"),
            ("DOORWARD_PORT_HTTP", "x"),
            ("DOORWARD_LISTEN", "http://x"),
        ] {
            assert!(!is_service_link(name, value), "{name}");
        }
    }
}
