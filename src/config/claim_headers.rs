//! The claims, and columns of the user's row, that are passed to the application as headers.

use std::collections::HashSet;

use super::directory::NO_DIRECTORY_HINT;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::ClaimPath;
use crate::policy::{ClaimEncoding, ClaimHeader, ClaimHeaders, HeaderOrigin};

const CLAIM_HEADERS: Setting = Setting::new(
    "claim_headers",
    "sub=X-Auth-Subject, iss=X-Auth-Issuer, client_id=X-Auth-Client-Id, scope=X-Auth-Scopes, email=X-Auth-Email",
    "Claims that are sent to the application as headers. A list of `CLAIM=Header`, split at the last `=`. A missing claim becomes an empty header. `client_id` reads `azp` if there is no `client_id`. `scope` also reads `scp`. With a preset, `roles` is the list of roles in the form of that provider. `$` is all claims. `user:COLUMN=Header` sends a column of the user's row (`directory_url`). The name of a claim that begins with `user:` must be in quotes.",
).shaped(Shape::Sections(&[ENTRY]));
const MAX_BYTES: Setting = Setting::new(
    "claim_headers_max_bytes",
    "3072",
    "Greatest size in bytes of all claim headers together: names, values and separators. More is `claim_headers_too_large`. By default nginx has 4 KiB for the head of a response.",
)
.shaped(Shape::Number);

pub(crate) const SETTINGS: &[Setting] = &[CLAIM_HEADERS, MAX_BYTES];

const CLAIM: Setting = Setting::optional(
    "claim",
    "–",
    "Path of the claim. `$` is all claims. An entry has either `claim` or `user`.",
);
const USER: Setting = Setting::optional(
    "user",
    "–",
    "Column of the user's row. For a column with JSON also the path of a part of it. `$` is all columns. The header is empty on a route with `directory: false`. Needs `directory_url`.",
);
const HEADER: Setting = Setting::required("header", "Name of the response header.");
const SEPARATOR: Setting = Setting::new(
    "separator",
    ",",
    "Character between the elements of an array. A space, or one punctuation mark other than `%`. The same character inside an element is percent-encoded.",
);
const ENCODING: Setting = Setting::new(
    "encoding",
    "percent",
    "`percent`: the text itself; characters that a header cannot have are percent-encoded. `base64url`: the base64url of the text in UTF-8, or of the JSON of any other value.",
).shaped(Shape::Word(&value::words(ENCODINGS)));

/// The settings of one entry of `claim_headers` in the file.
pub(super) const ENTRY: &[Setting] = &[CLAIM, USER, HEADER, SEPARATOR, ENCODING];

/// Header names that mean something to HTTP, to this service or to a browser. No claim may be
/// passed under one of them.
const RESERVED: &[&str] = &[
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "host",
    "keep-alive",
    "location",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-auth-denial",
    "x-auth-reason",
    "x-auth-websocket-protocol",
    "x-envoy-auth-headers-to-remove",
];

/// The prefix of headers that nginx obeys in the response to its `auth_request`: with such a header
/// it would serve another request than the one that was decided on.
const RESERVED_PREFIX: &str = "x-accel-";

/// Reads the headers. Those that are made of columns are refused if there is no directory.
pub(super) fn read(reader: &mut Reader, has_directory: bool) -> Result<ClaimHeaders, Reported> {
    let list = if reader.is_in_file(&CLAIM_HEADERS) {
        reader
            .sections(&CLAIM_HEADERS, &[], |entry, _| read_entry(entry))
            .map(Option::unwrap_or_default)
    } else {
        reader.list(&CLAIM_HEADERS, pair)
    };
    let max_bytes = reader.read(&MAX_BYTES, value::size(64, 64 * 1024));
    let list = list?;
    reader.refuse_elements(&CLAIM_HEADERS, repeated(&list))?;
    if !has_directory {
        reader.refuse_elements(&CLAIM_HEADERS, of_columns(&list))?;
    }
    Ok(ClaimHeaders::new(list, max_bytes?))
}

/// Returns the header names of the default of `claim_headers`.
pub fn default_claim_headers() -> Vec<String> {
    let pairs = CLAIM_HEADERS
        .default_text()
        .split(',')
        .filter_map(|text| pair(text.trim()).ok());
    pairs.map(|mapped| mapped.header).collect()
}

fn read_entry(reader: &mut Reader) -> Result<ClaimHeader, Reported> {
    let claim = reader.optional(&CLAIM, value::claim_path);
    let column = reader.optional(&USER, value::claim_path);
    let header = reader.required(
        &HEADER,
        header_name,
        "name a header, such as X-Auth-Subject",
    );
    let separator = reader.read(&SEPARATOR, separator);
    let encoding = reader.read(&ENCODING, value::one_of(ENCODINGS));
    let (origin, claim) = origin(reader, claim?, column?)?;
    Ok(ClaimHeader {
        origin,
        claim,
        header: header?,
        separator: separator?,
        encoding: encoding?,
    })
}

