//! The roles a token gives, wherever its provider writes them.

use std::borrow::Cow;

use super::AudienceRule;
use crate::domain::{ClaimPath, Notes, Reason};
use crate::jose::{Claims, Json};

/// Under this name rules and headers read them.
const NAME: &str = "roles";

/// Where a provider writes the roles that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleClaims {
    /// In this claim.
    Named(&'static str),
    /// Keycloak: those of the realm as they are, and of each client among the audiences as `client:role`.
    RealmAndClients,
}

/// What the claim `roles` of a token is.
#[derive(Debug)]
pub(super) enum Roles {
    /// What the token has under this name.
    AsWritten,
    /// This array of texts, as JSON; nothing if there are none, so that a rule that wants some is not satisfied.
    Gathered(Option<Box<str>>),
}

impl RoleClaims {
    /// Reads them as an array of texts, or as a text, which is an array of one.
    pub(super) fn read(
        self,
        claims: &Claims,
        audience: &AudienceRule,
        notes: &mut impl Notes,
    ) -> Result<Roles, Reason> {
        let gathered = self.gather(claims, audience);
        notes.judged("roles", gathered, || {
            let found = match self {
                Self::Named(name) => format!("{name} {}", claims.told(name)),
                Self::RealmAndClients => {
                    let (realm, clients) = (claims.told("realm_access"), claims.told("resource_access"));
                    format!("realm_access {realm}, resource_access {clients}")
                }
            };
            ("absent, a text, or an array of texts", found)
        })
    }

    fn gather(self, claims: &Claims, audience: &AudienceRule) -> Result<Roles, Reason> {
        let roles = match self {
            Self::Named(name) => claims.member(name).map_or(Ok(Vec::new()), texts)?,
            Self::RealmAndClients => realm_and_clients(claims, audience.accepted.names())?,
        };
        if roles.is_empty() {
            return Ok(Roles::Gathered(None));
        }
        let json = serde_json::to_string(&roles).map_err(|_| Reason::ClaimInvalid)?;
        Ok(Roles::Gathered(Some(json.into())))
    }
}

impl Roles {
    /// The claim at the end of a path, `roles` being these.
    pub(super) fn find<'a>(&'a self, claims: &'a Claims, path: &ClaimPath) -> Option<Json<'a>> {
        match self {
            Self::Gathered(roles) if path.is_name(NAME) => roles.as_deref().map(Json::of_strict),
            Self::Gathered(_) | Self::AsWritten => claims.find(path),
        }
    }

    /// The same as the issuer wrote it, for people.
    pub(super) fn told_at<'a>(&'a self, claims: &'a Claims, path: &ClaimPath) -> &'a str {
        match self {
            Self::Gathered(roles) if path.is_name(NAME) => roles.as_deref().unwrap_or("absent"),
            Self::Gathered(_) | Self::AsWritten => claims.told_at(path),
        }
    }

    /// All claims, `roles` being these.
    pub(super) fn members<'a>(&'a self, claims: &'a Claims) -> Option<Vec<(Cow<'a, str>, Json<'a>)>> {
        let mut members = claims.all().members()?;
        if let Self::Gathered(roles) = self {
            members.retain(|(name, _)| name != NAME);
            members.extend(roles.as_deref().map(|roles| (NAME.into(), Json::of_strict(roles))));
        }
        Some(members)
    }

    /// How many bytes they take in memory, beside themselves.
    pub(super) fn size(&self) -> usize {
        if let Self::Gathered(Some(roles)) = self { roles.len() } else { 0 }
    }
}

fn realm_and_clients<'a>(claims: &'a Claims, clients: &[String]) -> Result<Vec<Cow<'a, str>>, Reason> {
    let below = |claim: Option<Json<'a>>| claim.filter(|roles| !roles.is_null()).map_or(Ok(Vec::new()), texts);
    let mut roles = below(claims.member("realm_access").and_then(|realm| realm.member(NAME)))?;
    // Whoever names a role of the realm must not thereby make one of a client.
    let is_clients = |role: &str| clients.iter().any(|client| role.split_once(':').is_some_and(|(of, _)| of == client));
    roles.retain(|role| !is_clients(role));
    let resources = claims.member("resource_access");
    for client in clients {
        let own = below(resources.and_then(|resources| resources.member(client)?.member(NAME)))?;
        roles.extend(own.into_iter().map(|role| Cow::Owned(format!("{client}:{role}"))));
    }
    Ok(roles)
}

fn texts(claim: Json<'_>) -> Result<Vec<Cow<'_, str>>, Reason> {
    let texts = match claim.elements() {
        Some(elements) => elements.into_iter().map(Json::string).collect(),
        None => claim.string().map(|text| vec![text]),
    };
    let texts: Vec<_> = texts.ok_or(Reason::ClaimInvalid)?;
    // An empty text names no role.
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}
