//! The form of API keys: a prefix, random characters and a check sum.

use std::fmt;

use aws_lc_rs::rand;

/// The digits of base62, in the order of their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The number of random characters in a new key: more than 160 bits.
const RANDOM_CHARACTERS: usize = 27;

/// The number of characters that hold the check sum of 32 bits.
const CHECKSUM_CHARACTERS: usize = 6;

/// The form of API keys: a prefix, random characters and a check sum.
///
/// # Examples
///
/// ```
/// use doorward::config::{ApiKeyForm, MalformedApiKey};
///
/// let form = ApiKeyForm::new("dw", true);
/// let key = form.generate().unwrap();
/// assert!(key.starts_with("dw_") && form.check(key.as_bytes()).is_ok());
/// assert_eq!(form.check(b"dw_x"), Err(MalformedApiKey::TooShort));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyForm {
    /// The prefix with its `_`.
    prefix: Box<str>,
    has_checksum: bool,
}

/// The reason why a text has not the form of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedApiKey {
    /// There are too few characters behind the prefix.
    #[error("too short")]
    TooShort,
    /// A character is none of base62.
    #[error("a character other than 0-9, A-Z and a-z")]
    Character,
    /// The check sum does not match: the key was mistyped or cut off.
    #[error("the check sum does not match")]
    Checksum,
}

impl ApiKeyForm {
    /// Creates the form of keys that begin with `PREFIX_`.
    pub fn new(prefix: &str, has_checksum: bool) -> Self {
        Self {
            prefix: format!("{prefix}_").into(),
            has_checksum,
        }
    }

    /// Returns how the keys begin.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns `true` if a credential begins as these keys do.
    pub fn is_begun_by(&self, credential: &[u8]) -> bool {
        credential.starts_with(self.prefix.as_bytes())
    }

    /// Checks the form of a credential that begins as these keys do. A key of the right form need
    /// not be in the list.
    pub fn check(&self, key: &[u8]) -> Result<(), MalformedApiKey> {
        let rest = key.get(self.prefix.len()..).unwrap_or_default();
        if !self.has_checksum {
            return if rest.is_empty() {
                Err(MalformedApiKey::TooShort)
            } else {
                Ok(())
            };
        }
        if rest.len() < RANDOM_CHARACTERS + CHECKSUM_CHARACTERS {
            return Err(MalformedApiKey::TooShort);
        }
        if !rest.iter().all(u8::is_ascii_alphanumeric) {
            return Err(MalformedApiKey::Character);
        }
        let (before, written) = key.split_at(key.len() - CHECKSUM_CHARACTERS);
        if checksum(before).as_slice() == written {
            Ok(())
        } else {
            Err(MalformedApiKey::Checksum)
        }
    }

    /// Makes a new key. It always has a check sum. Returns `None` if the system has no random
    /// bytes.
    pub fn generate(&self) -> Option<String> {
        let mut key = self.prefix.to_string();
        let wanted = key.len() + RANDOM_CHARACTERS;
        let mut random = [0; 64];
        while key.len() < wanted {
            rand::fill(&mut random).ok()?;
            // The greatest multiple of 62 in a byte: with more, some digits would be more likely.
            let digits = random.iter().filter(|byte| **byte < 248);
            let digits = digits.filter_map(|byte| DIGITS.get(usize::from(byte % 62)));
            key.extend(
                digits
                    .take(wanted - key.len())
                    .map(|digit| char::from(*digit)),
            );
        }
        let sum = checksum(key.as_bytes());
        key.extend(sum.map(char::from));
        Some(key)
    }
}

/// Displays it for people.
impl fmt::Display for ApiKeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.prefix)?;
        if self.has_checksum {
            let characters = RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
            write!(
                f,
                ", at least {characters} letters and digits with a check sum"
            )?;
        }
        Ok(())
    }
}

/// Returns the CRC-32 (ISO-HDLC) of these bytes in base62, the most significant digit first.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_CHARACTERS] {
    let mut rest = crc32(bytes);
    let mut digits = [b'0'; CHECKSUM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(rest % 62)
            .ok()
            .and_then(|value| DIGITS.get(value).copied())
            .unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// Computes CRC-32/ISO-HDLC, as in gzip and PNG. A key is too short for a table to pay off.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            let is_odd = sum & 1 == 1;
            (sum >> 1) ^ if is_odd { POLYNOMIAL } else { 0 }
        })
    });
    !sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_crc32_in_base62() {
        // The check value of the catalogue of CRCs (CRC-32/ISO-HDLC), and the empty text.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(checksum(b""), *b"000000");
        // 0xCBF43926 = 3 421 780 262, by hand in base62.
        assert_eq!(checksum(b"123456789"), *b"3jZRME");
    }

    #[test]
    fn the_form_is_checked_part_by_part() {
        let form = ApiKeyForm::new("acme", true);
        let key = form.generate().unwrap();
        assert_eq!(key.len(), "acme_".len() + 33);
        assert!(form.is_begun_by(key.as_bytes()) && !form.is_begun_by(b"acme"));
        assert!(!form.is_begun_by(b"ACME_") && !form.is_begun_by(b" acme_"));
        let check = |text: &str| form.check(text.as_bytes());
        assert_eq!(check(&key), Ok(()));
        let longer = format!("acme_{}", "0".repeat(100));
        let sum = checksum(longer.as_bytes());
        let longer = longer + std::str::from_utf8(&sum).unwrap();
        assert_eq!(check(&longer), Ok(()));
        assert_eq!(check(&key[..key.len() - 1]), Err(MalformedApiKey::TooShort));
        assert_eq!(check(&format!("{key}0")), Err(MalformedApiKey::Checksum));
        assert_eq!(check(&format!("{key}-")), Err(MalformedApiKey::Character));
        assert_eq!(check(&format!("{key} ")), Err(MalformedApiKey::Character));
        // Keys that were made elsewhere.
        let form = ApiKeyForm::new("acme", false);
        assert_eq!(form.check(b"acme_x-y"), Ok(()));
        assert_eq!(form.check(b"acme_"), Err(MalformedApiKey::TooShort));
    }

    #[test]
    fn new_keys_differ_and_use_all_digits() {
        let form = ApiKeyForm::new("dw", true);
        let keys: std::collections::HashSet<_> =
            (0..1000).map(|_| form.generate().unwrap()).collect();
        assert_eq!(keys.len(), 1000);
        let random: String = keys.iter().map(|key| &key[3..30]).collect();
        for digit in DIGITS {
            let times = random.bytes().filter(|byte| byte == digit).count();
            // 27,000 / 62 = 435, give or take five standard deviations.
            assert!(
                (330..540).contains(&times),
                "{}: {times}",
                char::from(*digit)
            );
        }
    }

    proptest! {
        #[test]
        fn no_changed_character_is_overlooked(at in 3..36_usize, to in 0..62_usize) {
            let form = ApiKeyForm::new("dw", true);
            let mut key = form.generate().unwrap().into_bytes();
            prop_assume!(key[at] != DIGITS[to]);
            key[at] = DIGITS[to];
            prop_assert_eq!(form.check(&key), Err(MalformedApiKey::Checksum));
        }

        #[test]
        fn nothing_panics(bytes in any::<Vec<u8>>()) {
            for has_checksum in [true, false] {
                let _ = ApiKeyForm::new("dw", has_checksum).check(&bytes);
            }
        }
    }
}
