//! The rules of a route: which tokens it accepts, and what they must satisfy.

use std::sync::Arc;

use super::requirements::{self, UserRowUse};
use crate::config::directory::NO_DIRECTORY_HINT;
use crate::config::issuer::audience;
use crate::config::{
    IssuerSettings, ListedSettings, ProxySettings, TokenSettings, denials, tokens,
};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::IssuerIndex;
use crate::extract::{TokenSource, TokenSources};
use crate::policy::{Access, Preflight, Requirement, RouteIssuers, Rules, UserRule};
use crate::verify::AudienceMatch;

pub(super) const ACCESS: Setting = Setting::new(
    "access",
    "authenticated",
    "`authenticated`: a valid token is needed. `optional`: a request without a token is allowed too, but an invalid token is refused. `anonymous`: every request is allowed, and tokens are ignored. `denied`: every request is refused.",
).shaped(Shape::Word(&value::words(ACCESSES)));
pub(super) const ISSUERS: Setting = Setting::optional(
    "issuers",
    "all issuers of tokens",
    "Names of the issuers whose tokens this route accepts. `api-keys` and `basic` are the issuers of `api_keys_file` and `htpasswd_file`: a route accepts API keys and passwords only if it names them here.",
)
.shaped(Shape::List(&Shape::Text));
pub(super) const AUDIENCE: Setting = Setting::optional(
    "audience",
    "`audience` of the issuer",
    "Audiences for this route, in place of the issuer's `audience`. The `aud` of a token must have one of them. `*` alone accepts any audience.",
)
.shaped(Shape::List(&Shape::Text));
pub(super) const REQUIRE: Setting = Setting::optional(
    "require",
    "nothing more than a valid token",
    "What a valid token must have in addition (next tables).",
)
.shaped(Shape::FilledSection(&[requirements::ENTRY]));
pub(super) const DIRECTORY: Setting = Setting::optional(
    "directory",
    "the user is looked up",
    "`false`: the user is not looked up, and headers with columns are empty. `true`, or a `require` that reads `user`: a token of an issuer without users in the directory is refused. Without either, such a token is allowed, and `user` is empty.",
)
.shaped(Shape::Boolean);
pub(super) const ALLOW_PREFLIGHT: Setting = Setting::optional(
    "allow_preflight",
    "`allow_preflight` of the service",
    "`true`: CORS preflight requests are allowed without a token.",
)
.shaped(Shape::Boolean);
pub(super) const REPORT_ONLY: Setting = Setting::new(
    "report_only",
    "false",
    "`true`: the route allows requests that it would refuse, to try out new rules. Such a request has empty claim headers. It is counted as `allow` with its reason, and logged as `would_deny`.",
)
.shaped(Shape::Boolean);

/// The general settings that a route falls back to, or that it must fit.
#[derive(Clone, Copy)]
pub(in crate::config) struct General<'a> {
    pub(super) issuers: &'a [IssuerSettings],
    pub(super) listed: &'a ListedSettings,
    pub(super) proxy: &'a ProxySettings,
    pub(super) tokens: &'a TokenSettings,
    pub(super) has_directory: bool,
}

