//! The roles a token gives, wherever its provider writes them.

use std::borrow::Cow;

use super::AudienceRule;
use crate::domain::{ClaimPath, Explain, Reason};
use crate::jose::{Claims, Json};

/// Under this name rules and headers read them.
const NAME: &str = "roles";

/// Where a provider writes the roles that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleClaims {
    /// In this claim.
    Named(&'static str),
    /// Keycloak: those of the realm as they are, and of each client among the audiences as
    /// `client:role`.
    RealmAndClients,
}

/// What the claim `roles` of a token is.
#[derive(Debug)]
pub(super) enum Roles {
    /// What the token has under this name.
    AsWritten,
    /// This array of texts, as JSON; nothing if there are none, so that a rule that wants some is
    /// not satisfied.
    Gathered(Option<Box<str>>),
}

impl RoleClaims {
    /// Reads them as an array of texts, or as a text, which is an array of one.
    pub(super) fn read(
        self,
        claims: &Claims,
        audience: &AudienceRule,
        explain: &mut impl Explain,
    ) -> Result<Roles, Reason> {
        let gathered = self.gather(claims, audience);
        explain.outcome("roles", gathered, || {
            let found = match self {
                Self::Named(name) => format!("{name} {}", claims.describe(name)),
                Self::RealmAndClients => {
                    let (realm, clients) = (
                        claims.describe("realm_access"),
                        claims.describe("resource_access"),
                    );
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
    pub(super) fn describe_at<'a>(&'a self, claims: &'a Claims, path: &ClaimPath) -> &'a str {
        match self {
            Self::Gathered(roles) if path.is_name(NAME) => roles.as_deref().unwrap_or("absent"),
            Self::Gathered(_) | Self::AsWritten => claims.describe_at(path),
        }
    }

    /// All claims, `roles` being these.
    pub(super) fn members<'a>(
        &'a self,
        claims: &'a Claims,
    ) -> Option<Vec<(Cow<'a, str>, Json<'a>)>> {
        let mut members = claims.all().members()?;
        if let Self::Gathered(roles) = self {
            members.retain(|(name, _)| name != NAME);
            members.extend(
                roles
                    .as_deref()
                    .map(|roles| (NAME.into(), Json::of_strict(roles))),
            );
        }
        Some(members)
    }

    /// How many bytes they take in memory, beside themselves.
    pub(super) fn size(&self) -> usize {
        if let Self::Gathered(Some(roles)) = self {
            roles.len()
        } else {
            0
        }
    }
}

fn realm_and_clients<'a>(
    claims: &'a Claims,
    clients: &[String],
) -> Result<Vec<Cow<'a, str>>, Reason> {
    let below = |claim: Option<Json<'a>>| {
        claim
            .filter(|roles| !roles.is_null())
            .map_or(Ok(Vec::new()), texts)
    };
    let mut roles = below(
        claims
            .member("realm_access")
            .and_then(|realm| realm.member(NAME)),
    )?;
    // Whoever names a role of the realm must not thereby make one of a client.
    roles.retain(|role| client_of(role, clients).is_none());
    let resources = claims.member("resource_access");
    for client in clients {
        let own = below(resources.and_then(|resources| resources.member(client)?.member(NAME)))?;
        let named = own.into_iter().map(|role| format!("{client}:{role}"));
        // Nor may whoever names a role of one client make one of another, whose id goes on behind
        // the colon.
        roles.extend(
            named
                .filter(|role| client_of(role, clients) == Some(client))
                .map(Cow::Owned),
        );
    }
    Ok(roles)
}

/// The client that a role is of, by its name `client:role`. Ids may be URLs and have colons in
/// them, so it is not the text before the first colon that tells; if several ids fit it is the
/// longest.
fn client_of<'c>(role: &str, clients: &'c [String]) -> Option<&'c String> {
    let fits = |client: &&String| {
        role.strip_prefix(client.as_str())
            .is_some_and(|rest| rest.starts_with(':'))
    };
    clients
        .iter()
        .filter(fits)
        .max_by_key(|client| client.len())
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_role_is_of_the_client_with_the_longest_id_that_fits() {
        let clients = [
            "https://api.example.com",
            "urn:acme:orders",
            "acme",
            "acme:orders",
        ]
        .map(str::to_owned);
        for (role, client) in [
            (
                "https://api.example.com:admin",
                Some("https://api.example.com"),
            ),
            ("https://api.example.com", None),
            ("https:admin", None),
            ("urn:acme:orders:admin", Some("urn:acme:orders")),
            ("urn:acme:ordersx:admin", None),
            ("acme:admin", Some("acme")),
            ("acme:orders", Some("acme")),
            ("acme:orders:admin", Some("acme:orders")),
            ("acme:orders:", Some("acme:orders")),
            ("acme:ordersx:admin", Some("acme")),
            ("ACME:admin", None),
            ("admin", None),
        ] {
            assert_eq!(
                client_of(role, &clients).map(String::as_str),
                client,
                "{role}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_name_is_two_clients(clients in vec("[ab:]{1,4}", 0..4), role in "[ab:]{0,8}") {
            let fitting: Vec<_> = clients.iter().filter(|client| role.starts_with(&format!("{client}:"))).collect();
            match client_of(&role, &clients) {
                None => prop_assert!(fitting.is_empty()),
                Some(client) => prop_assert!(fitting.iter().all(|other| client.starts_with(other.as_str()))),
            }
        }
    }
}
