//! Signature algorithms.

use std::fmt;
use std::str::FromStr;

macro_rules! algorithms {
    ($($variant:ident $name:literal $family:ident,)+) => {
        /// A signature algorithm (RFC 7518 section 3, RFC 8037 section 3.1, RFC 8812 section 3.2,
        /// RFC 9964 section 3).
        ///
        /// `none` is not a variant, so an unsigned token cannot be expressed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, non_camel_case_types)] // the names are the RFCs'
        pub enum Algorithm { $($variant,)+ }

        impl Algorithm {
            /// All algorithms that this service verifies.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The fully-specified name of `EdDSA` with Ed25519 (RFC 9864).
            pub const ED25519: &str = "Ed25519";

            /// Returns the name, as in the `alg` header.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the kind of key that the algorithm works with.
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)+ }
            }
        }
    };
}

algorithms! {
    RS256 "RS256" Rsa,
    RS384 "RS384" Rsa,
    RS512 "RS512" Rsa,
    PS256 "PS256" Rsa,
    PS384 "PS384" Rsa,
    PS512 "PS512" Rsa,
    ES256 "ES256" EllipticCurve,
    ES384 "ES384" EllipticCurve,
    ES512 "ES512" EllipticCurve,
    ES256K "ES256K" EllipticCurve,
    EdDSA "EdDSA" Edwards,
    HS256 "HS256" Secret,
    HS384 "HS384" Secret,
    HS512 "HS512" Secret,
    ML_DSA_44 "ML-DSA-44" Lattice,
    ML_DSA_65 "ML-DSA-65" Lattice,
    ML_DSA_87 "ML-DSA-87" Lattice,
}

/// The kind of key that an algorithm works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// RSA keys (`kty` `RSA`).
    Rsa,
    /// Points on an elliptic curve (`kty` `EC`).
    EllipticCurve,
    /// Edwards-curve keys (`kty` `OKP`).
    Edwards,
    /// Shared secrets (`kty` `oct`).
    Secret,
    /// Module-lattice keys, which name their algorithm themselves (`kty` `AKP`).
    Lattice,
}

/// The error for a name that is no supported algorithm. Names are case-sensitive (RFC 7515 section
/// 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a supported signature algorithm")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        // RFC 9864 gives EdDSA with Ed25519 a name of its own; it is the same algorithm.
        let name = if name == Self::ED25519 {
            Self::EdDSA.name()
        } else {
            name
        };
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self
                .0
                .iter()
                .map(|algorithm| algorithm.name())
                .collect::<Vec<_>>()
                .join(", "),
        )
    }
}

/// An allow-list of algorithms (RFC 8725 section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithms(Vec<Algorithm>);

impl Algorithms {
    /// Creates a list of exactly these algorithms.
    pub fn new(algorithms: Vec<Algorithm>) -> Self {
        Self(algorithms)
    }

    /// Returns all algorithms that work with public keys.
    pub fn asymmetric() -> Self {
        Self(
            Algorithm::ALL
                .iter()
                .copied()
                .filter(|algorithm| algorithm.family() != Family::Secret)
                .collect(),
        )
    }

    /// Returns `true` if the algorithm is on the list.
    pub fn contains(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }

    /// Returns the first algorithm of the list that works with this kind of key.
    pub fn first_of(&self, family: Family) -> Option<Algorithm> {
        self.iter().find(|algorithm| algorithm.family() == family)
    }

    /// Returns the algorithms of the list that work with this kind of key, each once.
    pub(super) fn of_family(&self, family: Family) -> Vec<Algorithm> {
        let all = Algorithm::ALL.iter().copied();
        all.filter(|algorithm| algorithm.family() == family && self.contains(*algorithm))
            .collect()
    }

    /// Iterates over the algorithms in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = Algorithm> {
        self.0.iter().copied()
    }
}
