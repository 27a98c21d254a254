//! The access log: one line per decision.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::LogQueue;
use crate::config::{AccessLog, LogFormat};
use crate::domain::{Field, OriginalRequest, Timestamp, visible_json};

/// Writes one line for each decision that the settings select.
#[derive(Clone)]
pub struct AccessLogger {
    queue: LogQueue,
    which: AccessLog,
    format: LogFormat,
}

/// The content of one line. Texts of the request are bounded. The token appears only as the start
/// of its digest.
#[derive(Debug, Serialize)]
#[allow(missing_docs)] // the fields of the line; docs/observability.md explains them
pub struct AccessEntry {
    #[serde(serialize_with = "as_rfc3339")]
    pub timestamp: Timestamp,
    pub verdict: &'static str,
    pub reason: &'static str,
    pub issuer: Option<Arc<str>>,
    pub route: Option<Arc<str>>,
    pub cache: &'static str,
    #[serde(flatten)]
    pub original: OriginalRequestTexts,
    #[serde(rename = "duration_us", serialize_with = "as_micros")]
    pub duration: Duration,
    pub request_id: Option<Box<str>>,
    pub token_digest: Option<DigestStart>,
}

/// The parts of the original request that are logged. The query is never logged, because it may
/// hold a token.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct OriginalRequestTexts {
    pub method: Option<Box<str>>,
    pub host: Option<Box<str>>,
    pub path: Option<Box<str>>,
}

/// The first four bytes of a token's digest: enough to find the lines of a token, too few to find
/// the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestStart(pub [u8; 4]);

const MAX_METHOD: usize = 32;
const MAX_HOST: usize = 255;
const MAX_PATH: usize = 1024;
const MAX_REQUEST_ID: usize = 128;

impl AccessLogger {
    /// Creates a logger that writes to this queue.
    pub const fn new(queue: LogQueue, which: AccessLog, format: LogFormat) -> Self {
        Self {
            queue,
            which,
            format,
        }
    }

    /// Returns `true` if any decision gets a line.
    pub fn is_on(&self) -> bool {
        self.which != AccessLog::Off
    }

    /// Returns `true` if a decision with this outcome gets a line. Callers check this first, so
    /// that a line that is not wanted costs nothing.
    pub fn wants(&self, allowed: bool) -> bool {
        match self.which {
            AccessLog::All => true,
            AccessLog::Denied => !allowed,
            AccessLog::Off => false,
        }
    }

    /// Queues a line, which another thread writes.
    pub fn log(&self, entry: AccessEntry) {
        let format = self.format;
        self.queue.push(move |buffer| match format {
            LogFormat::Json => write_json(&entry, buffer),
            LogFormat::Text => write_text(&entry, buffer),
        });
    }
}

impl OriginalRequestTexts {
    /// Copies the parts of a request that are logged.
    pub fn of(original: &OriginalRequest<'_>) -> Self {
        let path = before(original.uri, |byte| matches!(byte, b'?' | b'#'));
        // A malformed host may contain what does not belong there, such as a password or a query.
        let host = match before(original.host, |byte| matches!(byte, b'?' | b'#' | b'/')) {
            Field::Once(host) if host.contains(&b'@') => Field::Absent,
            host => host,
        };
        Self {
            method: bounded(original.method, MAX_METHOD),
            host: bounded(host, MAX_HOST),
            path: bounded(path, MAX_PATH),
        }
    }
}

/// Returns the identifier that a proxy gave the request: `X-Request-Id`, or else the whole
/// `traceparent`. An identifier that is too long or has unusual characters is ignored.
pub(crate) fn request_id(x_request_id: Field<'_>, traceparent: Field<'_>) -> Option<Box<str>> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    [x_request_id, traceparent]
        .into_iter()
        .find_map(|field| match field {
            Field::Once(id)
                if !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.iter().all(is_plain) =>
            {
                std::str::from_utf8(id).ok().map(Box::from)
            }
            _ => None,
        })
}

