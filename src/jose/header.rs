//! The JOSE header (RFC 7515 section 4).

use std::borrow::Cow;

use super::Algorithm;
use super::json::Object;
use crate::domain::Reason;

/// What a decision needs of the JOSE header.
///
/// `jwk`, `jku`, `x5c` and `x5u` are not among it: a token does not say by which key it is to be
/// trusted (RFC 8725 sections 3.8 and 3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoseHeader {
    algorithm: Algorithm,
    key_id: Option<String>,
    token_type: Option<String>,
}

impl JoseHeader {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::TokenMalformed)?;
        let members = Object::parse(text).map_err(|_| Reason::TokenMalformed)?;
        refuse_extensions(&members)?;
        let algorithm = string(&members, "alg")?.ok_or(Reason::TokenMalformed)?;
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| Reason::AlgorithmNotAllowed)?,
            // An empty name is none: some issuers write one where they have no other.
            key_id: string(&members, "kid")?
                .filter(|id| !id.is_empty())
                .map(Cow::into_owned),
            token_type: string(&members, "typ")?.map(Cow::into_owned),
        })
    }

    /// `alg`, section 4.1.1.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`, section 4.1.4.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ`, section 4.1.9.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }
}

/// Refuses whatever would make the bytes mean something else than they say.
fn refuse_extensions(members: &Object<'_>) -> Result<(), Reason> {
    // We understand no extension, so every `crit` names one that we do not (section 4.1.11); an
    // empty one is invalid.
    if members.has("crit") {
        return Err(Reason::HeaderCriticalUnsupported);
    }
    // `enc` belongs to JWE; a nested JWT is another token's claims.
    if members.has("enc") || is_unencoded(members) || is_compressed(members) || is_nested(members) {
        return Err(Reason::TokenMalformed);
    }
    Ok(())
}

/// Whether `b64` (RFC 7797) changes what is signed. `true` is what holds without it.
fn is_unencoded(members: &Object<'_>) -> bool {
    members
        .get("b64")
        .is_some_and(|b64| b64.as_written() != "true")
}

/// Whether another reader may look for claims in the payload by inflating it. `zip` belongs to JWE,
/// where it has this one value (RFC 7516 section 4.1.3); other texts are to be ignored (RFC 7515
/// section 4). What is no text nobody has written by intent.
fn is_compressed(members: &Object<'_>) -> bool {
    let zip = members.get("zip").filter(|zip| !zip.is_null());
    zip.is_some_and(|zip| zip.string().is_none_or(|zip| zip == "DEF"))
}

fn is_nested(members: &Object<'_>) -> bool {
    members.get("cty").is_some_and(|cty| match cty.string() {
        Some(cty) => cty.eq_ignore_ascii_case("JWT") || cty.eq_ignore_ascii_case("application/jwt"),
        None => true,
    })
}

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
    fn what_changes_nothing_is_ignored() {
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
    fn algorithms_are_case_sensitive_and_none_is_none() {
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
    fn whatever_changes_the_meaning_is_refused() {
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