impl<'a> General<'a> {
    /// Borrows the sections. If one of them was refused, settings of a route that depend on them
    /// are skipped; all other settings of the route are still checked.
    pub(in crate::config) fn of(
        issuers: &'a Result<Vec<IssuerSettings>, Reported>,
        listed: &'a Result<ListedSettings, Reported>,
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
            listed: listed.as_ref().map_err(refused)?,
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
    let issuers = general.and_then(|general| read_issuers(reader, general));
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
    let (access, issuers) = (access?, issuers?);
    let (requirements, directory) = (requirements?, directory?);
    if directory == Some(true) && !general.has_directory {
        let invalid = Invalid::new("there is no directory");
        return Err(reader.refuse(&DIRECTORY, invalid.hint(NO_DIRECTORY_HINT)));
    }
    let rules = Rules {
        access,
        preflight: preflight?.map_or(general.proxy.preflight, Preflight::from),
        sources: sources_of(reader, general, sources?, &issuers)?,
        issuers,
        audience,
        user: user_rule(directory, &requirements),
        requirements: requirements.into(),
        report_only: report_only?,
    };
    refuse_ineffective(reader, rules.access)?;
    refuse_unchecked_profile(reader, &rules, general.issuers)?;
    refuse_without_issuer(reader, &rules)?;
    Ok(rules)
}

/// Returns what a route with this `directory` and these requirements asks of the directory.
fn user_rule(directory: Option<bool>, requirements: &[Requirement]) -> UserRule {
    match directory {
        Some(true) => UserRule::Required,
        // What reads the user must have one. With `false` it is refused.
        _ if requirements.iter().any(Requirement::reads_user) => UserRule::Required,
        Some(false) => UserRule::Ignored,
        None => UserRule::LookedUp,
    }
}

const ACCESSES: &[(&str, Access); 4] = &[
    ("anonymous", Access::Anonymous),
    ("optional", Access::Optional),
    ("authenticated", Access::Authenticated),
    ("denied", Access::Denied),
];

fn read_issuers(reader: &mut Reader, general: General<'_>) -> Result<RouteIssuers, Reported> {
    let known = general.issuers;
    let lists = general.listed.indices(known.len());
    let positions = reader.optional_list(&ISSUERS, |name| match lists.named(name) {
        Some(list) => Ok(list),
        None => IssuerSettings::position(known, name)
            .map(IssuerIndex::new)
            .map_err(|invalid| unknown_issuer(invalid, general)),
    })?;
    Ok(match positions {
        Some(positions) => RouteIssuers::These(positions.into()),
        // API keys and passwords are for routes that name them.
        None if general.listed.names().next().is_some() => {
            RouteIssuers::These((0..known.len()).map(IssuerIndex::new).collect())
        }
        None => RouteIssuers::All,
    })
}

/// Adds the names of the lists to the hint for a name that is unknown.
fn unknown_issuer(invalid: Invalid, general: General<'_>) -> Invalid {
    let issuers = general.issuers.iter().map(|issuer| issuer.name.clone());
    let lists = general.listed.names().map(str::to_owned);
    let names: Vec<_> = issuers.chain(lists).collect();
    invalid.hint(format!("there is {}", names.join(", ")))
}

/// Returns the sources of a route: its own, or the general ones, which read passwords only if the
/// route takes them.
fn sources_of(
    reader: &mut Reader,
    general: General<'_>,
    own: Option<Vec<TokenSource>>,
    issuers: &RouteIssuers,
) -> Result<Arc<TokenSources>, Reported> {
    let passwords = general.listed.indices(general.issuers.len()).passwords;
    let takes_passwords = passwords.is_some_and(|index| issuers.contain(index));
    let tokens = general.tokens;
    let reads_passwords = own.as_ref().map_or_else(
        || takes_passwords && tokens.sources.read_passwords(),
        |own| own.contains(&TokenSource::Basic),
    );
    if passwords.is_some() && reads_passwords && !takes_passwords {
        let invalid = Invalid::new("`basic` on a route that takes no passwords");
        let hint = "add `basic` to its issuers, or leave it out";
        return Err(reader.refuse(&tokens::TOKEN_SOURCES, invalid.hint(hint)));
    }
    if takes_passwords && !reads_passwords {
        let invalid = Invalid::new("takes passwords, and no source reads them");
        let hint = "add `basic` to $token_sources, or leave it out here";
        return Err(reader.refuse(&ISSUERS, invalid.hint(hint)));
    }
    Ok(match own {
        Some(own) => Arc::new(TokenSources::new(own, tokens.max_token_bytes)),
        None if takes_passwords => tokens.sources.clone(),
        None => tokens.sources_without_passwords.clone(),
    })
}

/// Reports a route that asks for a credential and takes none: where there are API keys or passwords
/// only, it has to name them.
fn refuse_without_issuer(reader: &mut Reader, rules: &Rules) -> Result<(), Reported> {
    let takes_none = matches!(&rules.issuers, RouteIssuers::These(issuers) if issuers.is_empty());
    if takes_none && rules.access.reads_credentials() {
        let invalid = Invalid::new("missing: there are no issuers of tokens");
        let hint = "name `api-keys` or `basic`";
        return Err(reader.refuse(&ISSUERS, invalid.hint(hint)));
    }
    Ok(())
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
