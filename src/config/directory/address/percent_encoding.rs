//! Percent-encoded parts of a URL.

use crate::config_reader::Invalid;

/// Decodes what is percent-encoded.
pub(super) fn decoded(text: &str) -> Result<String, Invalid> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(Invalid::new("has a % without two hexadecimal digits").hint("write %25"));
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(Invalid::new("has a part that is no text")
            .hint("percent-encode the UTF-8 of each character, without %00")),
    }
}
