//! Readers of texts that are not the service's own, to compare it with.

const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The bytes of base64url without padding, if no other text stands for the same bytes (RFC 4648
/// section 3.5).
pub fn canonical_base64url(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_usize, 0);
    for letter in text {
        bits = bits << 6 | BASE64URL.iter().position(|own| own == letter)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).unwrap());
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then_some(bytes)
}

/// The text of percent-encoded UTF-8.
pub fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((plain, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        bytes.push(u8::from_str_radix(&behind[..2], 16).unwrap());
        rest = &behind[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

/// A header value that reaches the application as it left us: visible ASCII, and no space that a
/// reader would trim.
pub fn assert_travels_unchanged(value: &[u8]) {
    assert!(
        value.iter().all(|byte| matches!(byte, b' '..=b'~')),
        "not visible ASCII: {}",
        value.escape_ascii()
    );
    assert_eq!(value.trim_ascii(), value, "a space at the ends");
}