fn origin(
    reader: &mut Reader,
    claim: Option<ClaimPath>,
    column: Option<ClaimPath>,
) -> Result<(HeaderOrigin, ClaimPath), Reported> {
    match (claim, column) {
        (Some(claim), None) => Ok((HeaderOrigin::Token, claim)),
        (None, Some(column)) => Ok((HeaderOrigin::User, column)),
        (None, None) => {
            let invalid = Invalid::new("missing");
            let hint = "name a claim, such as sub or realm_access.roles";
            Err(reader.refuse(&CLAIM, invalid.hint(hint)))
        }
        (Some(_), Some(_)) => {
            let invalid = Invalid::new("beside a claim, of which the header is made already");
            Err(reader.refuse(&USER, invalid.hint("write one of claim and user")))
        }
    }
}

/// The prefix of columns of the user's row in the environment.
const USER_PREFIX: &str = "user:";

const ENCODINGS: &[(&str, ClaimEncoding); 2] = &[
    ("percent", ClaimEncoding::Percent),
    ("base64url", ClaimEncoding::Base64url),
];

fn pair(text: &str) -> Result<ClaimHeader, Invalid> {
    let expected = || Invalid::expected("write claim=Header, such as sub=X-Auth-Subject");
    let (path, header) = text.rsplit_once('=').ok_or_else(expected)?;
    let (origin, path) = match path.trim().strip_prefix(USER_PREFIX) {
        Some(column) => (HeaderOrigin::User, column),
        None => (HeaderOrigin::Token, path),
    };
    let (claim, header) = (value::claim_path(path)?, header_name(header.trim())?);
    Ok(ClaimHeader {
        origin,
        claim,
        header,
        separator: ",".into(),
        encoding: ClaimEncoding::Percent,
    })
}

/// Parses a separator. Letters and digits are refused because they occur in escapes such as `%2C`,
/// and so is `%` itself.
fn separator(text: &str) -> Result<String, Invalid> {
    let fits = matches!(text.as_bytes(), [byte] if *byte == b' ' || byte.is_ascii_punctuation() && *byte != b'%');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Invalid::expected(
            "write one punctuation character other than %, or a space",
        ))
    }
}

fn header_name(name: &str) -> Result<String, Invalid> {
    let is_name = !name.is_empty()
        && name.len() <= 128
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_name {
        return Err(Invalid::new(format!("{name:?} is no header name"))
            .hint("use letters, digits, - and _"));
    }
    let folded = folded(name);
    if RESERVED.contains(&folded.as_str()) || folded.starts_with(RESERVED_PREFIX) {
        return Err(Invalid::new(format!("{name} means something else already"))
            .hint("choose a name such as X-Auth-…"));
    }
    Ok(name.to_owned())
}

/// Folds case, and `_` to `-`. A server behind the proxy may take two names with the same result
/// for one (`X_Auth_User` and `X-Auth-User` in CGI).
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Yields the entries whose header name was already used by an earlier entry.
fn repeated(list: &[ClaimHeader]) -> impl Iterator<Item = (usize, Invalid)> {
    let mut seen = HashSet::new();
    list.iter()
        .enumerate()
        .filter(move |(_, mapped)| !seen.insert(folded(&mapped.header)))
        .map(|(index, mapped)| {
            let invalid = Invalid::new(format!("{} is given twice", mapped.header));
            (
                index,
                invalid.hint(
                    "one header per claim; names that differ only in case, - and _ are the same",
                ),
            )
        })
}

/// Yields the entries that are made of columns.
fn of_columns(list: &[ClaimHeader]) -> impl Iterator<Item = (usize, Invalid)> {
    let of_columns = |(_, mapped): &(usize, &ClaimHeader)| mapped.origin == HeaderOrigin::User;
    list.iter()
        .enumerate()
        .filter(of_columns)
        .map(|(index, mapped)| {
            let invalid = Invalid::new(format!(
                "{} reads the user's row, and there is no directory",
                mapped.header
            ));
            (index, invalid.hint(NO_DIRECTORY_HINT))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_outside_of_quotes_means_a_column() {
        for (text, origin, path) in [
            ("sub=X-Sub", HeaderOrigin::Token, "sub"),
            ("user:email=X-Email", HeaderOrigin::User, "email"),
            (" user: email =X-Email", HeaderOrigin::User, "email"),
            ("user:$=X-Row", HeaderOrigin::User, "$"),
            ("user:\"a.b\"=X-A", HeaderOrigin::User, "\"a.b\""),
            (
                "user:address.city=X-City",
                HeaderOrigin::User,
                "address.city",
            ),
            (
                "\"user:email\"=X-Email",
                HeaderOrigin::Token,
                "\"user:email\"",
            ),
            ("user=X-User", HeaderOrigin::Token, "user"),
            ("USER:email=X-Email", HeaderOrigin::Token, "USER:email"),
        ] {
            let mapped = pair(text).unwrap();
            let found = (mapped.origin, mapped.claim.to_string());
            assert_eq!(found, (origin, path.to_owned()), "{text}");
        }
        assert!(pair("user:=X-Nothing").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_header_or_a_problem(text in "(user:)?[ -~é]{0,40}") {
            let is_column = text.trim_start().starts_with("user:");
            if let Ok(mapped) = pair(&text) {
                prop_assert_eq!(mapped.origin == HeaderOrigin::User, is_column);
            }
        }
    }
}
