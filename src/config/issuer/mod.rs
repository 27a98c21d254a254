//! An issuer, its keys, and the checks for its tokens.

mod accepted_issuers;
pub(crate) mod audience;
mod introspection;
pub(crate) mod keys;
pub(crate) mod preset;

use std::time::Duration;

use url::Url;

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

use crate::config::issuer::keys::{fetch, refresh};
use crate::config::listed::names::RESERVED;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::{ClaimPath, Scopes};
use crate::policy::ScopeRequirement;
use crate::verify::{AudienceRule, Expectations, RequiredClaim, TimeRules, TokenTypeRule};
use accepted_issuers::ISSUER;
use audience::{AUDIENCE, AUDIENCE_FALLBACK, AUDIENCE_MATCH};
use introspection::{IssuerContext, TOKEN_PREFIXES, unclear_tokens};
use preset::{PRESET, Preset};

const NAME: Setting = Setting::optional(
    "name",
    "host of the issuer",
    "Name of the issuer in logs, metrics and routes.",
);
const TOKEN_TYPE: Setting = Setting::new(
    "token_type",
    "any",
    "`any`: the header `typ` is absent, `JWT`, `at+jwt` or one of `accepted_types`. `at+jwt`: the token must follow RFC 9068 (JWT access tokens), with `typ` and all seven required claims.",
).shaped(Shape::Word(&value::words(TOKEN_TYPES)));
const ACCEPTED_TYPES: Setting = Setting::optional(
    "accepted_types",
    "none",
    "Additional values of `typ` that `token_type: any` accepts.",
)
.shaped(Shape::List(&Shape::Text));
const LEEWAY: Setting = Setting::new(
    "leeway",
    "30s",
    "Tolerated difference between the clocks of the issuer and of this service. It applies to `exp`, `nbf` and `iat`. At most one hour.",
)
.shaped(Shape::Duration);
const REQUIRE_EXP: Setting = Setting::new(
    "require_exp",
    "true",
    "`true`: a token must have `exp`. `false`: a token without `exp` never expires.",
)
.shaped(Shape::Boolean);
const MAX_TOKEN_AGE: Setting = Setting::optional(
    "max_token_age",
    "–",
    "Greatest age of a token, counted from its `iat`. With this setting a token must have `iat`.",
)
.shaped(Shape::Duration);
const REQUIRED_SCOPES: Setting = Setting::optional(
    "required_scopes",
    "none",
    "Scopes that every token of this issuer must have. If one is missing, the response is 403 with `scope_insufficient`.",
)
.shaped(Shape::List(&Shape::Text));
const REQUIRED_CLAIMS: Setting = Setting::optional(
    "required_claims",
    "none",
    "Claims that every token of this issuer must have. A list of `path` and `path=value`. `path`: the claim must be there, and be neither `null` nor an empty text. `path=value`: the claim must equal the value, or be an array that contains it. The text is split at the first `=` outside quotes. A value cannot have a comma. With a preset, `roles` is the list of roles in the form of that provider.",
).shaped(Shape::List(&Shape::Text));

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
    /// How it is asked about tokens; `None` if it is not asked.
    pub introspection: Option<IntrospectionSettings>,
}

impl IssuerSettings {
    /// Reads the list of issuers or, without a list, the one issuer whose settings are at the top
    /// level. If `may_be_none` is `true` and none of these settings is given, returns an empty list.
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
        let token_type = read_token_type(reader);
        let time = read_time(reader);
        let required_scopes = reader.optional_list(&REQUIRED_SCOPES, scope);
        let required_claims = reader.optional_list(&REQUIRED_CLAIMS, required_claim);
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
        let audience = refuse_unchecked_profile(reader, audience?, &token_type)?;
        let accepted = accepted?;
        refuse_profile_without_issuer(reader, &accepted, &token_type)?;
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
                required_claims: required_claims?.unwrap_or_default(),
            },
            required_scopes: ScopeRequirement::all_of(
                required_scopes?
                    .unwrap_or_default()
                    .iter()
                    .map(String::as_str)
                    .collect::<Scopes>(),
            ),
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

/// The values of `token_type`; `true` means the access token profile of RFC 9068.
const TOKEN_TYPES: &[(&str, bool); 2] = &[("any", false), ("at+jwt", true)];

