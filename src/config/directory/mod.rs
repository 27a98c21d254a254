//! The user directory: a database that says who the subject of a credential is.

mod address;
mod driver_variables;
mod query;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use address::{DatabaseAddress, ServerAddress, ServerLocation};

use super::issuer::{IssuerSettings, keys::fetch};
use super::listed::ListedSettings;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::ClaimPath;

const DIRECTORY_URL: Setting = Setting::secret(
    "directory_url",
    "URL of the database with the users: `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`, `mysql://…?ssl-mode=VERIFY_IDENTITY` (MariaDB too) or `sqlite:FILE`. TLS is needed, except on loopback and on a unix socket (`?host=/run/postgresql`, `?socket=/run/mysqld/mysqld.sock`).",
);
const DIRECTORY_CA_FILE: Setting = Setting::optional(
    "directory_ca_file",
    "–",
    "PEM file with certificates of authorities. For the database, they are trusted in addition to those of the system.",
);
const DIRECTORY_QUERY: Setting = Setting::optional(
    "directory_query",
    "–",
    "Query for the row of a user: one `SELECT` or `WITH`, with parameters as the database writes them (`$1` or `?`). Its columns are the attributes of the user. It is a prepared statement in a read-only session. Values are bound, and never put into its text.",
);
const DIRECTORY_PARAMETERS: Setting = Setting::new(
    "directory_parameters",
    "sub",
    "Claims whose values are the parameters of the query, in this order.",
)
.shaped(Shape::List(&Shape::Text));
const DIRECTORY_KEY: Setting = Setting::optional(
    "directory_key",
    "–",
    "Column whose text must equal the first parameter byte by byte. Otherwise the reason is `subject_unknown`. Required for MySQL and SQLite, which compare loosely: for them `1abc`, ` 1` or another case can equal the value.",
);
const DIRECTORY_ISSUERS: Setting = Setting::optional(
    "directory_issuers",
    "the only issuer",
    "Names of the issuers whose users are in the database (`api-keys` and `basic` too). It may be left out if there is one issuer only.",
)
.shaped(Shape::List(&Shape::Text));
const DIRECTORY_ACTIVE: Setting = Setting::optional(
    "directory_active",
    "–",
    "Column that must be true. Otherwise the reason is `subject_disabled`. True is a boolean `true`, or a whole number other than 0. NULL is not true.",
);
const DIRECTORY_ON_MISSING: Setting = Setting::new(
    "directory_on_missing",
    "deny",
    "What happens to a user without a row. `deny`: `subject_unknown`. `pass`: the request goes on without attributes.",
)
.shaped(Shape::Word(&value::words(ON_MISSING)));
const DIRECTORY_CACHE_TTL: Setting = Setting::new(
    "directory_cache_ttl",
    "30s",
    "How long a row is kept before the database is asked again.",
)
.shaped(Shape::Duration);
const DIRECTORY_NEGATIVE_TTL: Setting = Setting::new(
    "directory_negative_ttl",
    "5s",
    "How long it is kept that a user has no row or is disabled.",
)
.shaped(Shape::Duration);
const DIRECTORY_TIMEOUT: Setting = Setting::new(
    "directory_timeout",
    "300ms",
    "Longest time for one query, for doorward and for the database server.",
)
.shaped(Shape::Duration);
const DIRECTORY_MAX_CONNECTIONS: Setting = Setting::new(
    "directory_max_connections",
    "8",
    "Greatest number of connections to the database. It is also the greatest number of queries at the same time.",
)
.shaped(Shape::Number);
const DIRECTORY_ON_OUTAGE: Setting = Setting::new(
    "directory_on_outage",
    "deny",
    "What happens while the database does not answer. `deny`: 503. `stale`: the last row is used for `directory_max_stale`.",
)
.shaped(Shape::Word(&value::words(ON_OUTAGE)));
const DIRECTORY_MAX_STALE: Setting = Setting::new(
    "directory_max_stale",
    "5m",
    "Greatest age of a row with `directory_on_outage: stale`.",
)
.shaped(Shape::Duration);

/// The hint where something reads the user's row and there is no directory.
pub(in crate::config) const NO_DIRECTORY_HINT: &str =
    "set $directory_url and $directory_query, or read a claim";

