//! One entry of the file of API keys.

use serde_json::{Map, Value};

use super::api_key_line::ApiKeyLine;
use super::names::API_KEYS;
use super::sha256::sha256;
use crate::config::issuer::{hex, scope};
use crate::config_reader::{Invalid, Node, Reader, Reported, Setting, Shape, value};
use crate::domain::Timestamp;
use crate::jose::Claims;
use crate::policy::LineFingerprint;
use crate::verify::{AcceptedAudience, AudienceRule, VerifiedToken};

const ID: Setting = Setting::required(
    "id",
    "Name of the key. It is also the claim `client_id`. Two keys cannot have the same name.",
);
const HASH: Setting = Setting::required(
    "hash",
    "`sha256:`, followed by the SHA-256 of the whole key in hexadecimal. The key itself is not stored.",
);
const SUBJECT: Setting = Setting::required("subject", "Owner of the key. It is the claim `sub`.");
const SCOPES: Setting =
    Setting::optional("scopes", "none", "A list of scopes that the key grants.")
        .shaped(Shape::List(&Shape::Text));
const CLAIMS: Setting = Setting::optional(
    "claims",
    "none",
    "Additional claims. A mapping. `aud` is the audience, which a route can require. Not allowed are `iss`, `sub`, `exp`, `nbf`, `iat`, `cnf`, `client_id` and `scope`.",
)
.shaped(Shape::Mapping);
const EXPIRES: Setting = Setting::optional(
    "expires",
    "never",
    "Time at which the key expires. A date such as `2027-01-31`, or a time such as `2027-01-31T12:00:00Z`.",
);
const DISABLED: Setting = Setting::new(
    "disabled",
    "false",
    "`true`: the key is refused, as if it were not in the file.",
)
.shaped(Shape::Boolean);

/// The settings of one key.
pub(crate) const ENTRY: &[Setting] = &[ID, HASH, SUBJECT, SCOPES, CLAIMS, EXPIRES, DISABLED];

/// Claims that other members of an entry make, or that mean something for tokens only.
const RESERVED_CLAIMS: [&str; 8] = [
    "iss",
    "sub",
    "exp",
    "nbf",
    "iat",
    "cnf",
    "client_id",
    "scope",
];

/// The most characters of an `id` or a `subject`.
const MAX_NAME: usize = 256;

/// One entry. Another one may still have the same hash or name.
pub(super) struct Entry {
    pub(super) sha256: [u8; 32],
    pub(super) line: ApiKeyLine,
}

/// Reads one entry.
pub(super) fn read_entry(reader: &mut Reader) -> Result<Entry, Reported> {
    let id = reader.required(&ID, id, "give it a name, such as ci");
    let hash = reader.required(&HASH, parse_hash, "`doorward key check` computes it");
    let subject = reader.required(&SUBJECT, subject, "say whose key it is");
    let scopes = reader.optional_list(&SCOPES, parse_scope);
    let claims = reader.node(&CLAIMS, claims);
    let expires = reader.optional(&EXPIRES, time);
    let disabled = reader.read(&DISABLED, value::boolean);
    let (id, sha256, expires, disabled) = (id?, hash?, expires?, disabled?);
    let subject = subject?;
    refuse_key_itself(reader, &sha256, [(&ID, &*id), (&SUBJECT, &*subject)])?;
    let mut all = claims?.unwrap_or_default();
    all.insert("iss".to_owned(), API_KEYS.into());
    all.insert("sub".to_owned(), subject.into());
    all.insert("client_id".to_owned(), id.as_str().into());
    if let Some(scopes) = scopes? {
        all.insert("scope".to_owned(), scopes.join(" ").into());
    }
    if let Some(expires) = expires {
        all.insert("exp".to_owned(), expires.as_secs().into());
    }
    let claims = Value::Object(all).to_string();
    if !are_usable(&claims) {
        let invalid = Invalid::new("no usable claims");
        let hint = "`aud` is a text or a list of texts, and nothing is nested too deep";
        return Err(reader.refuse(&CLAIMS, invalid.hint(hint)));
    }
    let line = ApiKeyLine {
        fingerprint: fingerprint(&sha256, disabled, &claims),
        id,
        claims,
        expires,
        disabled,
    };
    Ok(Entry { sha256, line })
}

/// Refuses an entry that has the key itself for a name: names are in logs and headers.
fn refuse_key_itself(
    reader: &mut Reader,
    hash: &[u8; 32],
    names: [(&Setting, &str); 2],
) -> Result<(), Reported> {
    let is_key = |text: &str| sha256(&[text.as_bytes()]) == *hash;
    match names.into_iter().find(|(_, text)| is_key(text)) {
        Some((setting, _)) => {
            let invalid = Invalid::new("the key itself");
            Err(reader.refuse(setting, invalid.hint("write a name, which may be seen")))
        }
        None => Ok(()),
    }
}

fn id(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    if text.len() <= MAX_NAME && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(Invalid::new("no name for a key")
            .hint("write at most 256 visible ASCII characters without blanks"))
    }
}

fn subject(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    if text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(Invalid::new("no subject").hint("write at most 256 characters on one line"))
    }
}

/// Returns a hash as an entry has it.
pub fn written_hash(sha256: &[u8; 32]) -> String {
    let digits = sha256.iter().map(|byte| format!("{byte:02x}"));
    format!("{HASH_START}{}", digits.collect::<String>())
}

/// The start of a hash: its algorithm.
const HASH_START: &str = "sha256:";

fn parse_hash(text: &str) -> Result<[u8; 32], Invalid> {
    let bytes = text.trim().strip_prefix(HASH_START).and_then(hex);
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            Invalid::new("no SHA-256")
                .hint("write sha256: and 64 hexadecimal digits; `doorward key check` computes them")
        })
}

/// Parses a scope. Unlike elsewhere, a text that is none is not shown.
fn parse_scope(text: &str) -> Result<String, Invalid> {
    scope(text).map_err(|_| {
        Invalid::new("no scope (RFC 6749 section 3.3)").hint("separate scopes by commas")
    })
}

fn claims(node: &Node) -> Result<Map<String, Value>, Invalid> {
    let Value::Object(claims) = node.to_json() else {
        return Err(Invalid::new("not a mapping").hint("write {name: value}"));
    };
    let reserved = RESERVED_CLAIMS
        .iter()
        .find(|name| claims.contains_key(**name));
    match reserved {
        Some(name) => Err(Invalid::new(format!("`{name}` is not allowed here"))
            .hint("use subject, id, scopes and expires")),
        None => Ok(claims),
    }
}

fn time(text: &str) -> Result<Timestamp, Invalid> {
    let text = text.trim();
    let is_date = text.len() == "2027-01-31".len();
    let time = if is_date {
        format!("{text}T00:00:00Z").parse()
    } else {
        text.parse()
    };
    time.map_err(|_| Invalid::expected("write a date such as 2027-01-31, or 2027-01-31T12:00:00Z"))
}

/// Returns `true` if a principal can be made of these claims.
fn are_usable(claims: &str) -> bool {
    let any = AudienceRule {
        accepted: AcceptedAudience::Everyone,
        fallback: Vec::new(),
    };
    Claims::stated(claims.to_owned())
        .is_ok_and(|claims| VerifiedToken::of_line(claims, &any).is_ok())
}

fn fingerprint(hash: &[u8; 32], disabled: bool, claims: &str) -> LineFingerprint {
    sha256(&[hash, &[disabled.into()], claims.as_bytes()])
}
