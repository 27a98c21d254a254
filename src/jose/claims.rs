//! The claims of a token, before and after its signature is verified (RFC 7519 section 4).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::json::{Json, Object};
use crate::domain::{ClaimPath, Reason, Timestamp};

/// The claims of a token whose signature has been verified, or that the operator has written.
///
/// They come from [`CompactJws::into_signed`](super::CompactJws::into_signed), from a server that
/// was asked about the token over a connection that proves who answers
/// ([`stated`](Self::stated)), or from a file of the operator.
#[derive(Debug)]
pub struct Claims {
    /// The payload as the issuer wrote it.
    text: String,
    /// The names of all claims, one after the other. A string for each name would take as long to
    /// build as all the rest.
    names: String,
    /// The claims, sorted by [`name_order`](super::json::name_order).
    members: Vec<Member>,
}

/// The position of one claim.
#[derive(Debug)]
struct Member {
    /// The key of its name, which has the length.
    key: u64,
    /// The start of its name in `names`.
    name: u32,
    /// The range of its value in `text`.
    value: Range<u32>,
}

impl Claims {
    /// Parses claims that did not come in a signed token: from the answer of an introspection
    /// endpoint over an authenticated connection, or from a file of the operator. Fails with
    /// [`Reason::ClaimInvalid`] unless the text is a strict JSON object.
    pub fn stated(text: String) -> Result<Self, Reason> {
        UnverifiedClaims::parse(text.into_bytes()).map(UnverifiedClaims::trusted)
    }

    /// Returns the issuer that `iss` names.
    pub fn issuer(&self) -> IssuerClaim<'_> {
        match self.get("iss").map(Json::string) {
            None => IssuerClaim::Absent,
            Some(Some(issuer)) => IssuerClaim::Named(issuer),
            Some(None) => IssuerClaim::Malformed,
        }
    }

    /// Returns the claim of this name; `null` counts as absent.
    pub fn member(&self, name: &str) -> Option<Json<'_>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// Returns `true` if there is a claim of this name, even if it is `null`.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the claim at the end of a path; `null` counts as absent.
    pub fn find(&self, path: &ClaimPath) -> Option<Json<'_>> {
        self.at(path).filter(|value| !value.is_null())
    }

    /// Returns the claim of this name as the issuer wrote it, or `absent`, for messages to people.
    pub fn describe(&self, name: &str) -> &str {
        self.get(name).map_or("absent", Json::as_written)
    }

    /// Returns the claim at the end of a path as the issuer wrote it, or `absent`, for messages to
    /// people.
    pub fn describe_at(&self, path: &ClaimPath) -> &str {
        self.at(path).map_or("absent", Json::as_written)
    }

    /// Returns the approximate size of the heap memory of these claims, in bytes.
    pub fn size(&self) -> usize {
        self.text.capacity() + self.names.capacity() + self.members.capacity() * size_of::<Member>()
    }

    /// Returns all claims as one object.
    pub fn all(&self) -> Json<'_> {
        Json::of_strict(self.text.trim_matches(is_white_space))
    }

    /// Returns the claim at the end of a path, even if it is `null`.
    fn at(&self, path: &ClaimPath) -> Option<Json<'_>> {
        let Some((first, rest)) = path.segments().split_first() else {
            return Some(self.all());
        };
        rest.iter()
            .try_fold(self.get(first)?, |value, segment| value.member(segment))
    }

    /// Returns the claim of this name, even if it is `null`.
    fn get(&self, name: &str) -> Option<Json<'_>> {
        let key = key_of(name).ok()?;
        let at = self
            .members
            .binary_search_by(|member| {
                member.key.cmp(&key).then_with(|| match name.len() {
                    0..=KEY_BYTES => Ordering::Equal,
                    length => self.name_of(member, length).cmp(name),
                })
            })
            .ok()?;
        let Range { start, end } = self.members.get(at)?.value.clone();
        self.text
            .get(to_usize(start)..to_usize(end))
            .map(Json::of_strict)
    }

    /// Returns the name of a member, which has this length.
    fn name_of(&self, member: &Member, length: usize) -> &str {
        let start = to_usize(member.name);
        self.names.get(start..start + length).unwrap_or_default()
    }
}

/// The number of bytes of a name that are in its key.
const KEY_BYTES: usize = 6;

/// Returns the key that names are looked up by: the length and the first bytes. Keys have the order
/// of [`name_order`](super::json::name_order), and most names differ in them.
///
/// Fails for a name of 64 KiB. No issuer has one, and its key would be that of others.
fn key_of(name: &str) -> Result<u64, Reason> {
    let length = u16::try_from(name.len()).map_err(|_| Reason::ClaimInvalid)?;
    let mut bytes = [0; size_of::<u64>()];
    let [_, _, first @ ..] = &mut bytes;
    for (to, from) in first.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Ok((u64::from(length) << (8 * KEY_BYTES)) | u64::from_be_bytes(bytes))
}

/// Returns a position in the text of claims, which is never that of 4 GiB.
fn to_u32(position: usize) -> Result<u32, Reason> {
    u32::try_from(position).map_err(|_| Reason::ClaimInvalid)
}

/// Returns a position as an index.
const fn to_usize(position: u32) -> usize {
    position as usize
}

/// Returns `true` for the white space of JSON (RFC 8259 section 2).
const fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// The claims of a token whose signature has not been verified.
///
/// They serve to find the issuer that the token names and to recognise an expired token early, and
/// for nothing else.
#[derive(Debug)]
pub struct UnverifiedClaims(Claims);

/// The issuer that a token names (`iss`, RFC 7519 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerClaim<'a> {
    /// The token has no `iss` claim.
    Absent,
    /// The token names this issuer.
    Named(Cow<'a, str>),
    /// The `iss` claim is not a string.
    Malformed,
}

