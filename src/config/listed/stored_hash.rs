//! The hash of a password in a file.

use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bcrypt::HashParts;

use crate::config_reader::Invalid;

/// The most bytes of a password that bcrypt reads. It ignores all that follow.
const BCRYPT_MAX_PASSWORD: usize = 72;

/// The most memory of a hash by argon2id, in KiB.
const MAX_MEMORY: u32 = 64 * 1024;

/// The most passes of a hash by argon2id.
const MAX_PASSES: u32 = 4;

/// The most lanes of a hash by argon2id. They are computed one after the other.
const MAX_LANES: u32 = 16;

/// The least length of salt and output of a hash by argon2id, in bytes.
const MIN_SALT: usize = 8;
const MIN_OUTPUT: usize = 16;

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
    Bcrypt,
    Argon2id(Box<Argon2idParts>),
}

#[derive(Clone)]
struct Argon2idParts {
    params: Params,
    salt: Box<[u8]>,
    output: Box<[u8]>,
}

/// What one hash costs. Between costs of one algorithm, the greater one takes about as long or
/// longer; between algorithms, the order says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum HashCost {
    Bcrypt(u32),
    Argon2id {
        memory: u32,
        passes: u32,
        lanes: u32,
        output: usize,
    },
}

impl StoredHash {
    /// Parses the hash of a line. Fails with the kind of a hash that is not supported. The text is
    /// never shown: it may be a password.
    pub(super) fn parse(text: &str, max_cost: u32) -> Result<Self, Invalid> {
        if ["$2y$", "$2b$", "$2a$"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            return Self::bcrypt(text, max_cost);
        }
        if text.starts_with("$argon2id$") {
            return Self::argon2id(text);
        }
        Err(unsupported(text))
    }

    /// Returns a hash of this cost that is not made from any password.
    pub(super) fn dummy(cost: HashCost) -> Option<Self> {
        match cost {
            HashCost::Bcrypt(cost) => {
                let text = format!("$2b${cost:02}$......................{}", ".".repeat(31));
                Self::bcrypt(&text, cost).ok()
            }
            HashCost::Argon2id {
                memory,
                passes,
                lanes,
                output,
            } => {
                let params = Params::new(memory, passes, lanes, Some(output)).ok()?;
                let parts = Argon2idParts {
                    params,
                    salt: [0; 16].into(),
                    output: vec![0; output].into(),
                };
                Some(Self {
                    text: "".into(),
                    kind: Kind::Argon2id(Box::new(parts)),
                })
            }
        }
    }

    /// Returns `true` if this is the hash of the password. It takes about the same time for each
    /// password, and may take a second: never call it on a runtime's thread.
    pub fn is_of(&self, password: &[u8]) -> bool {
        match &self.kind {
            Kind::Bcrypt => {
                let counted = password.get(..BCRYPT_MAX_PASSWORD).unwrap_or(password);
                let matches = bcrypt::verify(counted, &self.text).unwrap_or(false);
                // Otherwise a longer password would pass with any end. It is refused only after the
                // hash, so that it takes as long as any other.
                matches && password.len() <= BCRYPT_MAX_PASSWORD
            }
            Kind::Argon2id(parts) => {
                let mut output = vec![0; parts.output.len()];
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parts.params.clone());
                let hashed = argon2.hash_password_into(password, &parts.salt, &mut output);
                hashed.is_ok() && verify_slices_are_equal(&output, &parts.output).is_ok()
            }
        }
    }

    /// Returns the hash as it is in the file. It must not be shown.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Returns what one hash costs.
    pub(super) fn cost(&self) -> HashCost {
        match &self.kind {
            Kind::Bcrypt => {
                let digits = self.text.get(4..6).and_then(|digits| digits.parse().ok());
                HashCost::Bcrypt(digits.unwrap_or(0))
            }
            Kind::Argon2id(parts) => HashCost::Argon2id {
                memory: parts.params.m_cost(),
                passes: parts.params.t_cost(),
                lanes: parts.params.p_cost(),
                output: parts.output.len(),
            },
        }
    }

    fn bcrypt(text: &str, max_cost: u32) -> Result<Self, Invalid> {
        let malformed = || Invalid::new("a malformed bcrypt hash").hint("was the line cut off?");
        let parts = HashParts::from_str(text).map_err(|_| malformed())?;
        let cost = parts.get_cost();
        if !(4..=31).contains(&cost) {
            return Err(malformed());
        }
        if cost > max_cost {
            let hint = format!(
                "hash it again with `htpasswd -B -C {max_cost}`, or raise htpasswd_max_cost"
            );
            return Err(Invalid::new(format!("a bcrypt hash of cost {cost}")).hint(hint));
        }
        Ok(Self {
            text: text.into(),
            kind: Kind::Bcrypt,
        })
    }

    fn argon2id(text: &str) -> Result<Self, Invalid> {
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
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > MAX_LANES {
            let found =
                format!("an argon2id hash with {memory} KiB, {passes} passes, {lanes} lanes");
            let most = format!(
                "hash it again with at most {MAX_MEMORY} KiB, {MAX_PASSES} passes, {MAX_LANES} lanes"
            );
            return Err(Invalid::new(found).hint(most));
        }
        let parts = Argon2idParts {
            params,
            salt: salt.as_ref().into(),
            output: output.as_bytes().into(),
        };
        Ok(Self {
            text: text.into(),
            kind: Kind::Argon2id(Box::new(parts)),
        })
    }
}

