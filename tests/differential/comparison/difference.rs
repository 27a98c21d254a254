//! The known differences between the two implementations, and their reasons.

/// Who denies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Doorward,
    Other,
}

macro_rules! differences {
    ($($variant:ident $side:ident $name:literal $why:literal,)+) => {
        /// A known difference between the two implementations.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Difference { $($variant,)+ }

        impl Difference {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Who denies.
            pub const fn side(self) -> Side {
                match self { $(Self::$variant => Side::$side,)+ }
            }

            /// What such a token has.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Why doorward is right.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)+ }
            }
        }
    };
}

differences! {
    Encryption Doorward "`zip` or `enc`"
        "members of a JWE header (RFC 7516 section 4.1), which a JWS does not have; not checked by `jsonwebtoken`",
    Nested Doorward "`cty` of `JWT`"
        "the payload is a token itself (RFC 7519 section 5.2), not a set of claims; not checked by `jsonwebtoken`",
    Typ Doorward "another `typ`"
        "a token of another type must not pass for an access token (RFC 8725 section 3.11); not checked by `jsonwebtoken`",
    NullMember Doorward "`null` for `typ`, `kid`, `cty` or `crit`"
        "the members are strings (RFC 7515 section 4.1); `jsonwebtoken` treats `null` as absent",
    AlgObject Doorward "`alg` as an object"
        "`alg` is a string (RFC 7515 section 4.1.1); `jsonwebtoken` also takes `{\"HS256\":null}`",
    Kid Doorward "`kid` of no key"
        "the key set has no such key (RFC 7515 section 4.1.4); `decode` is given one key and never looks at `kid`",
    Duplicate Doorward "a member twice"
        "names must be unique; RFC 7515 section 4 and RFC 7519 section 4 allow two ways, and refusing is the safer one; `jsonwebtoken` refuses it only for names that it reads, otherwise the last one counts",
    Depth Doorward "deep nesting"
        "more than 32 levels are refused; RFC 8259 section 9 lets each reader set a limit, and that of `jsonwebtoken` is 128",
    Size Doorward "a token of more than 16 KiB"
        "over `max_token_bytes`; `jsonwebtoken` has no limit",
    ClaimsArray Doorward "claims as an array"
        "claims are an object (RFC 7519 section 7.2); `jsonwebtoken` also takes the array `[exp, nbf, sub, iss, aud]`",
    IssArray Doorward "`iss` as an array"
        "`iss` is a string (RFC 7519 section 4.1.1); for `jsonwebtoken` one match in an array is enough",
    Sub Doorward "`sub` that is no string"
        "`sub` is a string (RFC 7519 section 4.1.2); `jsonwebtoken` checks it only if a subject is expected",
    NbfFraction Doorward "`nbf` less than a second ahead"
        "a token is not valid before `nbf` (RFC 7519 section 4.1.5), and fractions count (section 2); `jsonwebtoken` rounds",
    Iat Doorward "`iat` that is no number, or ahead"
        "`iat` is a number (RFC 7519 section 4.1.6), and a time in the future means that a clock is wrong; not checked by `jsonwebtoken`",
    Cnf Doorward "`cnf`"
        "the token is bound to a key (RFC 7800 section 3), and the client has not proven to have it; not checked by `jsonwebtoken`",
    Scope Doorward "`scope` or `scp` of another type"
        "`scope` is a string (RFC 9068 section 2.2.3, RFC 8693 section 4.2), an array at some providers; not checked by `jsonwebtoken`",
    ClaimHeaders Doorward "claims that cannot become headers"
        "too large in total, or a number that would have to be rounded; `jsonwebtoken` makes no headers",
    Ed25519 Other "`alg` of `Ed25519`"
        "the name of EdDSA with this curve (RFC 9864 section 2.2), for keys of this curve only; unknown to `jsonwebtoken`",
    FarExp Other "`exp` of 2^64 and more"
        "a number like any other (RFC 7519 section 2), and far ahead; for `jsonwebtoken` it must fit into 64 bits",
    NegativeNbf Other "negative `nbf`"
        "a number like any other (RFC 7519 section 2), and before 1970; for `jsonwebtoken` it must be positive",
    Unread Other "an ignored header member of a wrong type"
        "`jwk`, `jku`, `x5c`, `x5u` and unknown members are ignored whatever they are (RFC 7515 section 4): no key is taken from them; for `jsonwebtoken` they must have the right type",
    Marker Other "a member of the name `$serde_json::private::RawValue`"
        "a name like any other (RFC 7519 section 4); an internal mark of the JSON reader in `jsonwebtoken`",
}
