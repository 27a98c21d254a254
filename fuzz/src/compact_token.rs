//! Bytes in a token's place: whether they are a token is what RFC 7515 says, and signed is only
//! what was signed.

use std::collections::HashSet;
use std::sync::LazyLock;

use doorward::domain::BearerToken;
use doorward::jose::{
    Algorithm, Algorithms, CompactJws, IssuerClaim, KeySet, VerificationKey, encode_base64url,
};

use super::encoding::canonical_base64url;
use super::fixture::SECRET;
use super::json::Json;

const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Judges the bytes as they are; where two line ends divide them, also the token that has these as
/// its parts.
pub fn check(data: &[u8]) {
    check_token(data);
    let parts: Vec<_> = data
        .splitn(3, |byte| *byte == b'\n')
        .map(encode_base64url)
        .collect();
    if parts.len() == 3 {
        check_token(parts.join(".").as_bytes());
    }
}

fn check_token(bytes: &[u8]) {
    let Ok(token) = BearerToken::parse(bytes, MAX_TOKEN_BYTES) else {
        assert!(bytes.is_empty() || bytes.len() > MAX_TOKEN_BYTES);
        return;
    };
    match (CompactJws::parse(token), Stated::read(bytes)) {
        (Ok(jws), Some(stated)) => {
            stated.assert_same(&jws);
            check_signature(jws, bytes);
        }
        (Err(_), None) => {}
        (Ok(_), None) => panic!("taken for a token: {}", bytes.escape_ascii()),
        (Err(reason), Some(_)) => panic!(
            "{}, but is a token: {}",
            reason.code(),
            bytes.escape_ascii()
        ),
    }
}

/// Whatever our keys find signed begins with what one of them has signed.
fn check_signature(jws: CompactJws<'_>, bytes: &[u8]) {
    let keys = if jws.header().algorithm().name().starts_with("HS") {
        &KEYS.secrets
    } else {
        &KEYS.public
    };
    let Ok(candidates) = keys.candidates(jws.header().key_id(), jws.header().algorithm()) else {
        return;
    };
    if jws.into_signed(&candidates).is_ok() {
        assert!(
            KEYS.signed.contains(signing_input(bytes)),
            "a forgery passed: {}",
            bytes.escape_ascii()
        );
    }
}

fn signing_input(token: &[u8]) -> &[u8] {
    &token[..token.iter().rposition(|byte| *byte == b'.').unwrap()]
}

struct Keys {
    public: KeySet,
    secrets: KeySet,
    signed: HashSet<&'static [u8]>,
}

/// The keys that `examples/seeds.rs` made, and what they have signed.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let secret = |algorithm| VerificationKey::secret(algorithm, SECRET.as_bytes()).unwrap();
    let secrets = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].map(secret);
    Keys {
        public: KeySet::from_jwks(
            include_bytes!("../fixtures/keys.json"),
            &Algorithms::asymmetric(),
        )
        .unwrap(),
        secrets: KeySet::of_any_id(secrets.into()),
        signed: include_str!("../fixtures/tokens.txt")
            .lines()
            .map(|token| signing_input(token.as_bytes()))
            .collect(),
    }
});

/// What a token says, as another reader understands it.
struct Stated {
    algorithm: Algorithm,
    header: Json,
    claims: Json,
}

impl Stated {
    fn read(token: &[u8]) -> Option<Self> {
        let parts: Vec<_> = token
            .split(|byte| *byte == b'.')
            .map(canonical_base64url)
            .collect::<Option<_>>()?;
        let [header, claims, _signature] = parts.as_slice() else {
            return None;
        };
        let (header, claims) = (Json::strict_object(header)?, Json::strict_object(claims)?);
        let unencoded = header
            .get("b64")
            .is_some_and(|b64| !matches!(b64, Json::Boolean(true)));
        let compressed = header
            .stated("zip")
            .is_some_and(|zip| zip.text().is_none_or(|zip| zip == "DEF"));
        let changes_the_meaning = unencoded
            || compressed
            || ["crit", "enc"]
                .iter()
                .any(|name| header.get(name).is_some());
        let nested = header.get("cty").is_some_and(|cty| {
            cty.text().is_none_or(|cty| {
                ["jwt", "application/jwt"].contains(&cty.to_ascii_lowercase().as_str())
            })
        });
        let texts = ["kid", "typ"]
            .iter()
            .all(|name| header.get(name).is_none_or(|value| value.text().is_some()));
        let algorithm = algorithm(header.get("alg")?.text()?)?;
        (!changes_the_meaning && !nested && texts).then_some(Self {
            algorithm,
            header,
            claims,
        })
    }

    fn assert_same(&self, jws: &CompactJws<'_>) {
        let header = jws.header();
        assert_eq!(header.algorithm(), self.algorithm);
        assert_eq!(
            header.key_id(),
            self.header
                .get("kid")
                .and_then(Json::text)
                .filter(|id| !id.is_empty())
        );
        assert_eq!(
            header.token_type(),
            self.header.get("typ").and_then(Json::text)
        );
        let issuer = match self.claims.get("iss") {
            None => IssuerClaim::Absent,
            Some(issuer) => issuer.text().map_or(IssuerClaim::Malformed, |name| {
                IssuerClaim::Named(name.into())
            }),
        };
        assert_eq!(jws.unverified_claims().issuer(), issuer);
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    // RFC 9864 section 2.2.
    let name = if name == "Ed25519" { "EdDSA" } else { name };
    Algorithm::ALL
        .iter()
        .copied()
        .find(|algorithm| algorithm.name() == name)
}
