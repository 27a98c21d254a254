//! The digest that a credential is cached by.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use aws_lc_rs::digest;

use crate::domain::{Credential, CredentialForm};
use crate::outbound::dependency::HeapBytes;
use crate::telemetry::DigestStart;

/// The form of a credential and the SHA-256 of its bytes as they were presented: all 32 bytes,
/// because two credentials that shared an entry would share an identity. That of a password is
/// keyed, because passwords can be guessed from a plain digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CredentialDigest {
    form: CredentialForm,
    sha256: [u8; 32],
}

impl CredentialDigest {
    /// Computes the digest of a token.
    pub fn of(credential: &Credential<'_>) -> Self {
        Self {
            form: CredentialForm::Token,
            sha256: sha256(credential.as_bytes()),
        }
    }

    /// Computes the digest of an API key.
    pub(super) fn of_api_key(credential: &Credential<'_>) -> Self {
        Self {
            form: CredentialForm::ApiKey,
            ..Self::of(credential)
        }
    }

    /// Makes the digest of a password from a keyed hash.
    pub(super) const fn of_password(hmac_sha256: [u8; 32]) -> Self {
        Self {
            form: CredentialForm::Password,
            sha256: hmac_sha256,
        }
    }

    /// Returns the SHA-256 of the credential.
    pub(super) const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Returns the first bytes of the SHA-256, for the log.
    pub const fn start(&self) -> DigestStart {
        let [a, b, c, d, ..] = self.sha256;
        DigestStart([a, b, c, d])
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sha256
}

impl HeapBytes for CredentialDigest {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl std::fmt::Debug for CredentialDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CredentialDigest({}…)", self.start())
    }
}

impl Hash for CredentialDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.sha256);
    }
}

/// Hashes a digest by its first bytes, which are as good as random already.
#[derive(Default)]
pub(super) struct DigestHasher(u64);

/// Builds [`DigestHasher`]s.
pub(super) type BuildDigestHasher = BuildHasherDefault<DigestHasher>;

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use quick_cache::UnitWeighter;
    use quick_cache::sync::{Cache, DefaultLifecycle};

    use super::*;
    use crate::domain::{CredentialScheme, SourceIndex};

    fn hash(digest: CredentialDigest) -> u64 {
        BuildDigestHasher::default().hash_one(digest)
    }

    #[test]
    fn digests_that_begin_alike_are_still_two() {
        let one = CredentialDigest {
            form: CredentialForm::Token,
            sha256: [7; 32],
        };
        for same_bytes in [8, 16, 31] {
            let mut other = one;
            other.sha256[same_bytes..].fill(8);
            assert_eq!(hash(one), hash(other), "they collide on purpose");
            assert_ne!(one, other);
            let hasher = BuildDigestHasher::default();
            let cache = Cache::with(10, 10, UnitWeighter, hasher, DefaultLifecycle::default());
            cache.insert(one, "one");
            assert_eq!(
                cache.get(&other),
                None,
                "the first {same_bytes} bytes are equal"
            );
            cache.insert(other, "other");
            assert_eq!(
                (cache.get(&one), cache.get(&other)),
                (Some("one"), Some("other"))
            );
        }
    }

    /// The birthday test: of a million digests no two are equal in the 64 bits that are hashed by,
    /// and about as many pairs as chance would have it are in half of them.
    #[test]
    fn digests_of_many_tokens_differ_as_chance_would_have_it() {
        let digest = |number: u32| {
            let bytes = number.to_be_bytes().to_vec();
            let source = SourceIndex::new(0);
            let credential = Credential::parse(CredentialScheme::Bearer, bytes, source, 4);
            CredentialDigest::of(&credential.unwrap())
        };
        let mut hashes: Vec<_> = (0..1_000_000).map(|number| hash(digest(number))).collect();
        hashes.sort_unstable();
        let mut pairs = [0_u32; 2];
        for pair in hashes.windows(2) {
            pairs[0] += u32::from(pair[0] == pair[1]);
            pairs[1] += u32::from(pair[0] >> 32 == pair[1] >> 32);
        }
        // 10^12 / 2 / 2^32
        assert_eq!(pairs[0], 0);
        assert!(
            (80..160).contains(&pairs[1]),
            "{pairs:?}, and 116 are to be expected"
        );
    }
}