fn read_token_type(reader: &mut Reader) -> Result<TokenTypeRule, Reported> {
    let profile = reader.read(&TOKEN_TYPE, value::one_of(TOKEN_TYPES));
    let accepted = reader.optional_list(&ACCEPTED_TYPES, value::text);
    let (profile, accepted) = (profile?, accepted?);
    if profile && accepted.is_some() {
        let hint = "leave it out, or set $token_type=any";
        let invalid = Invalid::new("has no meaning beside $token_type=at+jwt").hint(hint);
        return Err(reader.refuse(&ACCEPTED_TYPES, invalid));
    }
    Ok(if profile {
        TokenTypeRule::AccessToken
    } else {
        TokenTypeRule::Any {
            accepted: accepted.unwrap_or_default(),
        }
    })
}

fn read_time(reader: &mut Reader) -> Result<TimeRules, Reported> {
    let leeway = reader.read(
        &LEEWAY,
        value::duration_within(Duration::ZERO, Duration::from_hours(1)),
    );
    let require_exp = reader.read(&REQUIRE_EXP, value::boolean);
    let max_token_age = reader.optional(&MAX_TOKEN_AGE, value::duration);
    Ok(TimeRules {
        leeway: leeway?,
        require_exp: require_exp?,
        max_token_age: max_token_age?,
    })
}

fn refuse_unchecked_profile(
    reader: &mut Reader,
    audience: AudienceRule,
    token_type: &TokenTypeRule,
) -> Result<AudienceRule, Reported> {
    if audience::is_unchecked_profile(&audience.accepted, token_type) {
        let hint = "name the audiences of this API, or set $token_type=any";
        let invalid =
            Invalid::new("`*` beside $token_type=at+jwt, which demands an audience").hint(hint);
        return Err(reader.refuse(&AUDIENCE, invalid));
    }
    Ok(audience)
}

/// Reports the profile of RFC 9068 for an issuer without `issuer`. The profile requires `iss`
/// (section 2.2), so every token would be denied.
fn refuse_profile_without_issuer(
    reader: &mut Reader,
    accepted: &AcceptedIssuers,
    token_type: &TokenTypeRule,
) -> Result<(), Reported> {
    if *accepted == AcceptedIssuers::Absent && *token_type == TokenTypeRule::AccessToken {
        let hint = "set the issuer's `iss`, or $token_type=any";
        return Err(reader.refuse(
            &ISSUER,
            Invalid::new("missing beside $token_type=at+jwt").hint(hint),
        ));
    }
    Ok(())
}

const RESERVED_HINT: &str =
    "API keys and users with passwords are called so: $api_keys_file, $htpasswd_file";

/// The label of decisions without an issuer.
const NO_ISSUER: &str = "none";

fn label(text: &str) -> Result<String, Invalid> {
    let text = value::text(text)?;
    if text == NO_ISSUER {
        return Err(
            Invalid::new("in metrics it stands for tokens of no known issuer")
                .hint("choose another name"),
        );
    }
    if RESERVED.contains(&&*text) {
        return Err(Invalid::new(format!("{text:?} is reserved")).hint(RESERVED_HINT));
    }
    let plain = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(text)
    } else {
        Err(Invalid::expected(
            "write at most 64 visible ASCII characters without blanks",
        ))
    }
}

fn default_label(issuer: Option<&str>) -> String {
    let host = issuer.and_then(|issuer| Url::parse(issuer).ok()?.host_str().map(str::to_owned));
    let name = host.or_else(|| issuer.and_then(|issuer| label(issuer).ok()));
    name.filter(|name| name != NO_ISSUER && !RESERVED.contains(&&**name))
        .unwrap_or_else(|| "default".to_owned())
}

pub(super) fn scope(text: &str) -> Result<String, Invalid> {
    // RFC 6749 section 3.3; a quote could end the challenge's parameter.
    let is_scope = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if is_scope {
        value::text(text)
    } else {
        Err(
            Invalid::new(format!("{text:?} is no scope (RFC 6749 section 3.3)"))
                .hint("separate scopes by commas"),
        )
    }
}

fn required_claim(text: &str) -> Result<RequiredClaim, Invalid> {
    let (path, value) = match ClaimPath::split_value(text) {
        Some((_, value)) if value.trim().is_empty() => {
            return Err(Invalid::new("an empty text never counts as a claim")
                .hint("write path, or path=value"));
        }
        Some((path, value)) => (path, Some(value.trim().to_owned())),
        None => (text, None),
    };
    let path = value::claim_path(path)?;
    if path.segments().is_empty() {
        return Err(Invalid::new("`$` is all claims, which are always there").hint("name a claim"));
    }
    Ok(RequiredClaim { path, value })
}
