//! Logging, and the labels of metrics.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::ClaimPath;

const LOG: Setting = Setting::new(
    "log",
    "info",
    "Log level: `error`, `warn`, `info`, `debug` or `trace`. `debug` adds the failing stage of each denial. `trace` adds every stage of every decision. With `debug` and `trace` the log has claims of tokens.",
)
.shaped(Shape::Word(&value::words(LEVELS)));
const LOG_FORMAT: Setting = Setting::optional(
    "log_format",
    "`text` on a terminal, otherwise `json`",
    "Format of the log: `json` or `text`.",
)
.shaped(Shape::Word(&value::words(FORMATS)));
const ACCESS_LOG: Setting = Setting::new(
    "access_log",
    "all",
    "Which decisions are written to the access log: `all`, `denied` or `off` (none).",
)
.shaped(Shape::Word(&value::words(ACCESS_LOGS)));
const ACCESS_LOG_FIELDS: Setting = Setting::optional(
    "access_log_fields",
    "none",
    "Additional fields of the access log and of spans. `client`: address of the client, from the `X-Forwarded-For` of trusted proxies. `claim:PATH`: a claim of the verified token.",
)
.shaped(Shape::List(&Shape::Text));
const METRICS_ROUTE_LABEL: Setting = Setting::new(
    "metrics_route_label",
    "true",
    "`false`: the label `route` of the metrics is always `none`. This keeps the number of series small.",
)
.shaped(Shape::Boolean);

pub(crate) const SETTINGS: &[Setting] = &[
    LOG,
    LOG_FORMAT,
    ACCESS_LOG,
    ACCESS_LOG_FIELDS,
    METRICS_ROUTE_LABEL,
];

/// Logging, and the labels of metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// The format of log lines; if `None`, text on a terminal and JSON elsewhere.
    pub format: Option<LogFormat>,
    /// The decisions that are logged.
    pub access_log: AccessLog,
    /// The optional fields of the access log that are logged.
    pub access_log_fields: Arc<[AccessLogField]>,
    /// `true` if the metrics of decisions have a label with the route.
    pub metrics_route_label: bool,
}

/// The least severe level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for people.
    Text,
}

/// The decisions that are written to the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// All decisions.
    All,
    /// Denials and failures.
    Denied,
    /// No decisions.
    Off,
}

/// A field of the access log that is there only where it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLogField {
    /// The address of the client.
    Client,
    /// A claim of the verified token.
    Claim {
        /// The name of the field, `claim.` and the path.
        name: Arc<str>,
        /// The path of the claim.
        path: ClaimPath,
    },
}

/// More fields than this are refused: a line is for reading.
const MAX_FIELDS: usize = 16;

impl Logging {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let level = reader.read(&LOG, value::one_of(LEVELS));
        let format = reader.optional(&LOG_FORMAT, value::one_of(FORMATS));
        let access_log = reader.read(&ACCESS_LOG, value::one_of(ACCESS_LOGS));
        let access_log_fields = access_log_fields(reader);
        let metrics_route_label = reader.read(&METRICS_ROUTE_LABEL, value::boolean);
        Ok(Self {
            level: level?,
            format: format?,
            access_log: access_log?,
            access_log_fields: access_log_fields?.into(),
            metrics_route_label: metrics_route_label?,
        })
    }
}

fn access_log_fields(reader: &mut Reader) -> Result<Vec<AccessLogField>, Reported> {
    let fields = reader.optional_list(&ACCESS_LOG_FIELDS, field)?;
    let fields = fields.unwrap_or_default();
    let mut seen = HashSet::new();
    let wrong = fields.iter().enumerate().filter_map(|(index, field)| {
        let name = field.name();
        let invalid = if !seen.insert(name.to_owned()) {
            Invalid::new(format!("{name} is listed twice")).hint("keep one of them")
        } else if index == MAX_FIELDS {
            Invalid::new(format!("more than {MAX_FIELDS} fields")).hint("leave some out")
        } else {
            return None;
        };
        Some((index, invalid))
    });
    reader.refuse_elements(&ACCESS_LOG_FIELDS, wrong.collect::<Vec<_>>())?;
    Ok(fields)
}

fn field(text: &str) -> Result<AccessLogField, Invalid> {
    match text.trim().split_once(':') {
        None if text.trim() == "client" => Ok(AccessLogField::Client),
        Some(("claim", path)) => Ok(AccessLogField::Claim {
            name: format!("claim.{path}").into(),
            path: value::claim_path(path)?,
        }),
        _ => Err(Invalid::expected(
            "write client, or claim:PATH such as claim:sub",
        )),
    }
}

impl AccessLogField {
    /// Returns the name of the field in a line.
    pub fn name(&self) -> &str {
        match self {
            Self::Client => "client",
            Self::Claim { name, .. } => name,
        }
    }
}

const LEVELS: &[(&str, LogLevel); 5] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const FORMATS: &[(&str, LogFormat); 2] = &[("json", LogFormat::Json), ("text", LogFormat::Text)];

const ACCESS_LOGS: &[(&str, AccessLog); 3] = &[
    ("all", AccessLog::All),
    ("denied", AccessLog::Denied),
    ("off", AccessLog::Off),
];
