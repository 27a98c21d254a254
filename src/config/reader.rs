//! Reading settings, and collecting whatever is wrong with them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use super::setting::{self, Default, Setting};
use super::value::{self, Invalid};
use super::{Problem, Problems};

const PREFIX: &str = "DOORWARD_";

/// A file that a setting names is read no further than this.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Something is wrong with a setting, and the reader has taken note of it.
///
/// It carries nothing: all problems are reported together at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// The values that were given, and what is wrong with them.
pub(super) struct Reader {
    values: BTreeMap<String, String>,
    problems: Problems,
}

impl Reader {
    pub(super) fn of_environment(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut problems = Problems::default();
        let readable = pairs.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                // Read without regard to case, it would quietly win over the one in capitals, or lose.
                problems.push(Problem::new(name, "unknown setting").with_hint("names are in capitals"));
                return None;
            }
            let Ok(value) = value.into_string() else {
                problems.push(
                    Problem::new(name, "not UTF-8")
                        .with_hint("a value is text; base64 or a file can carry other bytes"),
                );
                return None;
            };
            Some((name, value))
        });
        let given: Vec<_> = readable.filter(|(name, value)| !is_service_link(name, value)).collect();
        // Text into text cannot fail; envy's own errors would echo values.
        let values = envy::prefixed(PREFIX).from_iter(given).unwrap_or_default();
        let mut reader = Self { values, problems };
        reader.refuse_unknown_names();
        reader
    }

    /// The configuration, if nothing was wrong with any of it.
    pub(super) fn finish<T>(self, read: Result<T, Refused>) -> Result<T, Problems> {
        match read {
            Ok(read) if self.problems.is_empty() => Ok(read),
            _ => Err(self.problems),
        }
    }

    /// A setting that has a default.
    pub(super) fn read<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T, Refused> {
        let default = match setting.default {
            Default::Value(default) => default,
            Default::Described(_) => "",
        };
        let text = self.text_of(setting)?.unwrap_or_else(|| default.to_owned());
        self.parse(setting, &text, parse)
    }

    /// A setting that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Refused> {
        self.text_of(setting)?.map(|text| self.parse(setting, &text, parse)).transpose()
    }

    /// Whether a setting was given at all, itself or as a file.
    pub(super) fn is_given(&self, setting: &Setting) -> bool {
        self.values.contains_key(setting.name) || setting.secret && self.values.contains_key(&file_name(setting))
    }

    /// Notes that something is wrong with a setting.
    pub(super) fn refuse(&mut self, setting: &Setting, invalid: Invalid) -> Refused {
        let by_file = setting.secret && !self.values.contains_key(setting.name) && self.is_given(setting);
        let name = if by_file { file_name(setting) } else { setting.name.to_owned() };
        let problem = Problem::new(place(&name), invalid.message);
        self.problems.push(match invalid.hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
        Refused
    }

    /// The bytes of a file that a setting names.
    pub(super) fn file(&mut self, setting: &Setting, path: &Path) -> Result<Vec<u8>, Refused> {
        read_file(path).map_err(|invalid| self.refuse(setting, invalid))
    }

    fn parse<T>(
        &mut self,
        setting: &Setting,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<T, Refused> {
        parse(text).map_err(|invalid| self.refuse(setting, shown(setting, text, invalid)))
    }

    /// What was given, from the file if it is a secret in a file.
    fn text_of(&mut self, setting: &Setting) -> Result<Option<String>, Refused> {
        let inline = self.values.get(setting.name).cloned();
        let file = setting.secret.then(|| self.values.get(&file_name(setting)).cloned()).flatten();
        match (inline, file) {
            (Some(_), Some(_)) => {
                let hint = format!("keep one of {} and {}", place(setting.name), place(&file_name(setting)));
                Err(self.refuse(setting, Invalid::new("given twice").hint(hint)))
            }
            (None, Some(path)) => self.secret_file(setting, &path).map(Some),
            (inline, None) => Ok(inline),
        }
    }

    fn secret_file(&mut self, setting: &Setting, path: &str) -> Result<String, Refused> {
        let name = file_name(setting);
        let secret = value::text(path).and_then(|path| read_file(Path::new(&path))).and_then(|bytes| {
            let mut text = String::from_utf8(bytes).map_err(|_| Invalid::new("the file is not UTF-8"))?;
            // Editors and `echo` end a file with a line end that is no part of the secret: one, not more.
            if text.ends_with('\n') {
                text.truncate(text.len() - 1 - usize::from(text.ends_with("\r\n")));
            }
            Ok(text)
        });
        secret.map_err(|invalid| {
            self.problems.push(Problem::new(place(&name), invalid.message));
            Refused
        })
    }

    fn refuse_unknown_names(&mut self) {
        let known: Vec<String> = setting::names().collect();
        for name in self.values.keys().filter(|name| !known.contains(name)) {
            let problem = Problem::new(place(name), "unknown setting");
            let nearest = known.iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
            // More than a third of the letters changed is no slip of the finger.
            let near = (name.len() / 3).clamp(1, 4);
            self.problems.push(match nearest {
                Some((distance, nearest)) if distance <= near => {
                    problem.with_hint(format!("did you mean {}?", place(nearest)))
                }
                _ => problem.with_hint("`doorward config reference` lists all settings"),
            });
        }
    }
}

fn place(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase())
}

fn file_name(setting: &Setting) -> String {
    format!("{}_file", setting.name)
}

/// Shows the value that was not understood, unless it is a secret; a URL may have one in it.
fn shown(setting: &Setting, text: &str, invalid: Invalid) -> Invalid {
    let is_bare = matches!(invalid.message.as_str(), "not understood" | "out of range");
    if setting.secret || text.contains('@') || !is_bare {
        return invalid;
    }
    let start: String = text.chars().take(60).collect();
    Invalid { message: format!("{start:?} is {}", invalid.message), ..invalid }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Invalid> {
    let shown = path.display();
    let failed = |error: std::io::Error| Invalid::new(format!("cannot read {shown}: {error}"));
    // A pipe could keep us waiting for ever, and a device has no end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Invalid::new(format!("cannot read {shown}: not a regular file")));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Invalid::new(format!("{shown} has more than 1 MiB")));
    }
    Ok(bytes)
}

/// Names that Kubernetes puts into every container beside a service called `doorward`.
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

/// `8080_TCP`, `8080_TCP_ADDR`, `8080_UDP_PORT` and the like.
fn is_port(rest: &str) -> bool {
    let mut parts = rest.splitn(3, '_');
    let number = parts.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    number
        && matches!(parts.next(), Some("TCP" | "UDP"))
        && matches!(parts.next(), None | Some("ADDR" | "PORT" | "PROTO"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_service_links_are_passed_over() {
        for (name, value) in [
            ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
            ("DOORWARD_SERVICE_PORT", "8080"),
            ("DOORWARD_SERVICE_PORT_HTTP", "8080"),
            ("DOORWARD_PORT", "tcp://10.0.0.1:8080"),
            ("DOORWARD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("DOORWARD_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("DOORWARD_ADMIN_PORT_8081_TCP_PROTO", "tcp"),
        ] {
            assert!(is_service_link(name, value), "{name}");
        }
        for (name, value) in [("DOORWARD_PORT", "8080"), ("DOORWARD_PORT_HTTP", "x"), ("DOORWARD_LISTEN", "http://x")] {
            assert!(!is_service_link(name, value), "{name}");
        }
    }
}
