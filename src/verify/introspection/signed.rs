//! Answers that the issuer has signed (RFC 9701).

use std::time::Duration;

use crate::domain::Timestamp;
use crate::jose::{IssuerClaim, Json, SignedJws};
use crate::verify::validity::date;

/// The media type of a signed answer, without `application/`.
const TYPE: &str = "token-introspection+jwt";

/// The maximum age of a signed answer. Servers sign one for each question, so an older one may be a
/// replay.
const MAX_AGE: Duration = Duration::from_mins(1);

/// The values that a signed answer must state (RFC 9701 section 5).
#[derive(Debug, Clone, Copy)]
pub struct SignedAnswer<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The id of this service, for which the answer must be.
    pub client_id: &'a str,
    /// The accepted difference between the clocks.
    pub leeway: Duration,
}

impl SignedAnswer<'_> {
    /// Returns the text of the answer in a signed JWT. Fails with what is wrong with the JWT.
    ///
    /// `aud` stops an answer to another service, `iat` an old one. The JWT does not name the token:
    /// only the connection proves that a recent answer is about the token in question.
    pub fn open(&self, signed: &SignedJws, now: Timestamp) -> Result<String, &'static str> {
        let claims = signed.claims();
        let stated = signed.header().token_type().unwrap_or_default();
        let stated = stated.strip_prefix("application/").unwrap_or(stated);
        if !stated.eq_ignore_ascii_case(TYPE) {
            return Err("the JWT is not of the type `token-introspection+jwt`");
        }
        if claims.issuer() != IssuerClaim::Named(self.issuer.into()) {
            return Err("the signed answer is of another issuer");
        }
        let is_us = |audience: Json<'_>| audience.string().is_some_and(|own| own == self.client_id);
        let is_for_us = claims.member("aud").is_some_and(|audience| {
            is_us(audience)
                || audience
                    .elements()
                    .is_some_and(|all| all.into_iter().any(is_us))
        });
        if !is_for_us {
            return Err("the signed answer is for another client");
        }
        let issued_at = date(claims, "iat").ok().flatten();
        let issued_at = issued_at.ok_or("the signed answer has no `iat`")?;
        let is_early = Timestamp::ceil(&issued_at) > now.plus(self.leeway);
        let end = Timestamp::floor(&issued_at).plus(MAX_AGE).plus(self.leeway);
        if is_early || now > end {
            return Err("the signed answer is not of this minute");
        }
        let answer = claims.member("token_introspection");
        let answer = answer
            .map(Json::as_written)
            .filter(|text| text.starts_with('{'));
        answer
            .map(str::to_owned)
            .ok_or("the signed answer has no `token_introspection` object")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::domain::BearerToken;
    use crate::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn open(token_type: &str, claims: &Value) -> Result<String, &'static str> {
        let secret = [7; 32];
        let header = Map::from_iter([("typ".to_owned(), Value::from(token_type))]);
        let key = SigningKey::secret(Algorithm::HS256, &secret);
        let token = key.sign(&header, claims).unwrap();
        let key = VerificationKey::secret(Algorithm::HS256, &secret).unwrap();
        let keys = KeySet::of_any_id(vec![key]);
        let candidates = keys.candidates(None, Algorithm::HS256).unwrap();
        let token = BearerToken::parse(token.as_bytes(), 8192).unwrap();
        let signed = CompactJws::parse(token)
            .unwrap()
            .into_signed(&candidates)
            .unwrap();
        let expected = SignedAnswer {
            issuer: "https://idp.example",
            client_id: "svc",
            leeway: Duration::from_secs(30),
        };
        expected.open(&signed, NOW)
    }

    fn claims() -> Value {
        json!({
            "iss": "https://idp.example", "aud": ["other", "svc"], "iat": 1000,
            "token_introspection": {"active": true}
        })
    }

    #[test]
    fn the_answer_is_for_this_service_and_of_this_moment() {
        let answer = Ok(r#"{"active":true}"#.to_owned());
        assert_eq!(open("token-introspection+jwt", &claims()), answer);
        assert_eq!(
            open("application/Token-Introspection+JWT", &claims()),
            answer
        );
        for other in ["JWT", "at+jwt", "", "application/x/token-introspection+jwt"] {
            assert!(open(other, &claims()).is_err(), "{other}");
        }
        for (name, value) in [
            ("iss", json!("https://idp.example/")),
            ("iss", Value::Null),
            ("aud", json!("other")),
            ("aud", json!(["svc2"])),
            ("aud", Value::Null),
            ("iat", json!(1031)),
            ("iat", json!(909)),
            ("iat", json!("1000")),
            ("iat", Value::Null),
            ("token_introspection", json!([])),
            ("token_introspection", json!("{}")),
            ("token_introspection", Value::Null),
        ] {
            let mut claims = claims();
            claims[name] = value;
            assert!(
                open("token-introspection+jwt", &claims).is_err(),
                "{claims}"
            );
            claims.as_object_mut().unwrap().remove(name);
            assert!(
                open("token-introspection+jwt", &claims).is_err(),
                "{claims}"
            );
        }
        for iat in [1030, 910] {
            let mut claims = claims();
            claims["iat"] = iat.into();
            assert!(open("token-introspection+jwt", &claims).is_ok(), "{iat}");
        }
    }
}
