//! The JOSE header (RFC 7515 section 4).

use std::borrow::Cow;

use super::Algorithm;
use super::json::Object;
use crate::domain::Reason;

/// The members of a JOSE header that a decision needs.
///
/// `jwk`, `jku`, `x5c` and `x5u` are left out: a token must not choose the key that verifies it
/// (RFC 8725 sections 3.8 and 3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoseHeader {
    algorithm: Algorithm,
    key_id: Option<String>,
    token_type: Option<String>,
}

impl JoseHeader {
    /// Parses a header. Fails with the [`Reason`] for which the token is denied.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::TokenMalformed)?;
        let members = Object::parse(text).map_err(|_| Reason::TokenMalformed)?;
        refuse_extensions(&members)?;
        let algorithm = string(&members, "alg")?.ok_or(Reason::TokenMalformed)?;
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| Reason::AlgorithmNotAllowed)?,
            // An empty `kid` counts as absent: some issuers write one if their key has no id.
            key_id: string(&members, "kid")?
                .filter(|id| !id.is_empty())
                .map(Cow::into_owned),
            token_type: string(&members, "typ")?.map(Cow::into_owned),
        })
    }

    /// Returns `alg` (RFC 7515 section 4.1.1).
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns `kid` (RFC 7515 section 4.1.4).
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns `typ` (RFC 7515 section 4.1.9).
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }
}

/// Refuses members that change what the bytes of the token mean.
fn refuse_extensions(members: &Object<'_>) -> Result<(), Reason> {
    // No extension is supported, so every `crit` names an unsupported one (RFC 7515 section
    // 4.1.11). An empty `crit` is invalid.
    if members.has("crit") {
        return Err(Reason::HeaderCriticalUnsupported);
    }
    // `enc` belongs to JWE. A nested JWT carries the claims of another token.
    if members.has("enc") || is_unencoded(members) || is_compressed(members) || is_nested(members) {
        return Err(Reason::TokenMalformed);
    }
    Ok(())
}

/// Returns `true` if `b64` (RFC 7797) changes what is signed. Its default is `true`.
fn is_unencoded(members: &Object<'_>) -> bool {
    members
        .get("b64")
        .is_some_and(|b64| b64.as_written() != "true")
}

/// Returns `true` if another reader might inflate the payload and find other claims in it. `zip`
/// belongs to JWE, where `DEF` is its only value (RFC 7516 section 4.1.3). Other strings are
/// ignored (RFC 7515 section 4). A value that is not a string is refused, because no issuer writes
/// one on purpose.
fn is_compressed(members: &Object<'_>) -> bool {
    let zip = members.get("zip").filter(|zip| !zip.is_null());
    zip.is_some_and(|zip| zip.string().is_none_or(|zip| zip == "DEF"))
}

/// Returns `true` if `cty` announces a nested JWT (RFC 7519 section 5.2) or is not a string.
fn is_nested(members: &Object<'_>) -> bool {
    members.get("cty").is_some_and(|cty| match cty.string() {
        Some(cty) => cty.eq_ignore_ascii_case("JWT") || cty.eq_ignore_ascii_case("application/jwt"),
        None => true,
    })
}

/// Returns a member that must be a string if it exists.
fn string<'a>(members: &Object<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Reason> {
    members
        .get(name)
        .map(|value| value.string().ok_or(Reason::TokenMalformed))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(header: &str) -> Reason {
        JoseHeader::parse(header.as_bytes()).unwrap_err()
    }

    #[test]
    fn members_are_read() {
        let header = JoseHeader::parse(
            br#"{"alg":"Ed25519","kid":"k","typ":"at+jwt","jku":"https://evil"}"#,
        )
        .unwrap();
        assert_eq!(header.algorithm(), Algorithm::EdDSA);
        assert_eq!(header.key_id(), Some("k"));
        assert_eq!(header.token_type(), Some("at+jwt"));
    }

    #[test]
    fn members_without_effect_are_ignored() {
        for member in [
            r#""zip":"NONE""#,
            r#""zip":"""#,
            r#""zip":null"#,
            r#""b64":true"#,
            r#""b64" : true "#,
        ] {
            let header = format!(r#"{{"alg":"RS256","kid":"k",{member}}}"#);
            assert_eq!(
                JoseHeader::parse(header.as_bytes()).unwrap().key_id(),
                Some("k"),
                "{member}"
            );
        }
        assert_eq!(
            JoseHeader::parse(br#"{"alg":"RS256","kid":""}"#)
                .unwrap()
                .key_id(),
            None
        );
    }

    #[test]
    fn algorithms_are_case_sensitive_and_none_is_refused() {
        for alg in ["none", "None", "NONE", "nOnE", "", "rs256", "HS1", "Ed448"] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"{alg}"}}"#)),
                Reason::AlgorithmNotAllowed,
                "{alg}"
            );
        }
        for alg in ["null", "1", r#"["RS256"]"#, "{}"] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":{alg}}}"#)),
                Reason::TokenMalformed,
                "{alg}"
            );
        }
        assert_eq!(refusal("{}"), Reason::TokenMalformed);
    }

    #[test]
    fn every_crit_is_refused() {
        for crit in [
            r#"["exp"]"#,
            "[]",
            r#""exp""#,
            r#"["b64"]"#,
            r#"["alg"]"#,
            "null",
        ] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256","crit":{crit}}}"#)),
                Reason::HeaderCriticalUnsupported
            );
        }
    }

    #[test]
    fn members_that_change_the_meaning_are_refused() {
        for member in [
            r#""b64":false"#,
            r#""b64":"true""#,
            r#""b64":null"#,
            r#""zip":"DEF""#,
            r#""zip":"\u0044EF""#,
            r#""zip":1"#,
            r#""zip":["DEF"]"#,
            r#""enc":"A128GCM""#,
            r#""cty":"JWT""#,
            r#""cty":"jwt""#,
            r#""cty":1"#,
            r#""kid":1"#,
            r#""kid":{}"#,
            r#""typ":1"#,
            r#""alg":"RS256""#,
        ] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256",{member}}}"#)),
                Reason::TokenMalformed,
                "{member}"
            );
        }
    }
}
