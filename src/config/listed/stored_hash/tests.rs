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
        format!("$argon2id$v=19${params}$c29tZXNhbHQ$RdescudvJCsgt3ub+b1dWRWJTmaaJObGRdescudvJCs")
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
