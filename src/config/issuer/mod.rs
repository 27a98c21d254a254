//! An issuer, its keys, and the checks for its tokens.

mod accepted_issuers;
pub(crate) mod audience;
mod introspection;
pub(crate) mod keys;
mod label;
pub(crate) mod preset;
mod required;
mod time_rules;
mod token_type;

pub use accepted_issuers::AcceptedIssuers;
pub use introspection::{
    ClientAuthentication, ClientSecret, IntrospectionEndpoint, IntrospectionMode,
    IntrospectionResponse, IntrospectionSettings, SecretSource, client_identity,
};
pub use keys::{
    FetchSettings, FileKeys, InvalidKeyFile, KeyLocation, KeySource, RefreshSettings, RemoteKeys,
    decode_secret, is_trustworthy,
};

pub(super) use keys::hex;
pub(super) use required::scope;

use crate::config::issuer::keys::{fetch, refresh};
use crate::config::listed::names::RESERVED;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::policy::ScopeRequirement;
use crate::verify::Expectations;
use accepted_issuers::ISSUER;
use audience::{AUDIENCE, AUDIENCE_FALLBACK, AUDIENCE_MATCH};
use introspection::{IssuerContext, TOKEN_PREFIXES, unclear_tokens};
use label::{NAME, RESERVED_HINT, default_label, label};
use preset::{PRESET, Preset};
use required::{REQUIRED_CLAIMS, REQUIRED_SCOPES};
use time_rules::{LEEWAY, MAX_TOKEN_AGE, REQUIRE_EXP};
use token_type::{ACCEPTED_TYPES, TOKEN_TYPE};

pub(super) const SETTINGS: &[Setting] = &[
    NAME,
    PRESET,
    ISSUER,
    AUDIENCE,
    AUDIENCE_MATCH,
    AUDIENCE_FALLBACK,
    keys::ALGORITHMS,
    TOKEN_TYPE,
    ACCEPTED_TYPES,
    LEEWAY,
    REQUIRE_EXP,
    MAX_TOKEN_AGE,
    REQUIRED_SCOPES,
    REQUIRED_CLAIMS,
];

/// The settings of one issuer.
pub(crate) const SECTIONS: &[&[Setting]] = &[
    SETTINGS,
    preset::SETTINGS,
    keys::SETTINGS,
    fetch::SETTINGS,
    refresh::SETTINGS,
    introspection::SETTINGS,
];

/// The settings that may be set once for all issuers.
const INHERITED: &[Setting] = &[
    refresh::JWKS_REFRESH,
    refresh::JWKS_MIN_REFETCH,
    refresh::JWKS_MAX_STALE,
    refresh::JWKS_WAIT,
    fetch::JWKS_TIMEOUT,
];

pub(crate) const ISSUERS: Setting = Setting::optional(
    "issuers",
    "–",
    "Several issuers. Only in the file. A list of mappings, each with the settings of one issuer (next table). A token belongs to the issuer whose `issuer` equals its `iss` exactly.",
).shaped(Shape::Sections(SECTIONS));

/// An issuer, its keys, and the checks for its tokens.
#[derive(Debug)]
pub struct IssuerSettings {
    /// The label of the issuer in logs and metrics.
    pub name: String,
    /// The values of `iss` that identify its tokens.
    pub accepted: AcceptedIssuers,
    /// The name of its preset, if it has one.
    pub preset: Option<&'static str>,
    /// The source of its keys.
    pub keys: KeySource,
    /// The checks for the type, the times and the claims of its tokens.
    pub expectations: Expectations,
    /// The scopes that each of its tokens must have.
    pub required_scopes: ScopeRequirement,
    /// The settings for asking it about tokens; `None` if it is not asked.
    pub introspection: Option<IntrospectionSettings>,
}

