//! Logging, and the labels of metrics.

use crate::config_reader::{Reader, Reported, Setting, Shape, value};

const LOG: Setting = Setting::new(
    "log",
    "info",
    "How much is logged: `error`, `warn`, `info`, `debug` or `trace`.",
)
.shaped(Shape::Word(&value::words(LEVELS)));
const LOG_FORMAT: Setting = Setting::optional(
    "log_format",
    "`json`, on a terminal `text`",
    "How it is logged: `json` or `text`.",
)
.shaped(Shape::Word(&value::words(FORMATS)));
const ACCESS_LOG: Setting = Setting::new(
    "access_log",
    "all",
    "Which decisions are logged: `all`, `denied` or `off`.",
)
.shaped(Shape::Word(&value::words(ACCESS_LOGS)));
const METRICS_ROUTE_LABEL: Setting = Setting::new(
    "metrics_route_label",
    "true",
    "Whether decisions are counted by route.",
)
.shaped(Shape::Boolean);

pub(crate) const SETTINGS: &[Setting] = &[LOG, LOG_FORMAT, ACCESS_LOG, METRICS_ROUTE_LABEL];

/// Logging, and the labels of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// The format of log lines; if `None`, text on a terminal and JSON elsewhere.
    pub format: Option<LogFormat>,
    /// The decisions that are logged.
    pub access_log: AccessLog,
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

impl Logging {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let level = reader.read(&LOG, value::one_of(LEVELS));
        let format = reader.optional(&LOG_FORMAT, value::one_of(FORMATS));
        let access_log = reader.read(&ACCESS_LOG, value::one_of(ACCESS_LOGS));
        let metrics_route_label = reader.read(&METRICS_ROUTE_LABEL, value::boolean);
        Ok(Self {
            level: level?,
            format: format?,
            access_log: access_log?,
            metrics_route_label: metrics_route_label?,
        })
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
