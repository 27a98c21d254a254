//! Keys that are fixed when the configuration is read: key sets, PEM files and shared secrets.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::config::der::{PemContent, refuse_der};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::jose::{
    Algorithm, Algorithms, Family, InvalidPem, InvalidSecret, JwkRefusal, KeySet, VerificationKey,
};

pub(super) const JWKS: Setting =
    Setting::optional("jwks", "–", "The key set itself, as JSON or as YAML.").shaped(Shape::KeySet);
pub(super) const PUBLIC_KEY_FILE: Setting = Setting::optional(
    "public_key_file",
    "–",
    "PEM file with public keys or certificates. These keys are tried for every token, whatever its `kid`.",
);
pub(super) const HMAC_SECRET: Setting = Setting::secret(
    "hmac_secret",
    "Shared secret of the HMAC algorithms. At least as long as the hash: 32 bytes for HS256, 48 for HS384, 64 for HS512.",
);
pub(super) const HMAC_SECRET_PREVIOUS: Setting = Setting::secret(
    "hmac_secret_previous",
    "Previous value of `hmac_secret`, for a rotation. Tokens signed with either secret are accepted. Written like `hmac_secret`.",
);
pub(super) const HMAC_SECRET_ENCODING: Setting = Setting::new(
    "hmac_secret_encoding",
    "utf8",
    "Encoding of both secrets: `utf8`, `hex` or `base64`.",
)
.shaped(Shape::Word(&value::words(ENCODINGS)));

/// Reads the keys of `source`, which is `jwks`, `public_key_file` or `hmac_secret`.
pub(super) fn read(
    reader: &mut Reader,
    source: &Setting,
    algorithms: &Algorithms,
    encoding: Encoding,
) -> Result<KeySet, Reported> {
    match *source {
        JWKS => {
            let inline = reader.json(source)?.unwrap_or_default();
            jwks(reader, source, inline.as_bytes(), algorithms)
        }
        PUBLIC_KEY_FILE => {
            let path = reader.read(source, value::text)?;
            let bytes = reader.file(source, Path::new(&path))?;
            let keys = refuse_der(&bytes, PemContent::PublicKey).and_then(|()| {
                KeySet::from_pem(&bytes, algorithms).map_err(|error| invalid_pem(&error))
            });
            keys.map_err(|invalid| reader.refuse(source, invalid))
        }
        _ => {
            let algorithm = algorithms.first_of(Family::Secret).ok_or(Reported)?;
            let current = secret(reader, source, algorithm, encoding);
            let previous = secret(reader, &HMAC_SECRET_PREVIOUS, algorithm, encoding);
            Ok(KeySet::of_any_id(
                current?.into_iter().chain(previous?).collect(),
            ))
        }
    }
}

fn invalid_pem(error: &InvalidPem) -> Invalid {
    Invalid::new(error.to_string()).hint(match error {
        InvalidPem::Malformed | InvalidPem::NoKey => {
            "its first line is -----BEGIN PUBLIC KEY-----, or the like; a key set in JSON is $jwks_file"
        }
        InvalidPem::PrivateKey => {
            "give the public key, and keep the private one away from this machine"
        }
        InvalidPem::Section => "was the file cut off, or edited?",
        InvalidPem::TooManyKeys(_) => "remove the keys that are no longer used",
        InvalidPem::Refused(JwkRefusal::NotAllowed) => "add it to $algorithms",
        InvalidPem::Refused(_) => {
            "give an RSA key of 2048 to 8192 bits, or one on P-256, P-384, P-521 or Ed25519"
        }
    })
}

fn secret(
    reader: &mut Reader,
    setting: &Setting,
    algorithm: Algorithm,
    encoding: Encoding,
) -> Result<Option<VerificationKey>, Reported> {
    let Some(secret) = reader.optional(setting, |text| encoding.decode(text))? else {
        return Ok(None);
    };
    let key = VerificationKey::secret(algorithm, &secret);
    key.map(Some)
        .map_err(|invalid| reader.refuse(setting, invalid_secret(&invalid)))
}

fn invalid_secret(secret: &InvalidSecret) -> Invalid {
    Invalid::new(secret.to_string()).hint(match secret {
        InvalidSecret::TooShort { required, .. } => format!(
            "make one with `openssl rand -hex {required}` and set $hmac_secret_encoding=hex"
        ),
        InvalidSecret::Algorithm(_) => "set $algorithms to HS256, HS384 or HS512".to_owned(),
    })
}

fn jwks(
    reader: &mut Reader,
    source: &Setting,
    document: &[u8],
    algorithms: &Algorithms,
) -> Result<KeySet, Reported> {
    let keys = KeySet::from_jwks(document, algorithms);
    let hint = "give {\"keys\": […]} with at least one public key of an allowed algorithm";
    keys.map_err(|error| reader.refuse(source, Invalid::new(error.to_string()).hint(hint)))
}

/// The encoding in which a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Hex,
    Base64,
}

pub(super) const ENCODINGS: &[(&str, Encoding); 3] = &[
    ("utf8", Encoding::Utf8),
    ("hex", Encoding::Hex),
    ("base64", Encoding::Base64),
];

const ENCODING_HINT: &str = "$hmac_secret_encoding says how it is written";

impl Encoding {
    fn decode(self, text: &str) -> Result<Vec<u8>, Invalid> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Hex => hex(&without_whitespace(text))
                .ok_or_else(|| Invalid::new("not hexadecimal").hint(ENCODING_HINT)),
            Self::Base64 => [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|engine| engine.decode(without_whitespace(text)).ok())
                .ok_or_else(|| Invalid::new("not base64").hint(ENCODING_HINT)),
        }
    }
}

/// Removes white space, such as the line ends that `openssl` and `xxd` put into a long text.
fn without_whitespace(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

/// Decodes a secret that is written in `utf8`, `hex` or `base64`.
///
/// Fails with a message if the encoding is unknown or the text does not have it.
pub fn decode_secret(encoding: &str, text: &str) -> Result<Vec<u8>, String> {
    let encoding = value::one_of(ENCODINGS)(encoding);
    encoding
        .and_then(|encoding| encoding.decode(text))
        .map_err(|invalid| format!("the secret is {}", invalid.message))
}

/// Decodes hexadecimal digits.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16)?.try_into().ok())
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| Some(pair.first()? << 4 | pair.last()?))
        .collect()
}
