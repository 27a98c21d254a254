//! The hash of a password in a file.

mod argon2id_hash;
mod bcrypt_hash;
mod hash_cost;
#[cfg(test)]
mod tests;
mod unsupported;

use argon2id_hash::Argon2idHash;
pub(super) use hash_cost::HashCost;
use unsupported::unsupported;

use crate::config_reader::Invalid;

/// The hash of a password, by an algorithm that is slow on purpose.
///
/// It has no `Debug` on purpose: passwords can be guessed from it.
#[derive(Clone)]
pub struct StoredHash {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Bcrypt { cost: u32 },
    Argon2id(Box<Argon2idHash>),
}

impl StoredHash {
    /// Parses the hash of a line. Fails with the kind of a hash that is not supported. The text is
    /// never shown: it may be a password.
    pub(super) fn parse(text: &str, max_cost: u32) -> Result<Self, Invalid> {
        let kind = if bcrypt_hash::is_begun(text) {
            let cost = bcrypt_hash::parse(text, max_cost)?;
            Kind::Bcrypt { cost }
        } else if Argon2idHash::is_begun(text) {
            Kind::Argon2id(Argon2idHash::parse(text)?.into())
        } else {
            return Err(unsupported(text));
        };
        Ok(Self {
            text: text.into(),
            kind,
        })
    }

    /// Returns a hash of this cost that is not made from any password.
    pub(super) fn dummy(cost: HashCost) -> Option<Self> {
        match cost {
            HashCost::Bcrypt(cost) => Self::parse(&bcrypt_hash::dummy(cost), cost).ok(),
            HashCost::Argon2id {
                memory,
                passes,
                lanes,
                output,
            } => {
                let hash = Argon2idHash::dummy(memory, passes, lanes, output)?;
                Some(Self {
                    text: "".into(),
                    kind: Kind::Argon2id(hash.into()),
                })
            }
        }
    }

    /// Returns `true` if this is the hash of the password. It takes about the same time for each
    /// password, and may take a second: never call it on a runtime's thread.
    pub fn is_of(&self, password: &[u8]) -> bool {
        match &self.kind {
            Kind::Bcrypt { .. } => bcrypt_hash::is_of(&self.text, password),
            Kind::Argon2id(hash) => hash.is_of(password),
        }
    }

    /// Returns the hash as it is in the file. It must not be shown.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Returns what one hash costs.
    pub(super) fn cost(&self) -> HashCost {
        match &self.kind {
            Kind::Bcrypt { cost } => HashCost::Bcrypt(*cost),
            Kind::Argon2id(hash) => hash.cost(),
        }
    }
}
