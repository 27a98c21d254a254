//! The file of users and their passwords, as `htpasswd` writes it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde_json::json;

use super::credential_file::{CredentialFile, CredentialList};
use super::names::BASIC;
use super::stored_hash::{HashCost, StoredHash};
use crate::config_reader::{Invalid, Problem, Problems, document_text};
use crate::policy::LineFingerprint;

/// The most bytes of the name of a user.
const MAX_USER: usize = 255;

/// A file of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordFile {
    path: PathBuf,
    max_cost: u32,
}

/// Users with the hashes of their passwords.
#[derive(Clone, Default)]
pub struct PasswordList {
    by_user: HashMap<Box<str>, PasswordLine>,
    lines: HashSet<LineFingerprint>,
    dummy: Option<StoredHash>,
}

/// One user. It has no `Debug` on purpose: passwords can be guessed from a hash.
#[derive(Clone)]
pub struct PasswordLine {
    /// The hash of the password.
    pub hash: StoredHash,
    /// The digest of all that the line says.
    pub fingerprint: LineFingerprint,
}

impl PasswordFile {
    /// Names a file. A bcrypt hash of a greater cost is refused.
    pub fn new(path: impl Into<PathBuf>, max_cost: u32) -> Self {
        Self {
            path: path.into(),
            max_cost,
        }
    }

    /// Parses one line; `None` for one that is empty or a comment.
    fn line<'a>(&self, line: &'a str) -> Result<Option<(&'a str, StoredHash)>, Invalid> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        // A line that is no pair is not shown: it may be a password.
        let (user, hash) = line.split_once(':').ok_or_else(|| {
            Invalid::new("not understood").hint("write user:hash, as `htpasswd -B FILE USER` does")
        })?;
        // A blank or a byte order mark at the edge would be part of the name, and never be typed.
        let is_trimmed = user.trim() == user && !user.starts_with('\u{feff}');
        if user.is_empty()
            || user.len() > MAX_USER
            || !is_trimmed
            || user.chars().any(char::is_control)
        {
            let invalid = Invalid::new("no name of a user");
            return Err(
                invalid.hint("write 1 to 255 bytes without control characters before the colon")
            );
        }
        let hash = StoredHash::parse(hash, self.max_cost).map_err(|invalid| Invalid {
            message: format!("user {user:?}: {}", invalid.message),
            ..invalid
        })?;
        Ok(Some((user, hash)))
    }
}

impl CredentialFile for PasswordFile {
    type List = PasswordList;

    fn path(&self) -> &Path {
        &self.path
    }

    fn parse(&self, contents: &[u8]) -> Result<PasswordList, Problems> {
        let name = self.path.display().to_string();
        let text =
            document_text(contents).map_err(|invalid| Problem::of_document(&name, invalid))?;
        let (mut list, mut seen, mut problems) =
            (PasswordList::default(), HashMap::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let mut refuse = |invalid: Invalid| {
                let place = format!("{name}:{number}");
                problems.push(Problem::new(place, invalid.message, invalid.hint));
            };
            match self.line(line) {
                Ok(None) => {}
                Ok(Some((user, hash))) => match seen.insert(user, number) {
                    // Which of two passwords counts must not depend on their order.
                    Some(first) => refuse(
                        Invalid::new(format!("user {user:?} is on line {first} too"))
                            .hint("keep one of them"),
                    ),
                    None => list.add(user, hash),
                },
                Err(invalid) => refuse(invalid),
            }
        }
        if problems.is_empty() {
            list.dummy = list.usual_cost().and_then(StoredHash::dummy);
            Ok(list)
        } else {
            Err(problems.into())
        }
    }
}

impl PasswordList {
    /// Returns the line of this user.
    pub fn find(&self, user: &str) -> Option<&PasswordLine> {
        self.by_user.get(user)
    }

    /// Returns a hash for users that are not in the list, so that they cost as much as most of
    /// those that are; `None` if there is no user.
    pub const fn dummy(&self) -> Option<&StoredHash> {
        self.dummy.as_ref()
    }

    fn add(&mut self, user: &str, hash: StoredHash) {
        let fingerprint = fingerprint(user, &hash);
        self.lines.insert(fingerprint);
        let line = PasswordLine { hash, fingerprint };
        self.by_user.insert(user.into(), line);
    }

