//! Hashes that are not accepted.

use crate::config_reader::Invalid;

/// Makes the problem of a text that is not a supported hash: it names the kind, if it is known.
pub(super) fn unsupported(text: &str) -> Invalid {
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