pub(crate) const SETTINGS: &[Setting] = &[
    DIRECTORY_URL,
    DIRECTORY_CA_FILE,
    DIRECTORY_QUERY,
    DIRECTORY_PARAMETERS,
    DIRECTORY_KEY,
    DIRECTORY_ISSUERS,
    DIRECTORY_ACTIVE,
    DIRECTORY_ON_MISSING,
    DIRECTORY_CACHE_TTL,
    DIRECTORY_NEGATIVE_TTL,
    DIRECTORY_TIMEOUT,
    DIRECTORY_MAX_CONNECTIONS,
    DIRECTORY_ON_OUTAGE,
    DIRECTORY_MAX_STALE,
];

/// Settings that say nothing by themselves: all but `directory_url`.
const DEPENDENT: &[Setting] = match SETTINGS {
    [_, rest @ ..] => rest,
    [] => &[],
};

const ON_MISSING: &[(&str, OnMissing); 2] = &[("deny", OnMissing::Deny), ("pass", OnMissing::Pass)];
const ON_OUTAGE: &[(&str, bool); 2] = &[("deny", false), ("stale", true)];

/// The treatment of a subject without a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// It is denied as unknown.
    Deny,
    /// It passes without attributes.
    Pass,
}

/// The user directory.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectorySettings {
    /// The connection to the database.
    pub database: DatabaseSettings,
    /// The query and its parameters.
    pub query: UserQuery,
    /// The names of the issuers whose subjects it knows.
    pub issuers: Box<[String]>,
    /// The treatment of a subject without a row.
    pub on_missing: OnMissing,
    /// The time for which a row is used.
    pub cache_ttl: Duration,
    /// The time for which it is remembered that a user is not there, or disabled.
    pub negative_ttl: Duration,
    /// The maximum age of an answer while the database cannot be asked; `None` if it must be fresh.
    pub max_stale: Option<Duration>,
}

/// The connection to a database. Clients with equal settings are the same client.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseSettings {
    /// The address of the database, and the log-in.
    pub address: DatabaseAddress,
    /// PEM certificates that are trusted in addition to the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// The maximum duration of a query.
    pub timeout: Duration,
    /// The greatest number of connections.
    pub max_connections: u32,
}

/// The query for the row of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserQuery {
    /// The text of the query.
    pub text: Arc<str>,
    /// The claims whose values are bound to its parameters, in order.
    pub parameters: Box<[ClaimPath]>,
    /// The column whose text must equal the first parameter.
    pub key: Option<String>,
    /// The column that must be true.
    pub active: Option<String>,
}

impl DirectorySettings {
    /// Returns `true` if a directory is set, whether its settings are good or not.
    pub(super) fn is_given(reader: &Reader) -> bool {
        reader.is_given(&DIRECTORY_URL)
    }

    /// Reads the section. Returns `None` if no directory is set.
    pub(super) fn read(
        reader: &mut Reader,
        issuers: &Result<Vec<IssuerSettings>, Reported>,
        listed: &Result<ListedSettings, Reported>,
    ) -> Result<Option<Self>, Reported> {
        if !reader.is_given(&DIRECTORY_URL) {
            let invalid =
                Invalid::new("there is no directory").hint("set $directory_url, or leave this out");
            return reader.refuse_given(DEPENDENT, &invalid).map(|()| None);
        }
        let address = reader
            .optional(&DIRECTORY_URL, address::parse)
            .and_then(|address| address.ok_or(Reported));
        let variables = driver_variables::refuse(reader, address.as_ref().ok());
        let extra_roots = read_extra_roots(reader);
        let query = UserQuery::read(reader, address.as_ref().ok());
        let issuers = read_issuers(reader, issuers, listed);
        let on_missing = reader.read(&DIRECTORY_ON_MISSING, value::one_of(ON_MISSING));
        let lives = Lives::read(reader);
        let timeout = reader.read(&DIRECTORY_TIMEOUT, within(10, 10_000));
        let max_connections = reader.read(&DIRECTORY_MAX_CONNECTIONS, value::number(1, 1000));
        let (lives, ()) = (lives?, variables?);
        let max_connections = u32::try_from(max_connections?).unwrap_or(1000);
        Ok(Some(Self {
            database: DatabaseSettings {
                address: address?,
                extra_roots: extra_roots?,
                timeout: timeout?,
                max_connections,
            },
            query: query?,
            issuers: issuers?,
            on_missing: on_missing?,
            cache_ttl: lives.cache_ttl,
            negative_ttl: lives.negative_ttl,
            max_stale: lives.max_stale,
        }))
    }

    /// Returns `true` if the subjects of this issuer are in the directory.
    pub fn knows(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|known| known == issuer)
    }
}

