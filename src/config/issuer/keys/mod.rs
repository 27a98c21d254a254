//! The source of an issuer's keys.

pub(crate) mod fetch;
mod file;
mod fixed;
pub(crate) mod refresh;
mod remote;

pub use fetch::FetchSettings;
pub use file::{FileKeys, InvalidKeyFile};
pub use fixed::decode_secret;
pub(crate) use fixed::hex;
pub use refresh::RefreshSettings;
pub(crate) use remote::JWKS_URL;
pub(super) use remote::metadata_documents;
pub use remote::{KeyLocation, RemoteKeys, is_trustworthy};

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::jose::{Algorithm, Algorithms, Family, KeySet};
use file::JWKS_FILE;
use fixed::{
    ENCODINGS, HMAC_SECRET, HMAC_SECRET_ENCODING, HMAC_SECRET_PREVIOUS, JWKS, PUBLIC_KEY_FILE,
};
use remote::DISCOVERY_URL;

pub(super) const ALGORITHMS: Setting = Setting::optional(
    "algorithms",
    "all asymmetric algorithms; with `hmac_secret` only `HS256`",
    "Signature algorithms that are accepted (RFC 8725 section 3.1). An RSA key without `alg` may be used with every RSA algorithm in this list. An EC key is used only with the algorithm of its curve.",
).shaped(Shape::List(&Shape::Algorithm));

pub(super) const SETTINGS: &[Setting] = &[
    DISCOVERY_URL,
    JWKS_URL,
    JWKS_FILE,
    JWKS,
    PUBLIC_KEY_FILE,
    HMAC_SECRET,
    HMAC_SECRET_PREVIOUS,
    HMAC_SECRET_ENCODING,
];

/// The source of an issuer's keys.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// Keys that were read with the configuration and do not change.
    Fixed {
        /// The keys.
        keys: KeySet,
        /// The algorithms that tokens may be signed with.
        algorithms: Algorithms,
    },
    /// Keys in a file that is read again at an interval.
    File(FileKeys),
    /// Keys that are fetched over HTTP.
    Remote(RemoteKeys),
    /// No keys: the issuer is asked about every token.
    Unneeded(Algorithms),
}

impl KeySource {
    /// Returns the algorithms that tokens may be signed with.
    pub const fn algorithms(&self) -> &Algorithms {
        match self {
            Self::Fixed { algorithms, .. } | Self::Unneeded(algorithms) => algorithms,
            Self::File(file) => &file.algorithms,
            Self::Remote(remote) => &remote.algorithms,
        }
    }

    /// Returns `false` if nothing of the issuer is verified with keys.
    pub const fn are_needed(&self) -> bool {
        !matches!(self, Self::Unneeded(_))
    }