impl IssuerSettings {
    /// Reads the list of issuers or, without a list, the one issuer whose settings are at the top
    /// level. If `may_be_none` is `true` and none of these settings is given, returns an empty
    /// list.
    pub(super) fn read_all(reader: &mut Reader, may_be_none: bool) -> Result<Vec<Self>, Reported> {
        let own: Vec<Setting> = SECTIONS.iter().copied().flatten().copied().collect();
        let alone = own
            .iter()
            .filter(|setting| !INHERITED.contains(setting))
            .copied()
            .collect::<Vec<_>>();
        if !reader.is_given(&ISSUERS) {
            if may_be_none && !alone.iter().any(|setting| reader.is_given(setting)) {
                return Ok(Vec::new());
            }
            return Self::read(reader).map(|only| vec![only]);
        }
        let misplaced = Invalid::new("belongs to one issuer, and there is a list of them")
            .hint("set it in `issuers`");
        let outside = reader.refuse_given(&alone, &misplaced);
        let listed = reader.sections(&ISSUERS, INHERITED, |entry, _| Self::read(entry));
        let listed = listed?.unwrap_or_default();
        outside?;
        refuse_duplicates(reader, &listed)?;
        Ok(listed)
    }

    /// Reports opaque tokens that could belong to two issuers, or be API keys. `reserved` is the
    /// prefix of API keys, if there are any.
    pub(super) fn refuse_unclear_tokens(
        reader: &mut Reader,
        issuers: &[Self],
        reserved: Option<&str>,
    ) -> Result<(), Reported> {
        let asked: Vec<_> = issuers
            .iter()
            .map(|issuer| {
                let settings = issuer.introspection.as_ref()?;
                Some((settings.mode, settings.token_prefixes.as_slice()))
            })
            .collect();
        let wrong = unclear_tokens(&asked, reserved);
        if reader.is_given(&ISSUERS) {
            return reader.refuse_elements(&ISSUERS, wrong);
        }
        // All of them are reported.
        let mut result = Ok(());
        for (_, invalid) in wrong {
            result = Err(reader.refuse(&TOKEN_PREFIXES, invalid));
        }
        result
    }

    /// Returns the position of the issuer with this name. Fails if there is none.
    pub(crate) fn position(all: &[Self], name: &str) -> Result<usize, Invalid> {
        all.iter()
            .position(|issuer| issuer.name == name)
            .ok_or_else(|| {
                Invalid::new(format!("no issuer is called {name:?}"))
                    .hint(format!("there is {}", Self::names(all)))
            })
    }

