//! The list of API keys.

use std::collections::{HashMap, HashSet};

use super::api_key_line::ApiKeyLine;
use super::credential_file::CredentialList;
use crate::policy::LineFingerprint;

/// API keys by the SHA-256 of each.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyList {
    by_sha256: HashMap<[u8; 32], ApiKeyLine>,
    lines: HashSet<LineFingerprint>,
}

impl ApiKeyList {
    /// Returns the key that has this SHA-256.
    pub fn find(&self, sha256: &[u8; 32]) -> Option<&ApiKeyLine> {
        self.by_sha256.get(sha256)
    }

    /// Adds a key. Returns the one that had this SHA-256 before.
    pub(super) fn add(&mut self, sha256: [u8; 32], line: ApiKeyLine) -> Option<ApiKeyLine> {
        self.lines.insert(line.fingerprint);
        self.by_sha256.insert(sha256, line)
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
