//! The file of API keys: a list in YAML or JSON.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::api_key_entry::{ENTRY, Entry, read_entry};
use super::api_key_list::ApiKeyList;
use super::credential_file::CredentialFile;
use crate::config_reader::{
    Content, FilesInUse, InputValue, Invalid, Location, Node, Problem, Problems, Reader, Reported,
    Section, Setting, SettingInput, Shape, document_text,
};

/// The whole file, which has no name in itself.
const KEYS: Setting = Setting::required("", "The keys.").shaped(Shape::Sections(&[ENTRY]));

/// A file of API keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyFile(PathBuf);

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

/// Returns a reader whose only setting is the whole file. Its problems show no value: in the wrong
/// place, any of them may be a key.
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
    Reader::new(Section { values, place }, FilesInUse::default()).hiding_values()
}

/// Makes the list. Reports keys that share a hash or a name: which of two entries counts must not
/// depend on their order.
fn list_of(reader: &mut Reader, entries: Vec<Entry>) -> Result<ApiKeyList, Reported> {
    let (mut list, mut wrong) = (ApiKeyList::default(), Vec::new());
    let (mut ids, mut hashes) = (HashMap::new(), HashMap::new());
    for (index, Entry { sha256, line }) in entries.into_iter().enumerate() {
        if let Some(first) = ids.insert(line.id.clone(), index) {
            let invalid = Invalid::new(format!("has the id of [{first}]"));
            wrong.push((index, invalid.hint("give each key a name of its own")));
        }
        if let Some(first) = hashes.insert(sha256, index) {
            let invalid = Invalid::new(format!("has the hash of [{first}]"));
            wrong.push((index, invalid.hint("keep one of them")));
        }
        list.add(sha256, line);
    }
    reader.refuse_elements(&KEYS, wrong)?;
    Ok(list)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::api_key_entry::written_hash;
    use super::super::credential_file::CredentialList;
    use super::super::sha256::sha256;
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

    /// A message about a file is logged, and is on `/status`.
    #[test]
    fn a_key_in_the_wrong_place_is_never_shown() {
        const KEY: &str = "dw_0123456789abcdefghijklmnopqrstuvw";
        let hash = written_hash(&sha256(&[KEY.as_bytes()]));
        let good = format!("{{id: a, hash: '{hash}', subject: s");
        for text in [
            "KEY",
            "KEY: 1",
            "- KEY",
            "- [KEY]",
            "- KEY: ",
            "- {id: a, KEY: 1}",
            "- {id: KEY, hash: KEY, subject: KEY, expires: KEY, disabled: KEY, claims: KEY}",
            "- {id: KEY KEY}",
            "- {scopes: [KEY KEY, '[KEY', '{KEY', 'KEY\"']}",
            "- {scopes: 'KEY,KEY'}",
            "- {expires: [KEY], disabled: {KEY: 1}}",
            "- {claims: {iss: KEY}}",
            "- {claims: {aud: {KEY: 1}}}",
            "- {claims: {KEY: 1, KEY: 2}}",
            "- {KEY: 1, KEY: 2}",
            "- *KEY",
            "- &KEY",
            "- !KEY x",
            "- !!KEY x",
            "- {<<: KEY}",
            "- 'KEY",
            "- \"KEY\\q\"",
            "- {id: a, KEY",
            "%KEY\n- a",
            "---\nKEY\n---\nKEY",
            "KEY\n- a: b",
            "- a: b\n KEY",
            "\tKEY: 1",
            "- {id: KEY, hash: 'HASH', subject: s}",
            "- {id: a, hash: 'HASH', subject: KEY}",
            "- GOOD, id: KEY}",
            "- GOOD, expires: KEY}",
            "- GOOD, disabled: KEY}",
            "- GOOD, claims: [KEY]}",
            "- GOOD}\n- GOOD}",
        ] {
            let text = text.replace("GOOD", &good).replace("HASH", &hash);
            let error = parse(&text.replace("KEY", KEY)).unwrap_err();
            assert!(!error.contains("0123456789"), "{text}: {error}");
            assert!(error.starts_with("keys.yaml"), "{text}: {error}");
        }
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
