//! The file of API keys: a list in YAML or JSON.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde_json::{Map, Value};

use super::credential_file::{CredentialFile, CredentialList};
use super::names::API_KEYS;
use crate::config::issuer::{hex, scope};
use crate::config_reader::{
    Content, FilesInUse, InputValue, Invalid, Location, Node, Problem, Problems, Reader, Reported,
    Section, Setting, SettingInput, Shape, document_text, value,
};
use crate::domain::Timestamp;
use crate::jose::Claims;
use crate::policy::LineFingerprint;
use crate::verify::{AcceptedAudience, AudienceRule, VerifiedToken};

/// The whole file, which has no name in itself.
const KEYS: Setting = Setting::required("", "The keys.").shaped(Shape::Sections(&[ENTRY]));

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

/// A file of API keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyFile(PathBuf);

/// API keys by the SHA-256 of each.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyList {
    by_sha256: HashMap<[u8; 32], ApiKeyLine>,
    lines: HashSet<LineFingerprint>,
}

/// One API key. The key itself is not in it.
#[derive(Debug, Clone)]
pub struct ApiKeyLine {
    /// Its name.
    pub id: String,
    /// Its claims, as a JSON object.
    pub claims: String,
    /// The time at which it expires, if it does.
    pub expires: Option<Timestamp>,
    /// `true` if it is refused.
    pub disabled: bool,
    /// The digest of all that the line says.
    pub fingerprint: LineFingerprint,
}

/// One entry. Another one may still have the same hash or name.
struct Entry {
    sha256: [u8; 32],
    line: ApiKeyLine,
}

impl ApiKeyFile {
    /// Names a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl CredentialFile for ApiKeyFile {
    type List = ApiKeyList;

    fn path(&self) -> &Path {
        &self.0
    }

    fn parse(&self, contents: &[u8]) -> Result<ApiKeyList, Problems> {
        let name = self.0.display().to_string();
        let root = document_text(contents)
            .and_then(|text| Node::parse(text, &[ENTRY]))
            .map_err(|invalid| Problem::of_document(&name, invalid))?;
        let is_empty = matches!(&root.content, Content::Scalar(scalar) if scalar.is_null());
        let no_keys = matches!(&root.content, Content::List(entries) if entries.is_empty());
        if is_empty {
            return Err(Problem::new(name, "is empty", "write [] for no keys").into());
        }
        if no_keys {
            return Ok(ApiKeyList::default());
        }
        let mut reader = reader_of(root, &name);
        let entries = reader.sections(&KEYS, &[], |entry, _| read_entry(entry));
        let list = entries.and_then(|entries| list_of(&mut reader, entries.unwrap_or_default()));
        reader.finish(list)
    }
}

impl ApiKeyList {
    /// Returns the key that has this SHA-256.
    pub fn find(&self, sha256: &[u8; 32]) -> Option<&ApiKeyLine> {
        self.by_sha256.get(sha256)
    }

    /// Returns the key of this hash, as the file writes it.
    pub fn find_by_hash(&self, hash: &str) -> Option<&ApiKeyLine> {
        self.find(&sha256(hash).ok()?)
    }
}

impl CredentialList for ApiKeyList {
    fn has(&self, line: &LineFingerprint) -> bool {
        self.lines.contains(line)
    }

    fn len(&self) -> usize {
        self.by_sha256.len()
    }
}

/// Returns a reader whose only setting is the whole file.
fn reader_of(root: Node, name: &str) -> Reader {
    let place = Location::File {
        file: name.into(),
        position: root.position,
        path: String::new(),
    };
    let input = SettingInput {
        value: InputValue::Node(root),
        place: place.clone(),
    };
    let values = [(KEYS.name.to_owned(), input)].into();
    Reader::new(Section { values, place }, FilesInUse::default())
}