    /// Returns the most frequent cost, and of two the greater one.
    fn usual_cost(&self) -> Option<HashCost> {
        let mut times: HashMap<HashCost, usize> = HashMap::new();
        for line in self.by_user.values() {
            *times.entry(line.hash.cost()).or_default() += 1;
        }
        let most = times
            .into_iter()
            .max_by_key(|(cost, times)| (*times, *cost));
        most.map(|(cost, _)| cost)
    }
}

impl CredentialList for PasswordList {
    fn has(&self, line: &LineFingerprint) -> bool {
        self.lines.contains(line)
    }

    fn len(&self) -> usize {
        self.by_user.len()
    }
}

/// Returns the claims of a user, as a JSON object.
pub fn claims_of_user(user: &str) -> String {
    json!({"iss": BASIC, "sub": user}).to_string()
}

fn fingerprint(user: &str, hash: &StoredHash) -> LineFingerprint {
    let mut context = digest::Context::new(&digest::SHA256);
    // A user has no NUL.
    for part in [user.as_bytes(), b"\0", hash.as_written().as_bytes()] {
        context.update(part);
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<PasswordList, String> {
        let file = PasswordFile::new("htpasswd", 10);
        let parsed = file.parse(text.as_bytes());
        parsed.map_err(|problems| problems.to_string())
    }

    fn hash(password: &str, cost: u32) -> String {
        let parts = bcrypt::hash_with_salt(password, cost, [7; 16]).unwrap();
        parts.format_for_version(bcrypt::Version::TwoY)
    }

    #[test]
    fn users_are_found_by_their_exact_names() {
        let text = format!(
            "# users\r\nalice:{}\r\n\r\nAlice:{}\nél an:{}",
            hash("a", 4),
            hash("b", 4),
            hash("c", 5)
        );
        let list = parse(&text).ok().unwrap();
        assert_eq!(list.len(), 3);
        for (user, password) in [("alice", "a"), ("Alice", "b"), ("él an", "c")] {
            let line = list.find(user).unwrap();
            assert!(line.hash.is_of(password.as_bytes()) && list.has(&line.fingerprint));
        }
        assert!(list.find("bob").is_none() && list.find("alice ").is_none());
        assert_eq!(list.dummy().unwrap().cost(), HashCost::Bcrypt(4));
        assert!(parse("").ok().unwrap().dummy().is_none());
        for name in [" bob", "bob ", "\u{feff}bob"] {
            assert!(
                parse(&format!("{name}:{}", hash("a", 4))).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn all_problems_are_reported_by_line_and_no_password_is_shown() {
        let text = format!(
            "alice:{}\nbob:hunter2\n# none\nhunter2\n:{}\ncarol:$apr1$x$y\nalice:{}\ndave:{}\n\u{7}:x\nerin:{}",
            hash("a", 4),
            hash("a", 4),
            hash("b", 4),
            hash("a", 11),
            hash("a", 4).get(..59).unwrap(),
        );
        let problems = parse(&text).err().unwrap();
        assert!(!problems.contains("hunter2") && !problems.contains("$2y$"));
        insta::assert_snapshot!(problems);
        assert_eq!(
            PasswordFile::new("htpasswd", 10)
                .parse(b"\xff")
                .err()
                .unwrap()
                .to_string(),
            "htpasswd:1:1: not UTF-8 (save it as UTF-8, as `iconv -f LATIN1 -t UTF-8 FILE` does)"
        );
    }

    #[test]
    fn unknown_users_cost_what_most_users_cost() {
        let users = |costs: &[u32]| {
            let lines = costs.iter().enumerate();
            let lines = lines.map(|(number, cost)| format!("user{number}:{}\n", hash("x", *cost)));
            let text = lines.collect::<Vec<_>>().concat();
            parse(&text).ok().unwrap().dummy().unwrap().cost()
        };
        assert_eq!(users(&[4, 5, 4]), HashCost::Bcrypt(4));
        assert_eq!(users(&[5, 4]), HashCost::Bcrypt(5));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r"(:|\$2y\$|\n|\r|#|[a-z$./]|é|\x00){0,60}") {
            let _ = parse(&text);
        }
    }
}
