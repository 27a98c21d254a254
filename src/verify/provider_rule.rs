//! Rules for what the tokens of one provider state besides the claims of the RFCs.

use super::EntraTenant;
use super::required_claim::is_empty_text;
use super::validity::date;
use crate::domain::{Explain, Reason, Timestamp};
use crate::jose::{Claims, Json, VerificationKey};

/// The rule for what the tokens of one provider must state besides the claims of the RFCs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderRule {
    /// Amazon Cognito: `token_use` is one of these.
    TokenUse(Vec<&'static str>),
    /// Microsoft Entra ID: `tid` is the tenant in `iss`, and the key does not belong to another
    /// tenant.
    Tenant,
    /// Firebase: the token has a user, who authenticated in the past.
    Login,
}

impl ProviderRule {
    /// Validates the claims of a token. `key` made its signature; without one, the issuer was asked
    /// about the token. `latest` is the latest time that counts as past, with the leeway between
    /// clocks.
    pub(super) fn validate(
        &self,
        claims: &Claims,
        key: Option<&VerificationKey>,
        latest: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let key = key.and_then(VerificationKey::issuer);
        match self {
            Self::TokenUse(accepted) => {
                let found = claims.describe("token_use");
                explain.outcome("token_use", validate_token_use(claims, accepted), || {
                    (accepted.join(" or "), found)
                })
            }
            Self::Tenant => explain.outcome("tid", validate_tenant(claims, key), || {
                let key = key.unwrap_or("every tenant");
                let found = format!(
                    "{}, iss {}, a key of {key}",
                    claims.describe("tid"),
                    claims.describe("iss")
                );
                (
                    "the tenant in iss, and a key of every tenant or of this one",
                    found,
                )
            }),
            Self::Login => {
                explain.outcome("sub", validate_user(claims), || {
                    ("there, and not empty", claims.describe("sub"))
                })?;
                let found = claims.describe("auth_time");
                explain.outcome("auth_time", validate_login(claims, latest), || {
                    (format!("at most {latest}"), found)
                })
            }
        }
    }
}

/// Validates `token_use`, by which Amazon Cognito tells access tokens from ID tokens.
fn validate_token_use(claims: &Claims, accepted: &[&str]) -> Result<(), Reason> {
    let token_use = claims.member("token_use").ok_or(Reason::ClaimMissing)?;
    let fits = token_use
        .string()
        .is_some_and(|token_use| accepted.contains(&&*token_use));
    if fits {
        Ok(())
    } else {
        Err(Reason::TokenTypeMismatch)
    }
}

/// Validates that `tid` and `iss` agree (RFC 7519 section 4.1.1 for `iss`). All tenants share keys,
/// so only the two claims together identify the tenant.
fn validate_tenant(claims: &Claims, issuer_of_key: Option<&str>) -> Result<(), Reason> {
    let tid = claims
        .member("tid")
        .ok_or(Reason::ClaimMissing)?
        .string()
        .ok_or(Reason::ClaimInvalid)?;
    let iss = claims
        .member("iss")
        .and_then(Json::string)
        .unwrap_or_default();
    let tenant =
        EntraTenant::of_issuer(&iss).filter(|tenant| EntraTenant::parse(&tid) == Some(*tenant));
    let tenant = tenant.ok_or(Reason::ClaimInvalid)?;
    // The key set of all tenants also has keys that are valid for one tenant only.
    match issuer_of_key {
        None | Some("https://login.microsoftonline.com/{tenantid}/v2.0") => Ok(()),
        Some(issuer) if EntraTenant::of_issuer(issuer) == Some(tenant) => Ok(()),
        Some(_) => Err(Reason::KeyUnknown),
    }
}

/// Validates that there is a `sub` that is not empty (RFC 7519 section 4.1.2).
fn validate_user(claims: &Claims) -> Result<(), Reason> {
    claims
        .member("sub")
        .filter(|subject| !is_empty_text(*subject))
        .ok_or(Reason::ClaimMissing)
        .map(drop)
}

/// Validates that `auth_time` (`OpenID` Connect Core section 2) is not in the future.
fn validate_login(claims: &Claims, latest: Timestamp) -> Result<(), Reason> {
    let authenticated_at = date(claims, "auth_time")?.ok_or(Reason::ClaimMissing)?;
    if Timestamp::ceil(&authenticated_at) > latest {
        Err(Reason::TokenIssuedInFuture)
    } else {
        Ok(())
    }
}