impl UserQuery {
    fn read(reader: &mut Reader, address: Option<&DatabaseAddress>) -> Result<Self, Reported> {
        let text = reader.required(
            &DIRECTORY_QUERY,
            query::parse,
            "write it, such as SELECT email FROM users WHERE id = $1",
        );
        let parameters = reader.list(&DIRECTORY_PARAMETERS, value::claim_path);
        let key = reader.optional(&DIRECTORY_KEY, value::text);
        let active = reader.optional(&DIRECTORY_ACTIVE, value::text);
        let compares_loosely = address.is_some_and(|address| !address.compares_exactly());
        if compares_loosely && key == Ok(None) {
            // A subject `Alice` would get the row of `alice`, and `1abc` that of 1.
            let hint = "name a column that the query returns and whose text is the first parameter";
            return Err(reader.refuse(
                &DIRECTORY_KEY,
                Invalid::new("missing: this database takes different texts for the same")
                    .hint(hint),
            ));
        }
        Ok(Self {
            text: text?.into(),
            parameters: parameters?.into(),
            key: key?,
            active: active?,
        })
    }
}

/// The times for which answers of the database are used.
struct Lives {
    cache_ttl: Duration,
    negative_ttl: Duration,
    max_stale: Option<Duration>,
}

impl Lives {
    fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let cache_ttl = reader.read(&DIRECTORY_CACHE_TTL, within(0, 3_600_000));
        let negative_ttl = reader.read(&DIRECTORY_NEGATIVE_TTL, within(0, 3_600_000));
        let is_stale_used = reader.read(&DIRECTORY_ON_OUTAGE, value::one_of(ON_OUTAGE));
        let max_stale = reader.read(&DIRECTORY_MAX_STALE, within(1000, 86_400_000));
        if is_stale_used == Ok(false) && reader.is_given(&DIRECTORY_MAX_STALE) {
            let invalid = Invalid::new("without effect")
                .hint("set $directory_on_outage=stale, or leave this out");
            return Err(reader.refuse(&DIRECTORY_MAX_STALE, invalid));
        }
        Ok(Self {
            cache_ttl: cache_ttl?,
            negative_ttl: negative_ttl?,
            max_stale: is_stale_used?.then_some(max_stale?),
        })
    }
}

fn within(least: u64, most: u64) -> impl Fn(&str) -> Result<Duration, Invalid> {
    value::duration_within(Duration::from_millis(least), Duration::from_millis(most))
}

fn read_extra_roots(reader: &mut Reader) -> Result<Option<Vec<u8>>, Reported> {
    let Some(path) = reader.optional(&DIRECTORY_CA_FILE, value::text)? else {
        return Ok(None);
    };
    let pem = reader.file(&DIRECTORY_CA_FILE, Path::new(&path))?;
    match fetch::refuse_no_authorities(&pem, &path) {
        Ok(()) => Ok(Some(pem)),
        Err(invalid) => Err(reader.refuse(&DIRECTORY_CA_FILE, invalid)),
    }
}

/// Reads whose subjects the database knows. Subject 42 of one issuer is not subject 42 of another,
/// of an API key or of a password, so with several of them there is no default.
fn read_issuers(
    reader: &mut Reader,
    issuers: &Result<Vec<IssuerSettings>, Reported>,
    listed: &Result<ListedSettings, Reported>,
) -> Result<Box<[String]>, Reported> {
    let known = match (issuers, listed) {
        (Ok(issuers), Ok(listed)) => {
            let issuers = issuers.iter().map(|issuer| issuer.name.as_str());
            let mut names: Vec<&str> = issuers.collect();
            listed.names().for_each(|name| names.push(name));
            Some(names)
        }
        _ => None,
    };
    let name = |text: &str| {
        let name = value::text(text)?;
        match &known {
            Some(known) if !known.contains(&name.as_str()) => {
                Err(Invalid::new(format!("no issuer is called {name:?}"))
                    .hint(format!("there is {}", known.join(", "))))
            }
            _ => Ok(name),
        }
    };
    if let Some(named) = reader.optional_list(&DIRECTORY_ISSUERS, name)? {
        return Ok(named.into());
    }
    let has_lists = ListedSettings::is_given(reader);
    match known.as_deref() {
        None => Err(Reported),
        Some([only]) if !has_lists => Ok([(*only).to_owned()].into()),
        Some(several) => {
            let names = several.join(", ");
            let invalid =
                Invalid::new("missing: it must be said whose subjects the database knows")
                    .hint(format!("name some of {names}"));
            Err(reader.refuse(&DIRECTORY_ISSUERS, invalid))
        }
    }
}
