//! Credentials that the operator keeps in a file: API keys, and users with passwords.

mod api_key_file;
mod api_key_form;
mod credential_file;
pub(super) mod names;
mod password_file;
mod stored_hash;
mod unread_passwords;

use std::time::Duration;

pub(crate) use api_key_file::ENTRY as API_KEY_ENTRY;
pub use api_key_file::{ApiKeyFile, ApiKeyLine, ApiKeyList};
pub use api_key_form::{ApiKeyForm, MalformedApiKey};
pub use credential_file::{CredentialFile, CredentialList, ReadList, contents_digest};
pub use password_file::{PasswordFile, PasswordLine, PasswordList, claims_of_user};
pub use stored_hash::StoredHash;
pub(super) use unread_passwords::refuse_unread_passwords;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::IssuerIndex;
use credential_file::read_now;
use names::{API_KEYS, BASIC};

const API_KEYS_FILE: Setting = Setting::optional(
    "api_keys_file",
    "no API keys",
    "File with API keys: a list in YAML or JSON. It is compared every 5 seconds. If the file is bad or missing, the last good list stays active.",
);
const API_KEY_PREFIX: Setting = Setting::new(
    "api_key_prefix",
    "dw",
    "Prefix of API keys, without the `_` that follows it. A credential that begins with both is an API key and nothing else.",
);
const API_KEY_CHECKSUM: Setting = Setting::new(
    "api_key_checksum",
    "true",
    "`false`: API keys need no check sum. For keys that were made by another program.",
)
.shaped(Shape::Boolean);
pub(super) const HTPASSWD_FILE: Setting = Setting::optional(
    "htpasswd_file",
    "no passwords",
    "File with users and hashes of their passwords, as `htpasswd -B` writes it. The hashes are bcrypt or argon2id. Needs `basic` in `token_sources`. Changes are noticed as for `api_keys_file`.",
);
const HTPASSWD_MAX_COST: Setting = Setting::new(
    "htpasswd_max_cost",
    "12",
    "Greatest cost of a bcrypt hash in `htpasswd_file`. Each step doubles the time for checking a password.",
)
.shaped(Shape::Number);
const BASIC_CACHE_TTL: Setting = Setting::new(
    "basic_cache_ttl",
    "5m",
    "How long a correct password is kept, so that it need not be hashed for each request. `0s`: each request takes a hash.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] = &[
    API_KEYS_FILE,
    API_KEY_PREFIX,
    API_KEY_CHECKSUM,
    HTPASSWD_FILE,
    HTPASSWD_MAX_COST,
    BASIC_CACHE_TTL,
];

/// Credentials that the operator keeps in files.
#[derive(Debug, Clone, Default)]
pub struct ListedSettings {
    /// API keys, if there is a file of them.
    pub api_keys: Option<ApiKeySettings>,
    /// Users with passwords, if there is a file of them.
    pub passwords: Option<PasswordSettings>,
}

/// API keys.
#[derive(Debug, Clone)]
pub struct ApiKeySettings {
    /// The file.
    pub file: ApiKeyFile,
    /// Their form.
    pub form: ApiKeyForm,
    /// The keys as they were when the configuration was read.
    pub read: ReadList<ApiKeyList>,
}

/// Users with passwords.
#[derive(Clone)]
pub struct PasswordSettings {
    /// The file.
    pub file: PasswordFile,
    /// How long a success is remembered.
    pub cache_ttl: Duration,
    /// The users as they were when the configuration was read.
    pub read: ReadList<PasswordList>,
}

impl std::fmt::Debug for PasswordSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordSettings")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// The positions of the lists among the issuers: behind those of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedIndices {
    /// That of API keys.
    pub api_keys: Option<IssuerIndex>,
    /// That of users with passwords.
    pub passwords: Option<IssuerIndex>,
}

