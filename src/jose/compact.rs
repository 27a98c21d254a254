//! The compact serialisation (RFC 7515 section 7.1).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr_iter;

use super::{Candidates, Claims, JoseHeader, UnverifiedClaims, VerificationKey};
use crate::domain::{BearerToken, Reason};

/// A JWS in compact serialisation, well-formed, whose signature nobody has checked yet.
#[derive(Debug)]
pub struct CompactJws<'a> {
    signing_input: &'a [u8],
    header: JoseHeader,
    claims: UnverifiedClaims,
    signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Reads a token: three parts of canonical base64url, a header we understand to the letter,
    /// claims that are an object.
    pub fn parse(token: BearerToken<'a>) -> Result<Self, Reason> {
        let parts = Parts::split(token.as_bytes())?;
        let header = JoseHeader::parse(&decode(parts.header)?)?;
        let payload = decode(parts.payload)?;
        let signature = decode(parts.signature)?;
        if payload.is_empty() {
            // A detached payload (RFC 7515 appendix F): what was signed would be of the attacker's
            // choosing.
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

    /// The header.
    pub const fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// What the token claims, as long as nobody has checked its signature.
    pub const fn unverified_claims(&self) -> &UnverifiedClaims {
        &self.claims
    }

    /// The token as signed by the first of these keys that made its signature: the only way to get
    /// at [`Claims`].
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
        // The candidates were chosen by their algorithm; this line holds even if they were not (RFC
        // 8725 section 3.1).
        key.algorithm() == self.header.algorithm()
            && key.verify(self.signing_input, &self.signature)
    }
}

/// A JWS whose signature was checked and found good.
#[derive(Debug)]
pub struct SignedJws {
    header: JoseHeader,
    claims: Claims,
    key: Arc<VerificationKey>,
}

impl SignedJws {
    /// The header.
    pub const fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// The claims.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that made the signature.
    pub const fn key(&self) -> &Arc<VerificationKey> {
        &self.key
    }

    /// The claims, when nothing else is needed any more.
    pub fn into_claims(self) -> Claims {
        self.claims
    }
}

struct Parts<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    signing_input: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(token: &'a [u8]) -> Result<Self, Reason> {
        // One more dot than a JWE has is enough to know; a token of a hundred thousand costs no
        // more.
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
            // Two tokens joined by a comma or a blank have five parts as well, but are no JWE.
            (Some(_), Some(_), Some(_), Some(_), None)
                if token.iter().copied().all(is_of_the_alphabet) =>
            {
                Err(Reason::TokenEncrypted)
            }
            _ => Err(Reason::TokenMalformed),
        }
    }
}

/// What stands before a dot and behind it.
fn around(text: &[u8], dot: usize) -> (&[u8], &[u8]) {
    let (before, behind) = text.split_at_checked(dot).unwrap_or_default();
    (before, behind.get(1..).unwrap_or_default())
}

/// The alphabet of base64url, and the dot between the parts.
const fn is_of_the_alphabet(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')
}

/// Strict: no padding, no white space, no other alphabet, no stray bits in the last character, so
/// that no two texts stand for the same bytes.
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
