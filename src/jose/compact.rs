//! The compact serialisation (RFC 7515 section 7.1).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr_iter;

use super::{Candidates, Claims, JoseHeader, UnverifiedClaims, VerificationKey};
use crate::domain::{BearerToken, Reason};

/// A well-formed JWS in compact serialisation whose signature has not been verified yet.
///
/// # Examples
///
/// ```
/// use doorward::domain::BearerToken;
/// use doorward::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};
/// use serde_json::{Map, json};
///
/// let secret = [7; 32];
/// let token = SigningKey::secret(Algorithm::HS256, &secret)
///     .sign(&Map::new(), &json!({"sub": "alice"}))
///     .unwrap();
///
/// let token = BearerToken::parse(token.as_bytes(), 8192).unwrap();
/// let jws = CompactJws::parse(token).unwrap();
/// let key = VerificationKey::secret(Algorithm::HS256, &secret).unwrap();
/// let candidates = KeySet::of_any_id(vec![key])
///     .candidates(jws.header().key_id(), jws.header().algorithm())
///     .unwrap();
/// let signed = jws.into_signed(&candidates).unwrap();
/// assert_eq!(signed.claims().describe("sub"), r#""alice""#);
/// ```
pub struct CompactJws<'a> {
    signing_input: &'a [u8],
    header: JoseHeader,
    claims: UnverifiedClaims,
    signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Parses a token: three parts of canonical base64url, a header without unsupported extensions,
    /// and claims that are a strict JSON object. Fails with the [`Reason`] for which the token is
    /// denied.
    pub fn parse(token: BearerToken<'a>) -> Result<Self, Reason> {
        let parts = Parts::split(token.as_bytes())?;
        let header = JoseHeader::parse(&decode(parts.header)?)?;
        let payload = decode(parts.payload)?;
        let signature = decode(parts.signature)?;
        if payload.is_empty() {
            // A detached payload (RFC 7515 appendix F): the attacker could choose what was signed.
            return Err(Reason::TokenMalformed);
        }
        let claims = UnverifiedClaims::parse(payload)?;
        Ok(Self {
            signing_input: parts.signing_input,
            header,
            claims,
            signature,
        })
    }

    /// Returns the header.
    pub const fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// Returns the claims, which are not verified yet.
    pub const fn unverified_claims(&self) -> &UnverifiedClaims {
        &self.claims
    }

    /// Verifies the signature, and returns the token with the first candidate key that made it.
    /// This is the only way to get [`Claims`].
    ///
    /// Fails with [`Reason::SignatureInvalid`] if no candidate made the signature.
    pub fn into_signed(self, candidates: &Candidates) -> Result<SignedJws, Reason> {
        let key = candidates
            .iter()
            .find(|key| self.is_signed_by(key))
            .ok_or(Reason::SignatureInvalid)?
            .clone();
        Ok(SignedJws {
            header: self.header,
            claims: self.claims.trusted(),
            key,
        })
    }

    fn is_signed_by(&self, key: &VerificationKey) -> bool {
        // The candidates were chosen by their algorithm. This check holds even if they were not
        // (RFC 8725 section 3.1).
        key.algorithm() == self.header.algorithm()
            && key.verify(self.signing_input, &self.signature)
    }
}

/// Shows the header only: with the rest a reader of a log could use the token.
impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactJws")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// A JWS whose signature has been verified.
#[derive(Debug)]
pub struct SignedJws {
    header: JoseHeader,
    claims: Claims,
    key: Arc<VerificationKey>,
}

impl SignedJws {
    /// Returns the header.
    pub const fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// Returns the verified claims.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the key that made the signature.
    pub const fn key(&self) -> &Arc<VerificationKey> {
        &self.key
    }

    /// Returns the verified claims, and the key that made the signature.
    pub fn into_claims_and_key(self) -> (Claims, Arc<VerificationKey>) {
        (self.claims, self.key)
    }

    /// Returns the verified claims and drops the rest of the token.
    pub fn into_claims(self) -> Claims {
        self.claims
    }
}

/// The encoded parts of a token.
struct Parts<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    signing_input: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Splits a token at its dots. Fails with [`Reason::TokenEncrypted`] for a JWE.
    fn split(token: &'a [u8]) -> Result<Self, Reason> {
        // The search stops at the fifth dot, one more than a JWE has, so that a token of a hundred
        // thousand dots costs no more.
        let mut dots = memchr_iter(b'.', token);
        match (
            dots.next(),
            dots.next(),
            dots.next(),
            dots.next(),
            dots.next(),
        ) {
            (Some(first), Some(second), None, ..) => {
                let (signing_input, signature) = around(token, second);
                let (header, payload) = around(signing_input, first);
                Ok(Self {
                    header,
                    payload,
                    signature,
                    signing_input,
                })
            }
            // Two tokens joined by a comma or a blank also have five parts, but they are no JWE.
            (Some(_), Some(_), Some(_), Some(_), None)
                if token.iter().copied().all(is_base64url_or_dot) =>
            {
                Err(Reason::TokenEncrypted)
            }
            _ => Err(Reason::TokenMalformed),
        }
    }
}