    /// Returns the names of the issuers, separated by commas, for messages.
    pub(crate) fn names(all: &[Self]) -> String {
        all.iter()
            .map(|issuer| issuer.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let preset = Preset::read(reader);
        let preset = preset
            .as_ref()
            .map(Option::as_ref)
            .map_err(|refused| *refused);
        let accepted = read_accepted(reader, preset);
        let name = reader.optional(&NAME, label);
        let audience_hint =
            preset.map(|preset| preset.map_or(audience::HINT, |preset| preset.audience_hint));
        let audience = audience::read(reader, audience_hint);
        let token_type = token_type::read(reader);
        let time = time_rules::read(reader);
        let required_scopes = required::read_scopes(reader);
        let required_claims = required::read_claims(reader);
        let metadata_name = accepted
            .as_ref()
            .map(AcceptedIssuers::metadata_name)
            .map_err(|refused| *refused);
        let fetch = FetchSettings::read(reader);
        let introspection = read_introspection(reader, metadata_name, preset, &fetch);
        let needs_keys = introspection
            .as_ref()
            .map_or(true, |settings| needs_keys(settings.as_ref()));
        let keys = KeySource::read(reader, metadata_name, fetch, needs_keys);
        let token_type = token_type?;
        let audience = token_type::refuse_unchecked_profile(reader, audience?, &token_type)?;
        let accepted = accepted?;
        token_type::refuse_profile_without_issuer(reader, &accepted, &token_type)?;
        Ok(Self {
            introspection: introspection?,
            name: name?.unwrap_or_else(|| default_label(accepted.metadata_name())),
            accepted,
            preset: preset?.map(|preset| preset.name),
            keys: keys?,
            expectations: Expectations {
                audience,
                token_type,
                time: time?,
                provider: preset?.and_then(|preset| preset.rule.clone()),
                roles: preset?.and_then(|preset| preset.roles),
                required_claims: required_claims?,
            },
            required_scopes: required_scopes?,
        })
    }
}

/// Reads how the issuer is asked about tokens.
fn read_introspection(
    reader: &mut Reader,
    issuer: Result<Option<&str>, Reported>,
    preset: Result<Option<&Preset>, Reported>,
    fetch: &Result<FetchSettings, Reported>,
) -> Result<Option<IntrospectionSettings>, Reported> {
    let Some(mode) = introspection::read_mode(reader)? else {
        return Ok(None);
    };
    let (issuer, preset) = (issuer?, preset?);
    let allow_http = fetch.as_ref().is_ok_and(|fetch| fetch.allow_insecure_http);
    let context = IssuerContext {
        issuer,
        documents: keys::metadata_documents(reader, issuer, allow_http),
        known_url: preset.and_then(|preset| preset.introspection_url.as_deref()),
        fetch: fetch.as_ref().map_err(|refused| *refused),
    };
    IntrospectionSettings::read(reader, mode, &context).map(Some)
}

/// Returns `true` unless nothing of the issuer is verified by a signature.
fn needs_keys(introspection: Option<&IntrospectionSettings>) -> bool {
    introspection
        .is_none_or(|settings| settings.mode != IntrospectionMode::Only || settings.is_signed())
}

/// Reports issuers that share an `iss` or a name. The issuer of a token must never depend on the
/// order of the list, and a label must identify one issuer.
fn refuse_duplicates(reader: &mut Reader, issuers: &[IssuerSettings]) -> Result<(), Reported> {
    let mut wrong = Vec::new();
    for (index, own) in issuers.iter().enumerate() {
        let earlier = || issuers.iter().take(index).enumerate();
        let overlap =
            earlier().find_map(|(at, other)| Some((at, own.accepted.overlap(&other.accepted)?)));
        if let Some((other, what)) = overlap {
            let invalid = Invalid::new(format!("takes {what}, as issuers[{other}] does"));
            wrong.push((index, invalid.hint("give each issuer once")));
        }
        if let Some((other, _)) = earlier().find(|(_, other)| own.name == other.name) {
            let invalid = Invalid::new(format!("is called {:?}, as issuers[{other}] is", own.name));
            wrong.push((index, invalid.hint("give each a name of its own: $name=…")));
        }
    }
    reader.refuse_elements(&ISSUERS, wrong)
}

/// Reads `issuer`. Beside a preset it must be an issuer of that preset, and is then the only one
/// that is accepted.
fn read_accepted(
    reader: &mut Reader,
    preset: Result<Option<&Preset>, Reported>,
) -> Result<AcceptedIssuers, Reported> {
    let stated = reader.optional(&ISSUER, value::text)?;
    let known = preset?.map(|preset| &preset.accepted);
    match (stated, known) {
        (Some(stated), _) if RESERVED.contains(&&*stated) => {
            let invalid = Invalid::new(format!("{stated:?} is reserved"));
            Err(reader.refuse(&ISSUER, invalid.hint(RESERVED_HINT)))
        }
        (None, None) => Ok(AcceptedIssuers::Absent),
        (None, Some(known)) => Ok(known.clone()),
        (Some(stated), known) if known.is_none_or(|known| known.takes(&stated)) => {
            Ok(AcceptedIssuers::Named(vec![stated]))
        }
        (Some(_), _) => {
            let invalid =
                Invalid::new("not an issuer of the preset").hint("leave out $issuer or $preset");
            Err(reader.refuse(&ISSUER, invalid))
        }
    }
}
