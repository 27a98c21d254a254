//! Passwords that no request can present.

use super::{HTPASSWD_FILE, ListedSettings};
use crate::config::routes::RouteSettings;
use crate::config::{TokenSettings, tokens};
use crate::config_reader::{Invalid, Reader, Reported};

/// Reports passwords that no source reads, and a source that reads passwords where there are none.
pub(in crate::config) fn refuse_unread_passwords(
    reader: &mut Reader,
    listed: &ListedSettings,
    tokens: &TokenSettings,
    routes: Option<&RouteSettings>,
) -> Result<(), Reported> {
    let of_routes = routes.is_some_and(|routes| {
        let mut routes = routes.table.iter();
        routes.any(|route| route.rules.sources.read_passwords())
    });
    let are_read = of_routes || routes.is_none() && tokens.sources.read_passwords();
    let has_source = of_routes || tokens.sources.read_passwords();
    match &listed.passwords {
        None if has_source => {
            let invalid = Invalid::new("`basic` without passwords");
            let hint = "set $htpasswd_file, or leave out `basic`";
            Err(reader.refuse(&tokens::TOKEN_SOURCES, invalid.hint(hint)))
        }
        Some(_) if !are_read => {
            let hint = match routes {
                None => "add `basic` to $token_sources",
                Some(_) => "add `basic` to token_sources, and to `issuers` of a route",
            };
            let invalid = Invalid::new("no request is asked for these passwords");
            Err(reader.refuse(&HTPASSWD_FILE, invalid.hint(hint)))
        }
        _ => Ok(()),
    }
}
