//! The issuers, found by the exact `iss` of a token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{IssuerDescription, KeyStore};
use crate::config::AcceptedIssuers;
use crate::domain::IssuerIndex;
use crate::jose::{Algorithms, IssuerClaim, UnverifiedClaims};
use crate::policy::IssuerProfile;
use crate::verify::EntraTenant;

/// An issuer: its profile and its keys.
pub struct Issuer {
    /// Its profile, which each of its principals shares.
    pub profile: Arc<IssuerProfile>,
    /// The `iss` that its tokens may have.
    pub accepted: AcceptedIssuers,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Algorithms,
    /// Its keys.
    pub keys: Arc<KeyStore>,
    /// `false` if nothing of the issuer is verified with keys, so that it is ready without them.
    pub needs_keys: bool,
    /// Its settings, for people.
    pub description: IssuerDescription,
}

/// All issuers.
pub struct Issuers {
    in_order: Vec<Arc<Issuer>>,
    by_iss: HashMap<String, Arc<Issuer>>,
    without_iss: Option<Arc<Issuer>>,
    of_any_tenant: Option<Arc<Issuer>>,
}

impl Issuers {
    /// Creates the issuers, in the order of the configuration.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        let mut all = Self {
            in_order: Vec::new(),
            by_iss: HashMap::new(),
            without_iss: None,
            of_any_tenant: None,
        };
        for issuer in issuers {
            let issuer = Arc::new(issuer);
            all.in_order.push(issuer.clone());
            match &issuer.accepted {
                AcceptedIssuers::Absent => all.without_iss = Some(issuer),
                AcceptedIssuers::Named(names) => {
                    all.by_iss
                        .extend(names.iter().map(|name| (name.clone(), issuer.clone())));
                }
                AcceptedIssuers::AnyEntraTenant => all.of_any_tenant = Some(issuer),
            }
        }
        all
    }

    /// Returns the issuer that a token names in `iss` (RFC 7519 section 4.1.1). Names are compared
    /// byte by byte (RFC 9068 section 4): case is not folded, and a slash at the end counts. A
    /// token with an `iss` never belongs to the issuer of tokens without one.
    pub fn find(&self, claims: &UnverifiedClaims) -> Option<&Arc<Issuer>> {
        self.named(claims.issuer())
    }

    /// Returns the issuer whose tokens have this `iss`.
    pub fn named(&self, iss: IssuerClaim<'_>) -> Option<&Arc<Issuer>> {
        match iss {
            IssuerClaim::Absent => self.without_iss.as_ref(),
            IssuerClaim::Named(iss) => self.by_iss.get(&*iss).or_else(|| self.tenant_issuer(&iss)),
            IssuerClaim::Malformed => None,
        }
    }

    fn tenant_issuer(&self, iss: &str) -> Option<&Arc<Issuer>> {
        self.of_any_tenant
            .as_ref()
            .filter(|_| EntraTenant::of_issuer(iss).is_some())
    }

    /// Returns the issuers in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.in_order.iter()
    }

    /// Returns the `iss` of every issuer that has one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_iss.keys().map(String::as_str)
    }

    /// Returns the issuer at this index.
    pub fn at(&self, index: IssuerIndex) -> Option<&Arc<Issuer>> {
        self.in_order.get(index.get())
    }
}

/// Lists each `iss` that is known.
impl fmt::Display for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut known: Vec<_> = self.by_iss.keys().map(|iss| format!("{iss:?}")).collect();
        known.sort_unstable();
        known.extend(
            self.of_any_tenant
                .as_ref()
                .map(|_| "that of any tenant of Entra ID".to_owned()),
        );
        known.extend(self.without_iss.as_ref().map(|_| "no iss".to_owned()));
        f.write_str(&known.join(", "))
    }
}
