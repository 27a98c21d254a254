//! The result of a look into one token source.

/// The content of one token source.
pub(super) enum Found<'a> {
    /// Nothing for this source.
    Nothing,
    /// Credentials of another scheme.
    OtherScheme,
    /// One word, where a scheme and a token are expected.
    OneWord,
    /// Bytes in the place of the token.
    Token(&'a [u8]),
    /// Text in the place of the token, which is encoded in base64url.
    Base64url(&'a str),
    /// User and password, which are encoded in base64.
    Basic(&'a [u8]),
}

/// Returns `true` if a text is a `token` of RFC 9110 section 5.6.2. Field names, schemes, cookie
/// names and subprotocols are.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
