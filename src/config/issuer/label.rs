//! The label of an issuer in logs, metrics and routes.

use url::Url;

use crate::config::listed::names::RESERVED;
use crate::config_reader::{Invalid, Setting, value};

pub(super) const NAME: Setting = Setting::optional(
    "name",
    "host of the issuer",
    "Name of the issuer in logs, metrics and routes.",
);

pub(super) const RESERVED_HINT: &str =
    "choose another: `api-keys` and `basic` are the lists in $api_keys_file and $htpasswd_file";

/// The label of decisions without an issuer.
const NO_ISSUER: &str = "none";

/// Parses a label.
pub(super) fn label(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    if text == NO_ISSUER {
        return Err(
            Invalid::new("in metrics it stands for tokens of no known issuer")
                .hint("choose another name"),
        );
    }
    if RESERVED.contains(&&*text) {
        return Err(Invalid::new(format!("{text:?} is reserved")).hint(RESERVED_HINT));
    }
    let plain = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(text)
    } else {
        Err(Invalid::expected(
            "write at most 64 visible ASCII characters without blanks",
        ))
    }
}

/// Returns the label of an issuer that was given none: the host of its `iss`.
pub(super) fn default_label(issuer: Option<&str>) -> String {
    let host = issuer.and_then(|issuer| Url::parse(issuer).ok()?.host_str().map(str::to_owned));
    let name = host.or_else(|| issuer.and_then(|issuer| label(issuer).ok()));
    name.filter(|name| name != NO_ISSUER && !RESERVED.contains(&&**name))
        .unwrap_or_else(|| "default".to_owned())
}