/// Returns the text before a dot and the text after it.
fn around(text: &[u8], dot: usize) -> (&[u8], &[u8]) {
    let (before, after) = text.split_at_checked(dot).unwrap_or_default();
    (before, after.get(1..).unwrap_or_default())
}

/// Returns `true` for the alphabet of base64url and for the dot between the parts.
const fn is_base64url_or_dot(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')
}

/// Decodes a part. Padding, white space, another alphabet and stray bits in the last character are
/// refused, so that no two texts decode to the same bytes.
fn decode(part: &[u8]) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Reason::TokenMalformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::encode_base64url;
    use crate::jose::{Algorithm, KeySet, SigningKey};

    fn parse(token: &[u8]) -> Result<(), Reason> {
        CompactJws::parse(BearerToken::parse(token, usize::MAX).unwrap()).map(drop)
    }

    fn token(header: &str, payload: &str) -> String {
        format!(
            "{}.{}.AA",
            encode_base64url(header),
            encode_base64url(payload)
        )
    }

    /// The bytes of a token in a log would let its reader use it.
    #[test]
    fn a_token_shows_nothing_but_its_header() {
        let secret = [7; 32];
        let text = SigningKey::secret(Algorithm::HS256, &secret)
            .sign(&serde_json::Map::new(), &json!({"sub": "s3cret"}))
            .unwrap();
        let jws = CompactJws::parse(BearerToken::parse(text.as_bytes(), 8192).unwrap()).unwrap();
        let claims = jws.unverified_claims();
        let parsed = format!("{jws:?} {claims:?}");
        assert!(parsed.contains("HS256"), "{parsed}");
        let key = VerificationKey::secret(Algorithm::HS256, &secret).unwrap();
        let candidates = KeySet::of_any_id(vec![key]).candidates(None, Algorithm::HS256);
        let signed = jws.into_signed(&candidates.unwrap()).unwrap();
        let value = signed.claims().member("sub").unwrap();
        let shown = format!("{parsed} {signed:?} {:?} {value:?}", signed.claims());
        let bytes = format!("{:?}", text.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(!shown.contains(&bytes[..60]), "{shown}");
    }

    #[test]
    fn three_parts() {
        assert_eq!(parse(token(r#"{"alg":"RS256"}"#, "{}").as_bytes()), Ok(()));
        for text in [
            "a",
            "a.b",
            "a.b.c.d",
            "a.b.c.d.e.f",
            "..",
            "...",
            &".".repeat(100_000),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Reason::TokenMalformed));
        }
        for text in ["a.b.c.d.e", "a..c.d.e"] {
            assert_eq!(parse(text.as_bytes()), Err(Reason::TokenEncrypted));
        }
        for text in ["a.b.c,a.b.c", "a.b.c a.b.c", "a.b.c, a.b.c"] {
            assert_eq!(parse(text.as_bytes()), Err(Reason::TokenMalformed));
        }
    }

    #[test]
    fn detached_payload_is_refused() {
        assert_eq!(
            parse(token(r#"{"alg":"RS256"}"#, "").as_bytes()),
            Err(Reason::TokenMalformed)
        );
    }

    #[test]
    fn only_canonical_base64url() {
        let good = token(r#"{"alg":"RS256"}"#, r#"{"a":1}"#);
        assert_eq!(parse(good.as_bytes()), Ok(()));
        // "AA" and "AB" decode to the same byte for a lenient decoder.
        for bad in [
            good.replace(".AA", ".AB"),
            good.clone() + "=",
            good.clone() + "\n",
            good.replace(".AA", ".A+"),
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(Reason::TokenMalformed), "{bad}");
        }
    }

    #[test]
    fn signed_by_the_key_and_by_its_algorithm() {
        let key = VerificationKey::secret(Algorithm::HS256, &[7; 32]).unwrap();
        let candidates = KeySet::of_any_id(vec![key])
            .candidates(None, Algorithm::HS256)
            .unwrap();
        let verdict = |secret: u8, header: Value| {
            let key = SigningKey::secret(Algorithm::HS256, &[secret; 32]);
            let token = key.sign(header.as_object().unwrap(), &json!({})).unwrap();
            let parsed =
                CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).unwrap())
                    .unwrap();
            parsed.into_signed(&candidates).map(drop)
        };
        assert_eq!(verdict(7, json!({})), Ok(()));
        assert_eq!(
            verdict(8, json!({})),
            Err(Reason::SignatureInvalid),
            "another key"
        );
        assert_eq!(
            verdict(7, json!({"alg": "HS512"})),
            Err(Reason::SignatureInvalid),
            "another algorithm"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_header_and_payload_give_an_answer(header in ".{0,80}", payload in ".{0,80}") {
            let _ = parse(token(&header, &payload).as_bytes());
        }
    }
}
