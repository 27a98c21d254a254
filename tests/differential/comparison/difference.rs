//! In what the two judges differ, and why.

/// Who denies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Doorward,
    Other,
}

macro_rules! differences {
    ($($variant:ident $side:ident $name:literal $why:literal,)+) => {
        /// A known difference between the two judges.
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
    Crit Doorward "`crit`"
        "no extension is understood, so each `crit` names one that is not (RFC 7515 section 4.1.11); never looked at there",
    B64 Doorward "`b64`"
        "changes what was signed (RFC 7797 section 3); an unknown member there",
    Encryption Doorward "`zip` or `enc`"
        "members of a JWE header (RFC 7516 section 4.1), which a JWS has not; never looked at there",
    Nested Doorward "`cty` of `JWT`"
        "the payload is a token of its own (RFC 7519 section 5.2), whose claims are not these; never looked at there",
    Typ Doorward "another `typ`"
        "a token of another type must not pass for an access token (RFC 8725 section 3.11); never looked at there",
    NullMember Doorward "`null` for `typ`, `kid` or `cty`"
        "the members are strings (RFC 7515 section 4.1); absent there",
    AlgObject Doorward "`alg` as an object"
        "`alg` is a string (RFC 7515 section 4.1.1); there `{\"HS256\":null}` is one way to write it",
    Kid Doorward "`kid` of no key"
        "the key set has no such key (RFC 7515 section 4.1.4); `decode` is given one key and never looks at `kid`",
    Duplicate Doorward "a member twice"
        "names must be unique, and refusing is the safer of the two ways RFC 7515 section 4 and RFC 7519 section 4 leave; there only for names that are read, else the last one counts",
    Depth Doorward "deep nesting"
        "more than 32 levels are refused, which JSON leaves to its reader (RFC 8259 section 9); there the limit is 128",
    Size Doorward "a token of more than 16 KiB"
        "`max_token_bytes`; no limit there",
    ClaimsArray Doorward "claims as an array"
        "claims are an object (RFC 7519 section 7.2); there `[exp, nbf, sub, iss, aud]` passes for one",
    IssArray Doorward "`iss` as an array"
        "`iss` is a string (RFC 7519 section 4.1.1); there one of several is enough",
    Sub Doorward "`sub` that is no string"
        "`sub` is a string (RFC 7519 section 4.1.2); there it is judged only where one is expected",
    NbfFraction Doorward "`nbf` less than a second ahead"
        "not before is not before (RFC 7519 section 4.1.5), and fractions count (section 2); rounded there",
    Iat Doorward "`iat` that is no number, or ahead"
        "`iat` is a number (RFC 7519 section 4.1.6), and a token from the future comes from a wrong clock; never looked at there",
    Cnf Doorward "`cnf`"
        "the token is bound to a key (RFC 7800 section 3), and nobody has shown to have it; never looked at there",
    Scope Doorward "`scope` or `scp` of another type"
        "`scope` is a string (RFC 9068 section 2.2.3, RFC 8693 section 4.2), an array at some providers; never looked at there",
    ClaimHeaders Doorward "claims that cannot become headers"
        "too large altogether, or a number that would have to be rounded; makes no headers there",
    Ed25519 Other "`alg` of `Ed25519`"
        "the name of EdDSA with this curve (RFC 9864 section 2.2), for keys of this curve only; unknown there",
    FarExp Other "`exp` of 2^64 and more"
        "a number like any other (RFC 7519 section 2), and far ahead; there it must fit into 64 bits",
    NegativeNbf Other "negative `nbf`"
        "a number like any other (RFC 7519 section 2), and before 1970; there it must be positive",
    Unread Other "a header member that nobody reads, of a wrong type"
        "`jwk`, `jku`, `x5c`, `x5u` and unknown members are ignored whatever they are (RFC 7515 section 4): no key is taken from them; there they must be of their type",
    Marker Other "a member of the name `$serde_json::private::RawValue`"
        "a name like any other (RFC 7519 section 4); there a mark inside the JSON reader",
}
