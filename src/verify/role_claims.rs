//! The roles of a token, in whatever claim its provider writes them.

use std::borrow::Cow;

use super::AudienceRule;
use crate::domain::{ClaimPath, Explain, Reason};
use crate::jose::{Claims, Json};

/// The name under which rules and claim headers read the roles.
const NAME: &str = "roles";

/// The claims in which a provider writes the roles of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleClaims {
    /// The claim of this name.
    Named(&'static str),
    /// Keycloak: the roles of the realm unchanged, and those of each client among the audiences as
    /// `client:role`.
    RealmAndClients,
}

/// The value of the claim `roles` of a token.
#[derive(Debug)]
pub(super) enum Roles {
    /// The token's own claim of this name.
    AsWritten,
    /// An array of strings, as JSON; `None` if there are none, so that a rule that requires some is
    /// not satisfied.
    Gathered(Option<Box<str>>),
}

impl RoleClaims {
    /// Reads the roles from an array of strings, or from a string as an array of one.
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
    /// Returns the claim at the end of a path, with these roles as `roles`.
    pub(super) fn find<'a>(&'a self, claims: &'a Claims, path: &ClaimPath) -> Option<Json<'a>> {
        match self {
            Self::Gathered(roles) if path.is_name(NAME) => roles.as_deref().map(Json::of_strict),
            Self::Gathered(_) | Self::AsWritten => claims.find(path),
        }
    }

    /// Describes the claim at the end of a path for people, with these roles as `roles`.
    pub(super) fn describe_at<'a>(&'a self, claims: &'a Claims, path: &ClaimPath) -> &'a str {
        match self {
            Self::Gathered(roles) if path.is_name(NAME) => roles.as_deref().unwrap_or("absent"),
            Self::Gathered(_) | Self::AsWritten => claims.describe_at(path),
        }
    }

    /// Returns all claims by name, with these roles as `roles`.
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

    /// Returns the size of the roles on the heap, in bytes.
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
    // A role of the realm must not become a role of a client because of its name.
    roles.retain(|role| client_of(role, clients).is_none());
    let resources = claims.member("resource_access");
    for client in clients {
        let own = below(resources.and_then(|resources| resources.member(client)?.member(NAME)))?;
        let named = own.into_iter().map(|role| format!("{client}:{role}"));
        // Neither must a role of one client become one of another, whose id continues after the
        // colon.
        roles.extend(
            named
                .filter(|role| client_of(role, clients) == Some(client))
                .map(Cow::Owned),
        );
    }
    Ok(roles)
}

/// Returns the client of a role, by its name `client:role`. Ids may be URLs with colons, so the
/// client is not just the text before the first colon. If several ids match, the longest one is the
/// client.
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
        fn other_clients_that_fit_are_prefixes_of_the_client(clients in vec("[ab:]{1,4}", 0..4), role in "[ab:]{0,8}") {
            let fitting: Vec<_> = clients.iter().filter(|client| role.starts_with(&format!("{client}:"))).collect();
            match client_of(&role, &clients) {
                None => prop_assert!(fitting.is_empty()),
                Some(client) => prop_assert!(fitting.iter().all(|other| client.starts_with(other.as_str()))),
            }
        }
    }
}