impl ListedSettings {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let api_keys = read_api_keys(reader);
        let passwords = read_passwords(reader);
        Ok(Self {
            api_keys: api_keys?,
            passwords: passwords?,
        })
    }

    /// Returns whether a file of credentials is named. Then there may be no issuer.
    pub(super) fn is_given(reader: &Reader) -> bool {
        reader.is_given(&API_KEYS_FILE) || reader.is_given(&HTPASSWD_FILE)
    }

    /// Returns whether a file of passwords is named.
    pub(super) fn has_passwords(reader: &Reader) -> bool {
        reader.is_given(&HTPASSWD_FILE)
    }

    /// Returns the names of the lists, in the order of their positions.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let api_keys = self.api_keys.as_ref().map(|_| API_KEYS);
        let passwords = self.passwords.as_ref().map(|_| BASIC);
        api_keys.into_iter().chain(passwords)
    }

    /// Returns the positions of the lists behind this many issuers of tokens.
    pub fn indices(&self, issuers: usize) -> ListedIndices {
        let behind = issuers + usize::from(self.api_keys.is_some());
        ListedIndices {
            api_keys: self.api_keys.as_ref().map(|_| IssuerIndex::new(issuers)),
            passwords: self.passwords.as_ref().map(|_| IssuerIndex::new(behind)),
        }
    }
}

impl ListedIndices {
    /// Returns the position of the list of this name.
    pub(super) fn named(&self, name: &str) -> Option<IssuerIndex> {
        match name {
            API_KEYS => self.api_keys,
            BASIC => self.passwords,
            _ => None,
        }
    }
}

fn read_api_keys(reader: &mut Reader) -> Result<Option<ApiKeySettings>, Reported> {
    let path = reader.optional(&API_KEYS_FILE, value::text);
    let prefix = reader.read(&API_KEY_PREFIX, prefix);
    let has_checksum = reader.read(&API_KEY_CHECKSUM, value::boolean);
    let Some(path) = path? else {
        let alone = Invalid::new("has no meaning without $api_keys_file")
            .hint("set $api_keys_file, or leave it out");
        reader.refuse_given(&[API_KEY_PREFIX, API_KEY_CHECKSUM], &alone)?;
        return Ok(None);
    };
    let file = ApiKeyFile::new(path);
    let read = read_now(reader, &API_KEYS_FILE, &file);
    Ok(Some(ApiKeySettings {
        file,
        form: ApiKeyForm::new(&prefix?, has_checksum?),
        read: read?,
    }))
}

fn no_cost() -> Invalid {
    Invalid::new("out of range").hint("from 4 to 14")
}

fn read_passwords(reader: &mut Reader) -> Result<Option<PasswordSettings>, Reported> {
    let path = reader.optional(&HTPASSWD_FILE, value::text);
    let max_cost = reader.read(&HTPASSWD_MAX_COST, |text| {
        // With 16, one hash takes several seconds: longer than a request waits for it.
        match value::number(0, u64::MAX)(text)? {
            cost @ 4..=14 => u32::try_from(cost).map_err(|_| no_cost()),
            _ => Err(no_cost()),
        }
    });
    let cache_ttl = reader.read(
        &BASIC_CACHE_TTL,
        value::duration_within(Duration::ZERO, Duration::from_hours(24)),
    );
    let Some(path) = path? else {
        let alone = Invalid::new("has no meaning without $htpasswd_file")
            .hint("set $htpasswd_file, or leave it out");
        reader.refuse_given(&[HTPASSWD_MAX_COST, BASIC_CACHE_TTL], &alone)?;
        return Ok(None);
    };
    let file = PasswordFile::new(path, max_cost?);
    let read = read_now(reader, &HTPASSWD_FILE, &file);
    Ok(Some(PasswordSettings {
        file,
        cache_ttl: cache_ttl?,
        read: read?,
    }))
}

/// The most characters of a prefix.
const MAX_PREFIX: usize = 32;

/// Parses the prefix of API keys.
pub(in crate::config) fn prefix(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_plain || text.len() > MAX_PREFIX {
        return Err(Invalid::expected(
            "write at most 32 letters, digits and hyphens",
        ));
    }
    // Every JWT begins so, and would be taken for a key.
    if text.starts_with("eyJ") {
        return Err(Invalid::new("begins as a JWT does").hint("choose another prefix"));
    }
    Ok(text)
}
