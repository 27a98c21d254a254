//! Users with passwords.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use secrecy::{ExposeSecret, SecretSlice};

use super::hash_pool::HashSlot;
use super::{FollowedList, HashPool};
use crate::authenticators::CredentialDigest;
use crate::config::{PasswordList, PasswordSettings, StoredHash, claims_of_user};
use crate::domain::{Credential, CredentialScheme, IssuerIndex, LateFailure, Reason, Timestamp};
use crate::jose::Claims;
use crate::policy::{ClaimHeaders, Evidence, IssuerProfile, ListedLine, Principal};
use crate::verify::VerifiedToken;

/// The most bytes of a password. A longer one is refused without a hash.
pub(in crate::authenticators) const MAX_PASSWORD: usize = 1024;

/// Users with passwords.
pub struct Passwords {
    profile: Arc<IssuerProfile>,
    list: Arc<FollowedList<PasswordList>>,
    pool: Arc<HashPool>,
    /// The key of this process for digests of passwords; without it none is remembered.
    key: Option<hmac::Key>,
}

/// A user and a password as a client presented them.
#[derive(Clone, Copy)]
pub(in crate::authenticators) struct Pair<'a> {
    /// The user.
    pub user: &'a str,
    password: &'a [u8],
}

/// The work of one hash.
pub(in crate::authenticators) struct Attempt {
    hash: Option<StoredHash>,
    /// The line of the user; `None` for a user that is not in the list.
    line: Option<ListedLine>,
    password: SecretSlice<u8>,
}

impl Passwords {
    pub(super) fn new(
        settings: PasswordSettings,
        index: IssuerIndex,
        pool: Arc<HashPool>,
        now: Timestamp,
    ) -> Self {
        let name = crate::config::BASIC;
        let profile = IssuerProfile {
            kept_for: Some(settings.cache_ttl),
            ..IssuerProfile::of_list(index, name, CredentialScheme::Basic)
        };
        Self {
            profile: profile.into(),
            list: FollowedList::new(settings.read, now).into(),
            pool,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
        }
    }

    /// Returns the profile that its principals share.
    pub fn profile(&self) -> &IssuerProfile {
        &self.profile
    }

    /// Waits for a thread that hashes, for a request of this client, where it is known.
    ///
    /// Fails with [`Reason::DependencyUnavailable`] if too many wait, or if it takes too long.
    pub(in crate::authenticators) async fn enter(
        &self,
        client: Option<IpAddr>,
    ) -> Result<HashSlot, Reason> {
        self.pool.enter(client).await
    }

    /// Returns the list.
    pub const fn list(&self) -> &Arc<FollowedList<PasswordList>> {
        &self.list
    }

    /// Computes the digest by which a right password is remembered: of the user, the password and
    /// the stored hash, so that another hash is another digest. It is keyed: without the key of
    /// this process, passwords cannot be guessed from a digest.
    pub(in crate::authenticators) fn digest(
        &self,
        credential: &Credential<'_>,
    ) -> Option<CredentialDigest> {
        let pair = Pair::parse(credential)?;
        let current = self.list.current();
        let line = current.list.find(pair.user);
        let stored = line.map_or("", |line| line.hash.as_written());
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        // Neither a user nor a password has a NUL here.
        for part in [
            pair.user.as_bytes(),
            b"\0",
            pair.password,
            b"\0",
            stored.as_bytes(),
        ] {
            context.update(part);
        }
        let tag = <[u8; 32]>::try_from(context.sign().as_ref()).ok()?;
        Some(CredentialDigest::of_password(tag))
    }

    /// Returns the hash to compare with. For a user that is not in the list it is one that costs as
    /// much as most of those in the list.
    pub(in crate::authenticators) fn attempt(&self, pair: Pair<'_>) -> Attempt {
        let current = self.list.current();
        let line = current.list.find(pair.user);
        let hash = line.map(|line| &line.hash).or(current.list.dummy());
        Attempt {
            hash: hash.cloned(),
            line: line.map(|line| ListedLine {
                fingerprint: line.fingerprint,
                revision: current.number,
            }),
            password: pair.password.to_vec().into(),
        }
    }

    /// Makes the principal of a user whose password was right.
    pub(in crate::authenticators) fn principal(
        &self,
        user: &str,
        line: ListedLine,
        claim_headers: &ClaimHeaders,
    ) -> Result<Principal, Reason> {
        let claims = Claims::stated(claims_of_user(user))?;
        let token = VerifiedToken::of_line(claims, &self.profile.expectations.audience)?;
        let list = self.list.clone();
        let evidence = Evidence::Listed { list, line };
        Ok(Principal::new(
            token,
            self.profile.clone(),
            evidence,
            claim_headers,
        ))
    }
}

impl<'a> Pair<'a> {
    /// Splits at the first colon (RFC 7617 section 2). Returns `None` if there is a NUL, at which
    /// bcrypt would end, and if the password is longer than [`MAX_PASSWORD`]: to hash long texts of
    /// unknown clients would cost too much.
    pub(in crate::authenticators) fn parse(credential: &'a Credential<'_>) -> Option<Self> {
        let text = std::str::from_utf8(credential.as_bytes()).ok()?;
        let (user, password) = text.split_once(':')?;
        let is_usable = password.len() <= MAX_PASSWORD && !text.contains('\0');
        is_usable.then_some(Self {
            user,
            password: password.as_bytes(),
        })
    }
}

impl Attempt {
    /// Returns `true` if the user is in the list.
    pub(in crate::authenticators) const fn is_of_known_user(&self) -> bool {
        self.line.is_some()
    }

    /// Hashes in this slot, and returns the line if the password is that of its user. If the
    /// request ends before, a wrong password is counted as `late_failure`: otherwise a client could
    /// have as many hashed as it likes, by hanging up.
    ///
    /// Fails with [`Reason::DependencyUnavailable`] if it takes too long.
    pub(in crate::authenticators) async fn run(
        self,
        slot: HashSlot,
        late_failure: Option<LateFailure>,
    ) -> Result<Option<ListedLine>, Reason> {
        let abandoned = move |line: Option<_>| {
            if let (None, Some(failure)) = (line, late_failure) {
                failure.count();
            }
        };
        slot.run(move || self.hash(), abandoned).await
    }

    /// Hashes, and returns the line if the password is right. Blocks the thread meanwhile.
    fn hash(self) -> Option<ListedLine> {
        let matches = self
            .hash
            .is_some_and(|hash| hash.is_of(self.password.expose_secret()));
        self.line.filter(|_| matches)
    }
}
