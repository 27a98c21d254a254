//! Amazon Cognito user pools.

use super::provider::{Preset, Provider, fill_keys};
use crate::config::issuer::accepted_issuers::AcceptedIssuers;
use crate::config::issuer::audience::AUDIENCE;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::verify::{ProviderRule, RoleClaims};

pub(super) const REGION: Setting = Setting::optional(
    "cognito_region",
    "–",
    "AWS region of the user pool. If there is one issuer only, `COGNITO_REGION` is read too.",
);
pub(super) const USERPOOL_ID: Setting = Setting::optional(
    "cognito_userpool_id",
    "–",
    "Id of the user pool, such as `eu-west-1_aBcDeFgHi`. If there is one issuer only, `COGNITO_USERPOOL_ID` is read too.",
);
pub(super) const APP_CLIENT_ID: Setting = Setting::optional(
    "cognito_app_client_id",
    "–",
    "Ids of the app clients whose tokens are accepted. Not used if `audience` is set. If there is one issuer only, `COGNITO_APP_CLIENT_ID` is read too.",
).shaped(Shape::List(&Shape::Text));
pub(super) const TOKEN_USE: Setting = Setting::new(
    "cognito_token_use",
    "access",
    "Values of the claim `token_use` that are accepted: `access`, `id` or both.",
)
.shaped(Shape::List(&Shape::Word(&value::words(TOKEN_USES))));

pub(super) const PROVIDER: Provider = Provider {
    settings: &[REGION, USERPOOL_ID, APP_CLIENT_ID, TOKEN_USE],
    read,
    aliases: &[
        ("COGNITO_REGION", REGION),
        ("COGNITO_USERPOOL_ID", USERPOOL_ID),
        ("COGNITO_APP_CLIENT_ID", APP_CLIENT_ID),
    ],
};

const TOKEN_USES: &[(&str, &str); 2] = &[("access", "access"), ("id", "id")];

fn read(reader: &mut Reader) -> Result<Preset, Reported> {
    let region = reader.required(
        &REGION,
        value::url_segment,
        "set the region of the user pool, such as eu-west-1",
    );
    let pool = reader.required(
        &USERPOOL_ID,
        value::url_segment,
        "set the id of the user pool",
    );
    let clients = reader.optional_list(&APP_CLIENT_ID, value::url_segment);
    let uses = reader.list(&TOKEN_USE, value::one_of(TOKEN_USES));
    let (region, pool) = (region?, pool?);
    if !pool.starts_with(&format!("{region}_")) {
        let invalid = Invalid::new(format!("not a user pool of {region}"))
            .hint("its id begins with its region");
        return Err(reader.refuse(&USERPOOL_ID, invalid));
    }
    let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
    fill_keys(
        reader,
        format!("{issuer}/.well-known/jwks.json"),
        &USERPOOL_ID,
    );
    if let Some(clients) = clients? {
        reader.fill(&AUDIENCE, clients.join(","), &APP_CLIENT_ID);
    }
    Ok(Preset {
        name: "cognito",
        accepted: AcceptedIssuers::Named(vec![issuer]),
        rule: Some(ProviderRule::TokenUse(uses?)),
        roles: Some(RoleClaims::Named("cognito:groups")),
        // Access tokens name the app client in `client_id`, ID tokens in `aud`.
        audience_fallback: Some("client_id"),
        introspection_url: None,
        audience_hint: "set $cognito_app_client_id",
    })
}
