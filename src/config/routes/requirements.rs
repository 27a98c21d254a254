//! The requirements that a route has for a token.

use serde_json::{Number, Value};

use crate::config::directory::NO_DIRECTORY_HINT;
use crate::config::issuer::scope;
use crate::config_reader::{
    Content, Invalid, Node, Reader, Reported, Scalar, Setting, Shape, value,
};
use crate::domain::{ClaimPath, Scopes};
use crate::policy::{
    ClaimRequirement, ClaimRule, ClaimValue, Condition, Requirement, ScopeRequirement, TextPattern,
};

const SCOPES: Setting = Setting::optional(
    "scopes",
    "none",
    "A list of scopes. The token must have all of them.",
)
.shaped(Shape::List(&Shape::Text));
const ANY_SCOPE: Setting = Setting::optional(
    "any_scope",
    "none",
    "A list of scopes. The token must have at least one of them.",
)
.shaped(Shape::List(&Shape::Text));
const CLAIMS: Setting = Setting::optional(
    "claims",
    "none",
    "A list of conditions on claims (next table). All of them must hold.",
)
.shaped(Shape::Sections(&[CLAIM_ENTRY]));

const USER: Setting = Setting::optional(
    "user",
    "none",
    "A list of conditions on columns of the user's row (next tables). All of them must hold. Needs `directory_url`.",
)
.shaped(Shape::Sections(&[COLUMN_ENTRY]));
const WHEN: Setting = Setting::optional(
    "when",
    "none",
    "A CEL expression that must be true. It reads `claims`, `user`, `request` and `now`. An expression with `request` needs a `proxy` other than `auto`.",
);

/// The settings of `require`.
pub(crate) const ENTRY: &[Setting] = &[SCOPES, ANY_SCOPE, CLAIMS, USER, WHEN];

const CLAIM: Setting = Setting::required("claim", "Path of the claim.");
const COLUMN: Setting = Setting::required(
    "column",
    "Column of the user's row. For a column with JSON also the path of a part of it.",
);
const EXISTS: Setting = Setting::optional(
    "exists",
    "–",
    "`true`: the claim must be there, and be neither `null` nor an empty text.",
)
.shaped(Shape::True);
const EQUALS: Setting = Setting::optional(
    "equals",
    "–",
    "The claim must equal this text, number or truth value. The text `\"1\"` does not equal the number `1`.",
)
.shaped(Shape::ClaimValue);
const ONE_OF: Setting =
    Setting::optional("one_of", "–", "The claim must equal one of these values.")
        .shaped(Shape::ClaimValues);
const CONTAINS: Setting = Setting::optional(
    "contains",
    "–",
    "The claim must be an array that contains this value, or equal this value. There is no search inside a text.",
)
.shaped(Shape::ClaimValue);
const MATCHES: Setting = Setting::optional(
    "matches",
    "–",
    "The claim must be a text that matches this regular expression as a whole. Look-around and back-references are not supported.",
);

/// The settings of one entry of `require.claims`.
pub(crate) const CLAIM_ENTRY: &[Setting] = &[CLAIM, EXISTS, EQUALS, ONE_OF, CONTAINS, MATCHES];

/// The settings of one entry of `require.user`.
pub(crate) const COLUMN_ENTRY: &[Setting] = &[COLUMN, EXISTS, EQUALS, ONE_OF, CONTAINS, MATCHES];

/// The permission of a route's requirements to read the user's row.
#[derive(Debug, Clone, Copy)]
pub(super) enum UserRowUse {
    /// The requirements may read the row.
    Readable,
    /// The route does without the directory.
    Off,
    /// There is no directory.
    NoDirectory,
}

pub(super) fn read(
    reader: &mut Reader,
    setting: &Setting,
    allow_path_parameters: bool,
    row: UserRowUse,
) -> Result<Vec<Requirement>, Reported> {
    Ok(reader
        .mapping(setting, |reader| {
            read_requirements(reader, allow_path_parameters, row)
        })?
        .unwrap_or_default())
}

fn read_requirements(
    reader: &mut Reader,
    allow_path_parameters: bool,
    row: UserRowUse,
) -> Result<Vec<Requirement>, Reported> {
    let scopes = reader.optional_list(&SCOPES, scope);
    let any_scope = reader.optional_list(&ANY_SCOPE, scope);
    let claims = reader.sections(&CLAIMS, &[], |entry, _| read_claim(entry, &CLAIM));
    let columns = reader.sections(&USER, &[], |entry, _| read_claim(entry, &COLUMN));
    let condition = reader.optional(&WHEN, |source| condition(source, allow_path_parameters));
    let all = |scopes: Vec<String>| scopes.iter().map(String::as_str).collect::<Scopes>();
    let mut requirements = Vec::new();
    requirements
        .extend(scopes?.map(|scopes| Requirement::Scopes(ScopeRequirement::all_of(all(scopes)))));
    requirements.extend(
        any_scope?.map(|scopes| Requirement::Scopes(ScopeRequirement::one_of(all(scopes)))),
    );
    requirements.extend(
        claims?
            .unwrap_or_default()
            .into_iter()
            .map(Requirement::Claim),
    );
    if let Some(columns) = columns? {
        row.check(reader, &USER)?;
        requirements.extend(columns.into_iter().map(Requirement::User));
    }
    if let Some(condition) = condition? {
        if condition.reads_user() {
            row.check(reader, &WHEN)?;
        }
        requirements.push(Requirement::Condition(condition));
    }
    Ok(requirements)
}

