//! The rules of a route: which tokens it accepts, and what they must satisfy.

use std::sync::Arc;

use super::requirements::{self, UserRowUse};
use crate::config::issuer::audience;
use crate::config::{
    IssuerSettings, NO_DIRECTORY_HINT, ProxySettings, TokenSettings, denials, tokens,
};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::IssuerIndex;
use crate::extract::TokenSources;
use crate::policy::{Access, Preflight, Requirement, RouteIssuers, Rules};
use crate::verify::AudienceMatch;

pub(super) const ACCESS: Setting = Setting::new(
    "access",
    "authenticated",
    "`authenticated`: with a valid token. `optional`: with a valid token or none. `anonymous`: tokens are not looked at. `denied`: nobody.",
).shaped(Shape::Word(&value::words(ACCESSES)));
pub(super) const ISSUERS: Setting = Setting::optional(
    "issuers",
    "all",
    "Names of the issuers whose tokens are accepted.",
)
.shaped(Shape::List(&Shape::Text));
pub(super) const AUDIENCE: Setting = Setting::optional(
    "audience",
    "that of the issuer",
    "Audiences in place of the issuer's; a token must name one of them. `*` alone accepts all.",
)
.shaped(Shape::List(&Shape::Text));
pub(super) const REQUIRE: Setting = Setting::optional(
    "require",
    "nothing else",
    "What a token must have besides; the next table.",
)
.shaped(Shape::FilledSection(&[requirements::ENTRY]));
pub(super) const DIRECTORY: Setting = Setting::optional(
    "directory",
    "the user is looked up",
    "`false`: the user is not looked up, and headers of columns are empty. `true`: a principal whose issuer the directory has no users of is refused; so it is where `require` reads `user`. Elsewhere it passes, and `user` is empty.",
)
.shaped(Shape::Boolean);
pub(super) const ALLOW_PREFLIGHT: Setting = Setting::optional(
    "allow_preflight",
    "the general one",
    "Whether CORS preflight requests pass without a token.",
)
.shaped(Shape::Boolean);
pub(super) const REPORT_ONLY: Setting = Setting::new(
    "report_only",
    "false",
    "Lets pass what it would refuse, without identity, counted as `allow` with the reason and logged as `would_deny`.",
)
.shaped(Shape::Boolean);

/// The general settings that a route falls back to, or that it must fit.
#[derive(Clone, Copy)]
pub(in crate::config) struct General<'a> {
    pub(super) issuers: &'a [IssuerSettings],
    pub(super) proxy: &'a ProxySettings,
    pub(super) tokens: &'a TokenSettings,
    pub(super) has_directory: bool,
}

impl<'a> General<'a> {
    /// Borrows the sections. If one of them was refused, settings of a route that depend on them
    /// are skipped; all other settings of the route are still checked.
    pub(in crate::config) fn of(
        issuers: &'a Result<Vec<IssuerSettings>, Reported>,
        proxy: &'a Result<ProxySettings, Reported>,
        tokens: &'a Result<TokenSettings, Reported>,
        has_directory: bool,
    ) -> Result<Self, Reported> {
        let refused = |refused: &Reported| *refused;
        let (issuers, proxy) = (
            issuers.as_ref().map_err(refused)?,
            proxy.as_ref().map_err(refused)?,
        );
        Ok(Self {
            issuers,
            proxy,
            tokens: tokens.as_ref().map_err(refused)?,
            has_directory,
        })
    }
}

