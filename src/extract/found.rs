//! What a source holds.

/// What one source holds.
pub(super) enum Found<'a> {
    /// Nothing that concerns this source.
    Nothing,
    /// Credentials of another scheme.
    OtherScheme,
    /// One word where a scheme and a token are expected.
    OneWord,
    /// This, in the token's place.
    Token(&'a [u8]),
    /// The same in base64url.
    Base64url(&'a str),
}

/// Whether a text is a `token` of RFC 9110 section 5.6.2, as field names, schemes, cookie names and
/// subprotocols are.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