impl UnverifiedClaims {
    /// Parses the payload of a token. Fails with [`Reason::ClaimInvalid`] unless it is a strict
    /// JSON object in UTF-8.
    pub(super) fn parse(payload: Vec<u8>) -> Result<Self, Reason> {
        let text = String::from_utf8(payload).map_err(|_| Reason::ClaimInvalid)?;
        let object = Object::parse(&text).map_err(|_| Reason::ClaimInvalid)?;
        // The cache stores claims, so they hold the memory that they need and not what the parser
        // reserved.
        let mut names =
            String::with_capacity(object.members().iter().map(|(name, _)| name.len()).sum());
        let mut members = Vec::with_capacity(object.members().len());
        for (name, value) in object.members() {
            let value = range_of(value.as_written(), &text);
            members.push(Member {
                key: key_of(name)?,
                name: to_u32(names.len())?,
                value: to_u32(value.start)?..to_u32(value.end)?,
            });
            names.push_str(name);
        }
        Ok(Self(Claims {
            text,
            names,
            members,
        }))
    }

    /// Returns the issuer that the token names.
    pub fn issuer(&self) -> IssuerClaim<'_> {
        self.0.issuer()
    }

    /// Returns `true` if the token has expired by its own `exp` claim. No keys need to be fetched
    /// for such a token.
    pub fn seems_expired(&self, at: Timestamp) -> bool {
        self.0
            .get("exp")
            .and_then(Json::number)
            .is_some_and(|exp| at >= Timestamp::floor(&exp))
    }

    /// Returns the claims as verified ones. The caller must have verified the signature.
    pub(super) fn trusted(self) -> Claims {
        self.0
    }
}

/// Returns the range of `part` in `text`, of which it must be a slice.
fn range_of(part: &str, text: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find<'a>(path: &str, claims: &'a Claims) -> Option<&'a str> {
        claims
            .find(&ClaimPath::parse(path).unwrap())
            .map(Json::as_written)
    }

    proptest! {
        /// The members were sorted by another function.
        #[test]
        fn every_claim_is_found_and_no_other(
            names in proptest::collection::hash_set("[a-c\0\u{e9}]{0,3}|[ab]{7,10}|aaaaaaaa[ab]{0,9}", 0..20),
            other in "[a-c]{0,3}|aaaaaaaa[ab]{0,9}",
        ) {
            let object: serde_json::Map<_, _> =
                names.iter().map(|name| (name.clone(), name.as_str().into())).collect();
            let claims = claims(&serde_json::Value::from(object).to_string());
            for name in &names {
                let found = claims.get(name).and_then(Json::string);
                prop_assert_eq!(found.as_deref(), Some(name.as_str()));
            }
            prop_assert_eq!(claims.has(&other), names.contains(&other));
        }
    }

    fn claims(text: &str) -> Claims {
        UnverifiedClaims::parse(text.into()).unwrap().trusted()
    }

    #[test]
    fn paths_find_their_claims() {
        for (path, text, found) in [
            ("sub", r#"{"sub":"a"}"#, Some(r#""a""#)),
            (
                "sub",
                r#"{"a":[{"sub":"b"}],"\u0073ub":"a"}"#,
                Some(r#""a""#),
            ),
            (
                "a.b.c",
                r#"{"z":0, "a":{"b" : {"d":0,"c": 1 }}}"#,
                Some("1"),
            ),
            (r#""a.b".c"#, r#"{"a.b":{"c":1}}"#, Some("1")),
            (
                "https://x.example/roles",
                r#"{"https://x.example/roles":[1, 2]}"#,
                Some("[1, 2]"),
            ),
            ("a.b", r#"{"a":"text"}"#, None),
            ("a", r#"{"a":null}"#, None),
            ("a.b", r#"{"a":{"b":null}}"#, None),
            ("a.0", r#"{"a":[1]}"#, None),
            ("b", r#"{"a":1,"c":1}"#, None),
            ("$", " {\"a\": 1}\n", Some(r#"{"a": 1}"#)),
        ] {
            assert_eq!(find(path, &claims(text)), found, "{path} in {text}");
        }
    }

    #[test]
    fn null_exists_but_counts_as_absent() {
        let claims = claims(r#"{"a":null}"#);
        assert_eq!(
            (claims.member("a"), claims.has("a"), claims.has("b")),
            (None, true, false)
        );
    }

    #[test]
    fn issuer_and_expiry_are_read_before_verification() {
        let unverified = |text: &str| UnverifiedClaims::parse(text.into()).unwrap();
        assert_eq!(unverified("{}").issuer(), IssuerClaim::Absent);
        assert_eq!(
            unverified(r#"{"iss":"\u0061"}"#).issuer(),
            IssuerClaim::Named("a".into())
        );
        for text in [r#"{"iss":null}"#, r#"{"iss":["a"]}"#, r#"{"iss":1}"#] {
            assert_eq!(unverified(text).issuer(), IssuerClaim::Malformed, "{text}");
        }
        let at = Timestamp::from_secs(100);
        assert!(unverified(r#"{"exp":100}"#).seems_expired(at));
        for text in [r#"{"exp":101}"#, r#"{"exp":"1"}"#, r#"{"exp":null}"#, "{}"] {
            assert!(!unverified(text).seems_expired(at), "{text}");
        }
    }

    #[test]
    fn a_payload_that_is_not_utf8_is_refused() {
        assert_eq!(
            UnverifiedClaims::parse(b"{\"a\":\"\xff\"}".to_vec()).unwrap_err(),
            Reason::ClaimInvalid
        );
    }
}