/// Cuts off the first byte for which `is_end` returns `true`, and all after it.
fn before(field: Field<'_>, is_end: impl Fn(u8) -> bool) -> Field<'_> {
    match field {
        Field::Once(value) => {
            Field::Once(value.split(|byte| is_end(*byte)).next().unwrap_or_default())
        }
        other => other,
    }
}

/// Returns the first `max_bytes` of a field as text.
fn bounded(field: Field<'_>, max_bytes: usize) -> Option<Box<str>> {
    match field {
        Field::Once(value) => {
            Some(String::from_utf8_lossy(value.get(..max_bytes).unwrap_or(value)).into())
        }
        Field::Absent | Field::Repeated => None,
    }
}

/// Writes a line of JSON without invisible characters.
fn write_json(entry: &AccessEntry, buffer: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Line<'a> {
        level: &'static str,
        message: &'static str,
        #[serde(flatten)]
        entry: &'a AccessEntry,
    }
    let start = buffer.len();
    if serde_json::to_writer(
        &mut *buffer,
        &Line {
            level: "INFO",
            message: "decision",
            entry,
        },
    )
    .is_err()
    {
        buffer.truncate(start);
        return;
    }
    let line = buffer.get(start..).unwrap_or_default();
    if line.iter().any(|byte| !matches!(byte, b' '..=b'~')) {
        let visible = visible_json(&String::from_utf8_lossy(line));
        buffer.truncate(start);
        buffer.extend_from_slice(visible.as_bytes());
    }
    buffer.push(b'\n');
}

/// Writes a line for people to read.
fn write_text(entry: &AccessEntry, buffer: &mut Vec<u8>) {
    let mut line = format!(
        "{}  INFO decision {} {}",
        rfc3339(entry.timestamp),
        entry.verdict,
        entry.reason
    );
    let texts = [
        ("issuer", entry.issuer.as_deref()),
        ("route", entry.route.as_deref()),
        ("cache", Some(entry.cache)),
        ("method", entry.original.method.as_deref()),
        ("host", entry.original.host.as_deref()),
        ("path", entry.original.path.as_deref()),
        ("request_id", entry.request_id.as_deref()),
    ];
    for (name, text) in texts {
        // Writing to a String cannot fail. Texts are quoted with escapes, so that a path cannot
        // forge lines.
        let _ = text.map_or(Ok(()), |text| write!(line, " {name}={text:?}"));
    }
    let _ = entry
        .token_digest
        .map_or(Ok(()), |digest| write!(line, " token_digest={digest}"));
    let _ = writeln!(line, " duration_us={}", entry.duration.as_micros());
    buffer.extend_from_slice(line.as_bytes());
}

impl std::fmt::Display for DigestStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl Serialize for DigestStart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn rfc3339(timestamp: Timestamp) -> humantime::Rfc3339Timestamp {
    let millis = u64::try_from(timestamp.as_millis()).unwrap_or(0);
    humantime::format_rfc3339_millis(std::time::UNIX_EPOCH + Duration::from_millis(millis))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn as_rfc3339<S: serde::Serializer>(
    timestamp: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&rfc3339(*timestamp))
}

fn as_micros<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_unseen;

    fn entry(path: &[u8]) -> AccessEntry {
        let original = OriginalRequest {
            method: Field::Once(b"GET"),
            host: Field::Repeated,
            uri: Field::Once(path),
        };
        AccessEntry {
            timestamp: Timestamp::from_secs(0),
            verdict: "deny",
            reason: "token_expired",
            issuer: Some("main".into()),
            route: None,
            cache: "miss",
            original: OriginalRequestTexts::of(&original),
            duration: Duration::from_micros(12),
            request_id: None,
            token_digest: Some(DigestStart([0, 1, 2, 0xAB])),
        }
    }

    #[test]
    fn a_line_is_one_line_and_has_no_query() {
        let mut json = Vec::new();
        write_json(
            &entry("/x\r\n\"},{\x1b[31m\u{9b}\u{202e}\u{e9}?token=secret".as_bytes()),
            &mut json,
        );
        let line = String::from_utf8(json).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.trim_end().contains(is_unseen), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["path"], "/x\r\n\"},{\u{1b}[31m\u{9b}\u{202e}\u{e9}");
        assert_eq!(
            (&value["token_digest"], &value["duration_us"]),
            (&"000102ab".into(), &12.into())
        );
        let mut text = Vec::new();
        write_text(&entry(b"/x\r\n\x1b[31m#frag"), &mut text);
        let expected = "1970-01-01T00:00:00.000Z  INFO decision deny token_expired issuer=\"main\" cache=\"miss\" method=\"GET\" path=\"/x\\r\\n\\u{1b}[31m\" token_digest=000102ab duration_us=12\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn request_ids_are_checked() {
        assert_eq!(
            request_id(Field::Once(b"abc-1"), Field::Absent).as_deref(),
            Some("abc-1")
        );
        assert_eq!(
            request_id(Field::Once(b"a b"), Field::Once(b"00-abc-01")).as_deref(),
            Some("00-abc-01")
        );
        assert_eq!(request_id(Field::Once(&[b'a'; 129]), Field::Repeated), None);
    }
}