impl UserRowUse {
    /// Refuses a setting that reads the row where there is none: what it requires could never be
    /// satisfied, or be satisfied by accident.
    fn check(self, reader: &mut Reader, setting: &Setting) -> Result<(), Reported> {
        let invalid = match self {
            Self::Readable => return Ok(()),
            Self::Off => Invalid::new("reads the user's row, which this route does without")
                .hint("leave out $directory: false, or read a claim"),
            Self::NoDirectory => Invalid::new("reads the user's row, and there is no directory")
                .hint(NO_DIRECTORY_HINT),
        };
        Err(reader.refuse(setting, invalid))
    }
}

/// Reads one entry; `named` is the setting with the path.
fn read_claim(reader: &mut Reader, named: &Setting) -> Result<ClaimRequirement, Reported> {
    let (all, hint) = if *named == COLUMN {
        ("columns", "name a column, such as role")
    } else {
        ("claims", "name a claim, such as realm_access.roles")
    };
    let claim = reader.required(named, |text| path(text, all), hint);
    let exists = reader.optional(&EXISTS, only_true);
    let equals = reader.node(&EQUALS, |node| claim_value(node).map(ClaimRule::Equals));
    let one_of = reader.node(&ONE_OF, |node| claim_values(node).map(ClaimRule::OneOf));
    let contains = reader.node(&CONTAINS, |node| claim_value(node).map(ClaimRule::Contains));
    let matches = reader.optional(&MATCHES, |text| pattern(text).map(ClaimRule::Matches));
    let exists = exists?.map(|()| ClaimRule::Exists);
    let rules: Vec<_> = [exists, equals?, one_of?, contains?, matches?]
        .into_iter()
        .flatten()
        .collect();
    let claim = claim?;
    let Ok([rule]) = <[ClaimRule; 1]>::try_from(rules) else {
        let hint = "write exactly one of exists, equals, one_of, contains and matches";
        let invalid = Invalid::new(format!("not one rule for the {}", named.name));
        return Err(reader.refuse(named, invalid.hint(hint)));
    };
    Ok(ClaimRequirement { claim, rule })
}

/// Parses a path to one of all claims, or of all columns.
fn path(text: &str, all: &str) -> Result<ClaimPath, Invalid> {
    let path = value::claim_path(text)?;
    if path.segments().is_empty() {
        let one = all.trim_end_matches('s');
        return Err(
            Invalid::new(format!("`$` is all {all}, of which no rule speaks"))
                .hint(format!("name a {one}")),
        );
    }
    Ok(path)
}

fn only_true(text: &str) -> Result<(), Invalid> {
    if value::boolean(text)? {
        return Ok(());
    }
    Err(
        Invalid::new("a claim that must not be there is no requirement")
            .hint("write true, or leave it out"),
    )
}

fn claim_value(node: &Node) -> Result<ClaimValue, Invalid> {
    let scalar = match &node.content {
        Content::Scalar(scalar) => Some(scalar),
        Content::List(_) | Content::Map(_) => None,
    };
    match scalar.map(|scalar| (scalar, scalar.value())) {
        Some((_, Value::String(text))) => Ok(ClaimValue::text(text)),
        Some((_, Value::Bool(value))) => Ok(ClaimValue::boolean(*value)),
        Some((scalar, Value::Number(number))) => claim_number(scalar, number),
        _ => Err(Invalid::new("not a single value").hint("write a text, a number, true or false")),
    }
}

/// Parses a number from its text in the file. For a number of many digits YAML gives the nearest
/// double, which is another number.
fn claim_number(scalar: &Scalar, number: &Number) -> Result<ClaimValue, Invalid> {
    let is_whole = number.is_i64() || number.is_u64();
    let found = ClaimValue::number(&scalar.text);
    let found = found.or_else(|| {
        is_whole
            .then(|| ClaimValue::number(&number.to_string()))
            .flatten()
    });
    found.ok_or_else(|| {
        Invalid::new("a number that JSON writes otherwise")
            .hint("write it as JSON does, or quote a text")
    })
}

fn claim_values(node: &Node) -> Result<Vec<ClaimValue>, Invalid> {
    match &node.content {
        Content::List(elements) if !elements.is_empty() => {
            elements.iter().map(claim_value).collect()
        }
        _ => Err(Invalid::new("not a list of values").hint("write [a, b]")),
    }
}

fn pattern(text: &str) -> Result<TextPattern, Invalid> {
    TextPattern::parse(text).map_err(|error| {
        Invalid::new(format!("{text:?}: {error}"))
            .hint("write a regular expression for the whole text")
    })
}

fn condition(source: &str, allow_path_parameters: bool) -> Result<Condition, Invalid> {
    let parsed = Condition::parse(source, allow_path_parameters);
    parsed.map_err(|error| Invalid::new(error.to_string()).hint(error.hint()))
}
