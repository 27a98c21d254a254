//! Hashes by argon2id.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::hash_cost::HashCost;
use crate::config_reader::Invalid;

/// The most memory of a hash, in KiB.
const MAX_MEMORY: u32 = 64 * 1024;

/// The most passes of a hash.
const MAX_PASSES: u32 = 4;

/// The most lanes of a hash. They are computed one after the other.
const MAX_LANES: u32 = 16;

/// The least length of salt and output of a hash, in bytes.
const MIN_SALT: usize = 8;
const MIN_OUTPUT: usize = 16;

/// A hash by argon2id.
#[derive(Clone)]
pub(super) struct Argon2idHash {
    params: Params,
    salt: Box<[u8]>,
    output: Box<[u8]>,
}

impl Argon2idHash {
    /// Returns `true` if a text begins as such hashes do.
    pub(super) fn is_begun(text: &str) -> bool {
        text.starts_with("$argon2id$")
    }

    /// Parses a hash in the form of PHC.
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let malformed = || Invalid::new("a malformed argon2id hash").hint("was the line cut off?");
        let hash = phc::PasswordHash::new(text).map_err(|_| malformed())?;
        if hash.version != Some(Version::V0x13.into()) {
            let invalid = Invalid::new("an argon2id hash of an old version");
            return Err(invalid.hint("hash it again: v=19"));
        }
        let params = Params::try_from(&hash).map_err(|_| malformed())?;
        let (salt, output) = hash.salt.zip(hash.hash).ok_or_else(malformed)?;
        if salt.len() < MIN_SALT || output.len() < MIN_OUTPUT {
            let invalid = Invalid::new("an argon2id hash with a short salt or output");
            return Err(
                invalid.hint("hash it again with at least 8 bytes of salt and 16 of output")
            );
        }
        // Only m, t and p count; a key or data would make another hash.
        if !params.keyid().is_empty() || !params.data().is_empty() {
            let invalid = Invalid::new("an argon2id hash with a key id or data");
            return Err(invalid.hint("hash it again without them"));
        }
        refuse_expensive(&params)?;
        Ok(Self {
            params,
            salt: salt.as_ref().into(),
            output: output.as_bytes().into(),
        })
    }

    /// Returns a hash of these parameters that is not made from any password.
    pub(super) fn dummy(memory: u32, passes: u32, lanes: u32, output: usize) -> Option<Self> {
        Some(Self {
            params: Params::new(memory, passes, lanes, Some(output)).ok()?,
            salt: [0; 16].into(),
            output: vec![0; output].into(),
        })
    }

    /// Returns `true` if this is the hash of the password.
    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let mut output = vec![0; self.output.len()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hashed = argon2.hash_password_into(password, &self.salt, &mut output);
        hashed.is_ok() && verify_slices_are_equal(&output, &self.output).is_ok()
    }

    /// Returns what one hash costs.
    pub(super) fn cost(&self) -> HashCost {
        HashCost::Argon2id {
            memory: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
            output: self.output.len(),
        }
    }
}

fn refuse_expensive(params: &Params) -> Result<(), Invalid> {
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    if memory <= MAX_MEMORY && passes <= MAX_PASSES && lanes <= MAX_LANES {
        return Ok(());
    }
    let found = format!("an argon2id hash with {memory} KiB, {passes} passes, {lanes} lanes");
    let most = format!(
        "hash it again with at most {MAX_MEMORY} KiB, {MAX_PASSES} passes, {MAX_LANES} lanes"
    );
    Err(Invalid::new(found).hint(most))
}