fn read_entry(reader: &mut Reader) -> Result<Entry, Reported> {
    let id = reader.required(&ID, id, "give it a name, such as ci");
    let hash = reader.required(&HASH, sha256, "`doorward key check` computes it");
    let subject = reader.required(&SUBJECT, subject, "say whose key it is");
    let scopes = reader.optional_list(&SCOPES, scope);
    let claims = reader.node(&CLAIMS, claims);
    let expires = reader.optional(&EXPIRES, time);
    let disabled = reader.read(&DISABLED, value::boolean);
    let (id, sha256, expires, disabled) = (id?, hash?, expires?, disabled?);
    let mut all = claims?.unwrap_or_default();
    all.insert("iss".to_owned(), API_KEYS.into());
    all.insert("sub".to_owned(), subject?.into());
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

/// Makes the list. Reports keys that share a hash or a name: which of two entries counts must not
/// depend on their order.
fn list_of(reader: &mut Reader, entries: Vec<Entry>) -> Result<ApiKeyList, Reported> {
    let (mut list, mut ids, mut wrong) = (ApiKeyList::default(), HashMap::new(), Vec::new());
    for (index, Entry { sha256, line }) in entries.into_iter().enumerate() {
        if let Some(first) = ids.insert(line.id.clone(), index) {
            let invalid = Invalid::new(format!("is called {:?}, as [{first}] is", line.id));
            wrong.push((index, invalid.hint("give each key a name of its own")));
        }
        list.lines.insert(line.fingerprint);
        if let Some(other) = list.by_sha256.insert(sha256, line) {
            let invalid = Invalid::new(format!("has the hash of {:?}", other.id));
            wrong.push((index, invalid.hint("keep one of them")));
        }
    }
    reader.refuse_elements(&KEYS, wrong)?;
    Ok(list)
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

/// Parses the hash of a key. A text that is none is not shown: it may be the key itself.
fn sha256(text: &str) -> Result<[u8; 32], Invalid> {
    let bytes = text.trim().strip_prefix("sha256:").and_then(hex);
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(no_hash)
}

fn no_hash() -> Invalid {
    Invalid::new("no SHA-256")
        .hint("write sha256: and 64 hexadecimal digits; `doorward key check` computes them")
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

fn fingerprint(sha256: &[u8; 32], disabled: bool, claims: &str) -> LineFingerprint {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(sha256);
    context.update(&[disabled.into()]);
    context.update(claims.as_bytes());
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<ApiKeyList, String> {
        let file = ApiKeyFile::new("keys.yaml");
        let parsed = file.parse(text.as_bytes());
        parsed.map_err(|problems| problems.to_string())
    }

    fn hash(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn entries_become_claims() {
        let text = format!(
            "- {{id: ci, hash: '{}', subject: robot, scopes: [read, write], expires: 2027-01-31, claims: {{aud: api, team: {{n: 1}}}}}}\n\
             - {{id: old, hash: '{}', subject: x, disabled: true}}\n",
            hash('a'),
            hash('B')
        );
        let list = parse(&text).unwrap();
        assert_eq!(list.len(), 2);
        let first = list.find(&[0xaa; 32]).unwrap();
        let claims: Value = serde_json::from_str(&first.claims).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({
                "iss": "api-keys", "sub": "robot", "client_id": "ci", "scope": "read write",
                "exp": 1_801_353_600, "aud": "api", "team": {"n": 1},
            })
        );
        assert!(!first.disabled && list.has(&first.fingerprint));
        assert!(list.find(&[0xbb; 32]).unwrap().disabled);
        assert!(list.find(&[0xcc; 32]).is_none() && !list.has(&[0; 32]));
        // JSON is YAML.
        let json = format!(
            r#"[{{"id": "ci", "hash": "{}", "subject": "robot"}}]"#,
            hash('0')
        );
        assert_eq!(parse(&json).unwrap().len(), 1);
        assert_eq!(parse("[]").unwrap().len(), 0);
    }

    #[test]
    fn each_change_of_a_line_is_another_line() {
        let line = |rest: &str| {
            let text = format!("[{{id: ci, hash: '{}', subject: robot{rest}}}]", hash('a'));
            parse(&text).unwrap().find(&[0xaa; 32]).unwrap().fingerprint
        };
        let lines: HashSet<_> = [
            "",
            ", disabled: true",
            ", scopes: [read]",
            ", expires: 2027-01-31",
            ", claims: {a: 1}",
        ]
        .map(line)
        .into();
        assert_eq!(lines.len(), 5);
        assert_eq!(line(""), line(", disabled: false"));
    }

    #[test]
    fn all_problems_are_reported_by_line() {
        let text = format!(
            "- id: ci\n  hash: dw_0123456789\n  subject: a\n\
             - id: b b\n  hash: '{}'\n  subjet: a\n  expires: tomorrow\n\
             - {{id: c, hash: '{}', subject: a, claims: {{iss: me}}}}\n\
             - {{id: d, hash: '{}', subject: a, claims: {{aud: 1}}}}\n\
             - {{id: e, hash: '{}', subject: a, scopes: ['a b']}}\n",
            hash('a'),
            hash('b'),
            hash('c'),
            hash('d'),
        );
        insta::assert_snapshot!(parse(&text).unwrap_err());
        let twice = format!(
            "- {{id: a, hash: '{}', subject: a}}\n- {{id: a, hash: '{}', subject: a}}\n- {{id: c, hash: '{}', subject: a}}\n",
            hash('a'),
            hash('b'),
            hash('a')
        );
        insta::assert_snapshot!(parse(&twice).unwrap_err());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, message) in [
            ("", "keys.yaml: is empty (write [] for no keys)"),
            ("# nothing\n", "keys.yaml: is empty (write [] for no keys)"),
            (
                "a: 1",
                "keys.yaml:1:1: not a list (write [a, b], or a line with - for each)",
            ),
            ("text", "keys.yaml:1:1: not a mapping (write name: value)"),
            (
                "[1]",
                "keys.yaml:1:2: [0]: not a mapping (write name: value)",
            ),
            (
                "- {id: a",
                "keys.yaml:1:3: unclosed bracket '{' (see whether a bracket or a quote in front of it is still open, \
                 and write a text with special characters in quotes)",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), message, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r#"(- |id|hash|subject|claims|: |sha256:|[a-f0-9]|[\[\]{},\n '"é]){0,40}"#) {
            let _ = parse(&text);
        }
    }
}
