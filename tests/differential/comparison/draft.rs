//! A token in the making: good until something twists it.

use doorward::jose::encode_base64url;
use fastrand::Rng;

use super::keys::Keys;
use super::members::{Members, quoted};
use super::scene::Scene;
use super::{AUDIENCE, ISSUER};

/// A token in the making.
pub struct Draft {
    pub scene: Scene,
    pub header: Members,
    pub claims: Members,
    /// What becomes of the header when it is written.
    pub write_header: fn(Members, &mut Rng) -> Vec<u8>,
    /// What becomes of the claims when they are written.
    pub write_claims: fn(Members, &mut Rng) -> Vec<u8>,
    pub sign: fn(&Keys, &str) -> Vec<u8>,
    pub spoil_signature: fn(&mut Vec<u8>, &mut Rng),
    pub spoil_token: fn(String, &mut Rng) -> String,
    /// Some facts about the keys that headers may mention.
    pub algorithm: &'static str,
    pub other_algorithm: &'static str,
    pub other_public_key: String,
}

/// A finished token, and what it was made of.
pub struct Finished {
    pub header: Vec<u8>,
    pub claims: Vec<u8>,
    pub token: String,
}

impl Draft {
    pub fn new(keys: &Keys, scene: Scene) -> Self {
        Self {
            scene,
            header: good_header(keys),
            claims: good_claims(scene),
            write_header: |members, rng| members.written(rng).into(),
            write_claims: |members, rng| members.written(rng).into(),
            sign: |keys, text| keys.own.signature(text.as_bytes()).unwrap(),
            spoil_signature: |_, _| {},
            spoil_token: |token, _| token,
            algorithm: keys.own.algorithm().name(),
            other_algorithm: keys.sibling.algorithm().name(),
            other_public_key: keys.other_public_key(),
        }
    }

    pub fn finish(self, keys: &Keys, rng: &mut Rng) -> Finished {
        let header = (self.write_header)(self.header, rng);
        let claims = (self.write_claims)(self.claims, rng);
        let input = format!(
            "{}.{}",
            encode_base64url(&header),
            encode_base64url(&claims)
        );
        let mut signature = (self.sign)(keys, &input);
        (self.spoil_signature)(&mut signature, rng);
        let token = (self.spoil_token)(format!("{input}.{}", encode_base64url(signature)), rng);
        Finished {
            header,
            claims,
            token,
        }
    }
}

fn good_header(keys: &Keys) -> Members {
    let mut header = Members::default();
    header.set("alg", quoted(keys.own.algorithm().name()));
    header.set("kid", quoted(Keys::ID));
    header.set("typ", quoted("JWT"));
    header
}

fn good_claims(scene: Scene) -> Members {
    // No single digit of these, changed, leads to within an hour of now.
    const FAR: i64 = 50_005_000;
    let mut claims = Members::default();
    claims.set("iss", quoted(ISSUER));
    claims.set("aud", quoted(AUDIENCE));
    claims.set("sub", quoted("alice"));
    claims.set("exp", (scene.now + FAR).to_string());
    claims.set("nbf", (scene.now - FAR).to_string());
    claims.set("iat", (scene.now - FAR).to_string());
    claims
}
