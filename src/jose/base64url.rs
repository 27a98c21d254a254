//! Encodes and decodes base64url as JOSE uses it (RFC 7515 section 2).

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Decodes canonical base64url without padding (RFC 7515 section 2), the form that JOSE uses
/// everywhere. Returns `None` for any other text.
pub fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes base64url with or without padding at the end. Only members of keys are read this way,
/// because issuers may pad them.
pub(super) fn decode_padded_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_PADDED_OR_NOT.decode(text).ok()
}

/// The engine for base64url with optional padding.
const URL_SAFE_PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes bytes as base64url without padding (RFC 7515 section 2).
pub fn encode_base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