pub(super) fn read(
    reader: &mut Reader,
    general: Result<General<'_>, Reported>,
    allow_path_parameters: Result<bool, Reported>,
) -> Result<Rules, Reported> {
    let access = reader.read(&ACCESS, value::one_of(ACCESSES));
    let issuers = general.and_then(|general| read_issuers(reader, general.issuers));
    let audience = reader.optional_list(&AUDIENCE, value::text);
    let sources = reader.optional_list(&tokens::TOKEN_SOURCES, tokens::source);
    let directory = reader.optional(&DIRECTORY, value::boolean);
    let has_directory = general.is_ok_and(|general| general.has_directory);
    let row = match directory {
        Ok(Some(false)) => UserRowUse::Off,
        Ok(_) if general.is_ok() && !has_directory => UserRowUse::NoDirectory,
        _ => UserRowUse::Readable,
    };
    let allow_path_parameters = allow_path_parameters.unwrap_or(false);
    let requirements = requirements::read(reader, &REQUIRE, allow_path_parameters, row);
    let preflight = reader.optional(&ALLOW_PREFLIGHT, value::boolean);
    let report_only = reader.read(&REPORT_ONLY, value::boolean);
    let general = general?;
    let audience = audience?
        .map(|names| audience::accepted(reader, &AUDIENCE, names, AudienceMatch::Any))
        .transpose()?;
    let (requirements, directory) = (requirements?, directory?);
    if directory == Some(true) && !general.has_directory {
        let invalid = Invalid::new("there is no directory");
        return Err(reader.refuse(&DIRECTORY, invalid.hint(NO_DIRECTORY_HINT)));
    }
    let rules = Rules {
        access: access?,
        preflight: preflight?.map_or(general.proxy.preflight, Preflight::from),
        sources: sources?.map_or_else(
            || general.tokens.sources.clone(),
            |sources| Arc::new(TokenSources::new(sources, general.tokens.max_token_bytes)),
        ),
        issuers: issuers?,
        audience,
        needs_user: directory != Some(false),
        requires_user: directory == Some(true) || requirements.iter().any(Requirement::reads_user),
        requirements: requirements.into(),
        report_only: report_only?,
    };
    refuse_ineffective(reader, rules.access)?;
    refuse_unchecked_profile(reader, &rules, general.issuers)?;
    Ok(rules)
}

const ACCESSES: &[(&str, Access); 4] = &[
    ("anonymous", Access::Anonymous),
    ("optional", Access::Optional),
    ("authenticated", Access::Authenticated),
    ("denied", Access::Denied),
];

fn read_issuers(reader: &mut Reader, known: &[IssuerSettings]) -> Result<RouteIssuers, Reported> {
    let positions = reader.optional_list(&ISSUERS, |name| IssuerSettings::position(known, name))?;
    Ok(positions.map_or(RouteIssuers::All, |positions| {
        RouteIssuers::These(positions.into_iter().map(IssuerIndex::new).collect())
    }))
}

/// Reports settings that have no effect because the route reads no token. An operator who writes a
/// requirement relies on it, and `report_only` on a `denied` route would open that route.
fn refuse_ineffective(reader: &mut Reader, access: Access) -> Result<(), Reported> {
    if access.reads_credentials() {
        return Ok(());
    }
    let invalid = Invalid::new("has no effect where tokens are not looked at")
        .hint("leave it out, or change `access`");
    let of_tokens = [
        ISSUERS,
        AUDIENCE,
        tokens::TOKEN_SOURCES,
        denials::RESOURCE_METADATA,
        REQUIRE,
        DIRECTORY,
        ALLOW_PREFLIGHT,
        REPORT_ONLY,
    ];
    reader.refuse_given(&of_tokens, &invalid)
}

/// Reports a route that accepts every audience (`*`) for an issuer whose tokens must have their
/// audience checked (RFC 9068 section 4).
fn refuse_unchecked_profile(
    reader: &mut Reader,
    rules: &Rules,
    issuers: &[IssuerSettings],
) -> Result<(), Reported> {
    let Some(accepted) = &rules.audience else {
        return Ok(());
    };
    let is_unchecked = |(position, issuer): (usize, &IssuerSettings)| {
        rules.check_issuer(IssuerIndex::new(position)).is_ok()
            && audience::is_unchecked_profile(accepted, &issuer.expectations.token_type)
    };
    if issuers.iter().enumerate().any(is_unchecked) {
        let invalid =
            Invalid::new("`*` beside an issuer with token_type at+jwt, which demands an audience");
        return Err(reader.refuse(&AUDIENCE, invalid.hint("name the audiences of this route")));
    }
    Ok(())
}