    /// Returns `true` if both sources are refreshed from the same place with the same settings.
    pub fn has_same_refresh_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(own), Self::File(other)) => own == other,
            (Self::Remote(own), Self::Remote(other)) => own == other,
            _ => false,
        }
    }

    /// Returns `true` if keys that came from `self` may also be used for `other`: they belong to
    /// the same party, and an attacker who could have replaced them on the way to `self` could do
    /// so on the way to `other`. The refresh times and the algorithms may differ.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(own), Self::File(other)) => own.is_same_file(other),
            (Self::Remote(own), Self::Remote(other)) => {
                own.location == other.location && own.fetch.trusts_like(&other.fetch)
            }
            _ => false,
        }
    }

    /// Returns the key sources that are set; exactly one may be.
    pub(super) fn given(reader: &Reader) -> Vec<Setting> {
        let sources = [
            DISCOVERY_URL,
            JWKS_URL,
            JWKS_FILE,
            JWKS,
            PUBLIC_KEY_FILE,
            HMAC_SECRET,
        ];
        sources
            .into_iter()
            .filter(|source| reader.is_given(source))
            .collect()
    }

    /// Reads the source. `is_needed` says that tokens, or the answers about them, are verified with
    /// keys; otherwise an issuer needs no key source.
    pub(super) fn read(
        reader: &mut Reader,
        issuer: Result<Option<&str>, Reported>,
        fetch: Result<FetchSettings, Reported>,
        is_needed: bool,
    ) -> Result<Self, Reported> {
        let given = Self::given(reader);
        let algorithms = read_algorithms(reader, given.contains(&HMAC_SECRET));
        let encoding = reader.read(&HMAC_SECRET_ENCODING, value::one_of(ENCODINGS));
        if !given.contains(&HMAC_SECRET)
            && reader
                .optional(&HMAC_SECRET_PREVIOUS, |_| Ok(()))?
                .is_some()
        {
            let alone = Invalid::new("has no meaning without $hmac_secret")
                .hint("the secret that signs is $hmac_secret");
            return Err(reader.refuse(&HMAC_SECRET_PREVIOUS, alone));
        }
        // These settings are read even if nothing is fetched, so that their mistakes are reported.
        let refresh = RefreshSettings::read(reader);
        match given.as_slice() {
            [] | [DISCOVERY_URL | JWKS_URL] if !is_needed => {
                fetch.and(refresh.map(drop))?;
                Ok(Self::Unneeded(algorithms?))
            }
            [] | [DISCOVERY_URL | JWKS_URL] => {
                RemoteKeys::read(reader, issuer, algorithms, fetch, refresh).map(Self::Remote)
            }
            [JWKS_FILE] => {
                fetch?;
                FileKeys::configured(reader, algorithms?, refresh?).map(Self::File)
            }
            [only] => {
                fetch.and(refresh.map(drop))?;
                let algorithms = algorithms?;
                let keys = fixed::read(reader, only, &algorithms, encoding?)?;
                Ok(Self::Fixed { keys, algorithms })
            }
            several => Err(refuse_others(reader, several)),
        }
    }
}

/// Reports all key sources but one. Sources without a value are reported first, because they are
/// not meant; otherwise the first source counts, and each further one is reported.
fn refuse_others(reader: &mut Reader, given: &[Setting]) -> Reported {
    let empty: Vec<_> = given
        .iter()
        .filter(|source| reader.is_empty(source))
        .collect();
    if !empty.is_empty() {
        for source in empty {
            reader.refuse(
                source,
                Invalid::new("empty").hint("give a value, or leave the setting out"),
            );
        }
        return Reported;
    }
    let first = given.first().map(|first| reader.mention(first));
    let first = first.unwrap_or_default();
    for other in given.iter().skip(1) {
        let message = format!("a second key source beside {first}");
        reader.refuse(other, Invalid::new(message).hint("keep one of them"));
    }
    Reported
}

fn read_algorithms(reader: &mut Reader, for_secret: bool) -> Result<Algorithms, Reported> {
    let given = reader.optional_list(&ALGORITHMS, algorithm)?;
    let Some(given) = given else {
        return Ok(if for_secret {
            Algorithms::new(vec![Algorithm::HS256])
        } else {
            Algorithms::asymmetric()
        });
    };
    let fits = |algorithm: &Algorithm| (algorithm.family() == Family::Secret) == for_secret;
    if !given.iter().all(fits) {
        // With one list for both kinds of algorithms, an attacker could use a public key as an HMAC
        // secret (RFC 8725 section 2.1).
        let hint = if for_secret {
            "a secret goes with HS256, HS384 or HS512"
        } else {
            "HS algorithms go with $hmac_secret"
        };
        return Err(reader.refuse(
            &ALGORITHMS,
            Invalid::new("does not go with the key source").hint(hint),
        ));
    }
    if for_secret && given.len() > 1 {
        let invalid =
            Invalid::new("one secret, several algorithms").hint("keep the one that is used");
        return Err(reader.refuse(&ALGORITHMS, invalid));
    }
    Ok(Algorithms::new(given))
}

pub(crate) fn algorithm(text: &str) -> Result<Algorithm, Invalid> {
    text.parse().map_err(|_| {
        let names: Vec<_> = Algorithm::ALL
            .iter()
            .map(|algorithm| algorithm.name())
            .collect();
        Invalid::expected(format!("write some of {}", names.join(", ")))
    })
}
