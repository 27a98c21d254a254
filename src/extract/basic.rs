//! A user and a password: `Authorization: Basic …` (RFC 7617).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::bearer::find_scheme_in_authorization;
use super::found::Found;
use crate::domain::{Credential, CredentialScheme, Denial, HeaderFields, Reason, SourceIndex};

/// Looks for `Authorization: Basic …`.
pub(super) fn find(fields: &dyn HeaderFields) -> Result<Found<'_>, Denial> {
    let found = find_scheme_in_authorization(fields, "basic");
    match found.map_err(|denial| denial.of_attempt(CredentialScheme::Basic))? {
        Found::Token(text) => Ok(Found::Basic(text)),
        other => Ok(other),
    }
}

/// Decodes user and password. The bytes of the credential are `user:password` in UTF-8. NUL is the
/// only control character that may be in it; a pair with NUL is refused later.
///
/// Fails with [`Reason::AuthorizationMalformed`] if the text is anything else, and with
/// [`Reason::TokenTooLarge`] if there are more than `max_bytes`.
pub(super) fn decode(
    text: &[u8],
    source: SourceIndex,
    max_bytes: usize,
) -> Result<Credential<'static>, Denial> {
    // The size is checked before anything is decoded: four characters are three bytes.
    if text.len() / 4 * 3 > max_bytes.saturating_add(2) {
        return Err(Reason::TokenTooLarge.into());
    }
    // Only one spelling is accepted: with padding, and with zeros in the unused bits at the end.
    let decoded = BASE64_STANDARD.decode(text).ok();
    let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.filter(|pair| pair.contains(':') && !pair.chars().any(is_refused));
    let pair = pair.ok_or(Reason::AuthorizationMalformed)?;
    Credential::parse(
        CredentialScheme::Basic,
        pair.into_bytes(),
        source,
        max_bytes,
    )
}

/// Returns the value of the field for `user:password`.
pub(super) fn field_value(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn is_refused(character: char) -> bool {
    character.is_control() && character != '\0'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(text: &[u8]) -> Result<Vec<u8>, &'static str> {
        decode(text, SourceIndex::new(0), 64)
            .map(|credential| credential.as_bytes().to_vec())
            .map_err(|denial| denial.code())
    }

    #[test]
    fn users_and_passwords_are_decoded_strictly() {
        const MALFORMED: Result<&[u8], &str> = Err("authorization_malformed");
        for (text, expected) in [
            // RFC 7617 sections 2 and 2.1.
            (
                "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
                Ok(&b"Aladdin:open sesame"[..]),
            ),
            ("dGVzdDoxMjPCow==", Ok("test:123£".as_bytes())),
            // Without padding, with stray bits, in the other alphabet, with a blank.
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ", MALFORMED),
            ("QWxhZGRpbjpvcGVuIHNlc2FtZR==", MALFORMED),
            ("YTo_", MALFORMED),
            ("YTo/ ", MALFORMED),
            (" YTo/", MALFORMED),
            // `a:?`, `a`, `a:` and `:`.
            ("YTo/", Ok(b"a:?")),
            ("YQ==", MALFORMED),
            ("YTo=", Ok(b"a:")),
            ("Og==", Ok(b":")),
            // Latin-1, a line break, DEL, a C1 control character, NUL.
            ("dGVzdDoxMjOj", MALFORMED),
            ("YToKYg==", MALFORMED),
            ("YTp/", MALFORMED),
            ("YTrCgQ==", MALFORMED),
            ("YToAYg==", Ok(b"a:\0b")),
        ] {
            assert_eq!(
                pair(text.as_bytes()),
                expected.map(<[u8]>::to_vec),
                "{text}"
            );
        }
        let long = BASE64_STANDARD.encode(format!("a:{}", "b".repeat(63)));
        assert_eq!(pair(long.as_bytes()), Err("token_too_large"));
        let fits = BASE64_STANDARD.encode(format!("a:{}", "b".repeat(62)));
        assert!(pair(fits.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn every_pair_is_found_again(user in "[^:\\p{Cc}]{0,9}", password in "\\P{Cc}{0,9}") {
            let written = format!("{user}:{password}");
            let value = field_value(&written);
            let text = value.strip_prefix("Basic ").unwrap();
            let decoded = decode(text.as_bytes(), SourceIndex::new(0), 1000);
            let decoded = decoded.unwrap();
            prop_assert_eq!(decoded.as_bytes(), written.as_bytes());
        }

        #[test]
        fn nothing_panics(text in any::<Vec<u8>>()) {
            let _ = pair(&text);
        }
    }
}
