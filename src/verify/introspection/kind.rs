//! The kind of a token, by the members of the answer about it.

use crate::domain::{Explain, Reason};
use crate::jose::{Claims, Json};

/// The rule for the kind of a token: access tokens only. Servers answer for refresh and ID tokens
/// too, and those are active as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenKindRule {
    /// `true` if an answer must have `token_type`: some servers mark access tokens in no other way.
    pub require_token_type: bool,
}

/// A member that says what a token is, and its values for an access token, compared
/// case-insensitively.
const KINDS: [(&str, &[&str]); 3] = [
    ("token_use", &["access", "access_token"]),
    (
        "token_type",
        &[
            "Bearer",
            "DPoP",
            "access_token",
            "urn:ietf:params:oauth:token-type:access_token",
        ],
    ),
    ("typ", &["Bearer", "DPoP", "JWT", "at+jwt"]),
];

impl TokenKindRule {
    /// Validates the members of an answer that state the kind of the token.
    ///
    /// Fails with [`Reason::TokenTypeMismatch`] if it is anything but an access token, and with
    /// [`Reason::ProofMissing`] if the token is bound to a key and the answer does not say to which
    /// (RFC 9449 section 6.2).
    pub fn validate(self, answer: &Claims, explain: &mut impl Explain) -> Result<(), Reason> {
        for (name, accepted) in KINDS {
            let is_required = self.require_token_type && name == "token_type";
            let outcome = match answer.member(name) {
                None if is_required => Err(Reason::TokenTypeMismatch),
                None => Ok(()),
                Some(stated) => stated
                    .string()
                    .filter(|stated| accepted.iter().any(|own| own.eq_ignore_ascii_case(stated)))
                    .map(drop)
                    .ok_or(Reason::TokenTypeMismatch),
            };
            explain.outcome(name, outcome, || {
                let absent = if is_required { "" } else { "absent, or " };
                let expected = format!("{absent}{}", accepted.join(" or "));
                (expected, answer.describe(name))
            })?;
        }
        let is_bound = answer
            .member("token_type")
            .and_then(Json::string)
            .is_some_and(|stated| stated.eq_ignore_ascii_case("DPoP"));
        let names_key = || {
            let key = answer.member("cnf")?.member("jkt")?;
            key.string().filter(|key| !key.is_empty())
        };
        if is_bound && names_key().is_none() {
            let outcome = Err(Reason::ProofMissing);
            return explain.outcome("cnf", outcome, || ("cnf.jkt of a DPoP token", "none"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(members: &str, require_token_type: bool) -> Result<(), Reason> {
        let answer = Claims::stated(format!(r#"{{"active":true{members}}}"#)).unwrap();
        TokenKindRule { require_token_type }.validate(&answer, &mut ())
    }

    #[test]
    fn only_access_tokens_pass() {
        for good in [
            "",
            r#","token_use":"access_token""#,
            r#","token_use":"access","token_type":"bearer","typ":"AT+JWT""#,
            r#","token_type":"access_token","typ":null"#,
            r#","token_type":"DPoP","cnf":{"jkt":"x"}"#,
        ] {
            assert_eq!(validate(good, false), Ok(()), "{good}");
        }
        for bad in [
            r#","token_use":"refresh_token""#,
            r#","token_use":"id""#,
            r#","token_type":"refresh_token""#,
            r#","token_type":"N_A""#,
            r#","token_type":["Bearer"]"#,
            r#","token_type":"""#,
            r#","typ":"Refresh""#,
            r#","typ":"Offline","token_type":"Bearer""#,
            r#","typ":"ID""#,
            r#","typ":1"#,
        ] {
            assert_eq!(
                validate(bad, false),
                Err(Reason::TokenTypeMismatch),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_type_may_be_demanded() {
        assert_eq!(validate("", true), Err(Reason::TokenTypeMismatch));
        assert_eq!(
            validate(r#","token_type":null"#, true),
            Err(Reason::TokenTypeMismatch)
        );
        assert_eq!(validate(r#","token_type":"Bearer""#, true), Ok(()));
    }

    #[test]
    fn a_bound_token_names_its_key() {
        for cnf in [
            "",
            r#","cnf":null"#,
            r#","cnf":{"jkt":""}"#,
            r#","cnf":{"x5t#S256":"x"}"#,
        ] {
            let members = format!(r#","token_type":"dpop"{cnf}"#);
            assert_eq!(
                validate(&members, false),
                Err(Reason::ProofMissing),
                "{cnf}"
            );
        }
    }
}