/// Makes the problem of a text that is not a supported hash: it names the kind, if it is known.
fn unsupported(text: &str) -> Invalid {
    let known = [
        ("$apr1$", "an MD5 hash of Apache"),
        ("$1$", "an MD5 hash of crypt"),
        ("$5$", "a SHA-256 hash of crypt"),
        ("$6$", "a SHA-512 hash of crypt"),
        ("$y$", "a yescrypt hash"),
        ("$2x$", "a hash of a bcrypt with a bug"),
        ("$2$", "a hash of the first bcrypt"),
        ("$argon2i$", "an argon2i hash"),
        ("$argon2d$", "an argon2d hash"),
        ("{SHA}", "a SHA-1 hash"),
        ("{SSHA}", "a SHA-1 hash"),
    ];
    let found = known.iter().find(|(start, _)| text.starts_with(start));
    let what = found.map_or(
        "neither bcrypt nor argon2id: plain text, or a hash of crypt",
        |(_, what)| *what,
    );
    Invalid::new(what).hint("hash it again: `htpasswd -B -C 10 FILE USER`, or `argon2 SALT -id -e`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu";

    fn hashed(password: &str, cost: u32) -> String {
        let salt = [7; 16];
        bcrypt::hash_with_salt(password, cost, salt)
            .unwrap()
            .format_for_version(bcrypt::Version::TwoY)
    }

    fn refused(text: &str) -> String {
        StoredHash::parse(text, 10)
            .err()
            .map_or_else(String::new, |invalid| invalid.message)
    }

    #[test]
    fn only_slow_hashes_within_the_bounds_are_accepted() {
        let argon2 = |params: &str| {
            format!(
                "$argon2id$v=19${params}$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObGRdescudvJCs"
            )
        };
        for (text, message) in [
            (hashed("secret", 4), ""),
            (hashed("secret", 11), "a bcrypt hash of cost 11"),
            (format!("{BCRYPT}x"), "a malformed bcrypt hash"),
            (
                hashed("secret", 4).replace("$04$", "$03$"),
                "a malformed bcrypt hash",
            ),
            (argon2("m=65536,t=4,p=4"), ""),
            (
                argon2("m=65537,t=4,p=4"),
                "an argon2id hash with 65537 KiB, 4 passes, 4 lanes",
            ),
            (
                argon2("m=65536,t=5,p=4"),
                "an argon2id hash with 65536 KiB, 5 passes, 4 lanes",
            ),
            (
                argon2("m=65536,t=4,p=17"),
                "an argon2id hash with 65536 KiB, 4 passes, 17 lanes",
            ),
            (argon2("m=1,t=1,p=1"), "a malformed argon2id hash"),
            (
                argon2("t=1,p=1,data=eA"),
                "an argon2id hash with a key id or data",
            ),
            (
                argon2("m=65536,t=1,p=1").replace("v=19", "v=16"),
                "an argon2id hash of an old version",
            ),
            (
                argon2("m=65536,t=1,p=1").replace("$v=19", ""),
                "an argon2id hash of an old version",
            ),
            (
                "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ".into(),
                "a malformed argon2id hash",
            ),
            (
                "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAA".into(),
                "an argon2id hash with a short salt or output",
            ),
            (
                "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA".into(),
                "an argon2i hash",
            ),
            ("$apr1$salt$hash".into(), "an MD5 hash of Apache"),
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=".into(), "a SHA-1 hash"),
            ("$6$salt$hash".into(), "a SHA-512 hash of crypt"),
            ("$2x$04$abc".into(), "a hash of a bcrypt with a bug"),
            (
                "rqXexS6ZhobKA".into(),
                "neither bcrypt nor argon2id: plain text, or a hash of crypt",
            ),
            (
                "secret".into(),
                "neither bcrypt nor argon2id: plain text, or a hash of crypt",
            ),
            (
                String::new(),
                "neither bcrypt nor argon2id: plain text, or a hash of crypt",
            ),
        ] {
            assert_eq!(refused(&text), message, "{text}");
        }
    }

    #[test]
    fn passwords_are_compared_as_a_whole() {
        let of = |password: &str| StoredHash::parse(&hashed(password, 4), 10).ok().unwrap();
        assert!(of("secret").is_of(b"secret") && !of("secret").is_of(b"Secret"));
        assert!(of("").is_of(b"") && !of("").is_of(b"x"));
        let long = "x".repeat(72);
        assert!(of(&long).is_of(long.as_bytes()));
        assert!(
            !of(&long).is_of(format!("{long}y").as_bytes()),
            "bcrypt cuts off"
        );
        assert!(!of(&long).is_of(&long.as_bytes()[..71]));
    }

    /// The vectors of RFC 9106 have secret and data; these two are of the reference implementation
    /// (`echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1` and `-k 256`).
    #[test]
    fn argon2id_agrees_with_the_reference_implementation() {
        for text in [
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            let hash = StoredHash::parse(text, 10).ok().unwrap();
            assert!(
                hash.is_of(b"password") && !hash.is_of(b"Password"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_dummy_costs_the_same_and_has_no_password() {
        let argon2id =
            "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObGRdescudvJCs";
        for text in [hashed("", 5), argon2id.to_owned()] {
            let cost = StoredHash::parse(&text, 12).ok().unwrap().cost();
            let dummy = StoredHash::dummy(cost).unwrap();
            assert_eq!(dummy.cost(), cost);
            assert!(!dummy.is_of(b"") && !dummy.is_of(b"secret"));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in r"(\$2y\$|\$argon2id\$|v=19|m=|t=|p=|[0-9./A-Za-z$=,é]){0,80}") {
            let _ = refused(&text);
        }
    }
}
