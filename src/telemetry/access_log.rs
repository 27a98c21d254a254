//! The access log: one line per decision.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::LogQueue;
use super::log_line::LogLine;
use crate::config::{AccessLog, AccessLogField, LogFormat};
use crate::domain::{ClaimPath, Field, OriginalRequest, Timestamp, Verdict};
use crate::jose::Json;

/// Writes one line for each decision that the settings select.
#[derive(Clone)]
pub struct AccessLogger {
    queue: LogQueue,
    which: AccessLog,
    fields: Arc<[AccessLogField]>,
    format: LogFormat,
}

/// The content of one line. Texts of the request are bounded. The token appears only as the start
/// of its digest.
#[derive(Debug)]
#[allow(missing_docs)] // the fields of the line; docs/observability.md explains them
pub struct AccessEntry {
    pub timestamp: Timestamp,
    pub verdict: Verdict,
    pub reason: &'static str,
    pub issuer: Option<Arc<str>>,
    pub route: Option<Arc<str>>,
    pub cache: &'static str,
    pub original: OriginalRequestTexts,
    pub peer: Option<IpAddr>,
    pub duration: Duration,
    pub request_id: Option<Box<str>>,
    pub token_digest: Option<DigestStart>,
    pub chosen: Vec<ChosenField>,
}

/// The name and the value of a field that `access_log_fields` adds.
pub type ChosenField = (Arc<str>, Option<Box<str>>);

/// The parts of the original request that are logged. The query is never logged, because it may
/// hold a token.
#[derive(Debug)]
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
const MAX_CLAIM: usize = 256;

impl AccessLogger {
    /// Creates a logger that writes to this queue. The fields are added to those of every line.
    pub const fn new(
        queue: LogQueue,
        which: AccessLog,
        fields: Arc<[AccessLogField]>,
        format: LogFormat,
    ) -> Self {
        Self {
            queue,
            which,
            fields,
            format,
        }
    }

    /// Returns `true` if a line may need the claims of a verified token.
    pub fn needs_claims(&self) -> bool {
        let is_claim = |field: &AccessLogField| matches!(field, AccessLogField::Claim { .. });
        self.fields.iter().any(is_claim)
    }

    /// Returns the values of the fields that were chosen. Without any it does not allocate.
    pub fn chosen<'t>(
        &self,
        client: impl Fn() -> Option<IpAddr>,
        claim: impl Fn(&ClaimPath) -> Option<Json<'t>>,
    ) -> Vec<ChosenField> {
        let chosen = self.fields.iter().map(|field| match field {
            AccessLogField::Client => {
                let address = client().map(|address| address.to_string().into());
                (Arc::from("client"), address)
            }
            AccessLogField::Claim { name, path } => (name.clone(), claim(path).map(claim_text)),
        });
        chosen.collect()
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
        self.queue
            .push(move |buffer| write_line(&entry, format, buffer));
    }
}

impl OriginalRequestTexts {
    /// Copies the parts of a request that are logged.
    pub fn of(original: &OriginalRequest<'_>) -> Self {
        let OriginalRequest { method, host, uri } = original.without_secrets();
        Self {
            method: bounded(method, MAX_METHOD),
            host: bounded(host, MAX_HOST),
            path: bounded(uri, MAX_PATH),
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

/// Returns the first `max_bytes` of a field as text.
fn bounded(field: Field<'_>, max_bytes: usize) -> Option<Box<str>> {
    match field {
        Field::Once(value) => {
            Some(String::from_utf8_lossy(value.get(..max_bytes).unwrap_or(value)).into())
        }
        Field::Absent | Field::Repeated => None,
    }
}

fn write_line(entry: &AccessEntry, format: LogFormat, buffer: &mut Vec<u8>) {
    let mut line = LogLine::begin(buffer, format, entry.timestamp, "INFO", "decision");
    line.text("verdict", entry.verdict.word());
    line.text("reason", entry.reason);
    line.optional("issuer", entry.issuer.as_deref());
    line.optional("route", entry.route.as_deref());
    line.text("cache", entry.cache);
    line.optional("method", entry.original.method.as_deref());
    line.optional("host", entry.original.host.as_deref());
    line.optional("path", entry.original.path.as_deref());
    line.optional("peer", entry.peer.map(|peer| peer.to_string()));
    line.bare("duration_us", entry.duration.as_micros());
    line.optional("request_id", entry.request_id.as_deref());
    let digest = entry.token_digest.map(|digest| digest.to_string());
    line.optional("token_digest", digest);
    for (name, value) in &entry.chosen {
        line.optional(name, value.as_deref());
    }
    line.end();
}

/// Returns a claim as it is logged: a text as it is, anything else as its JSON; the beginning, if
/// it is long.
fn claim_text(claim: Json<'_>) -> Box<str> {
    let text = claim.string();
    let text = text.as_deref().unwrap_or_else(|| claim.as_written());
    let end = text.floor_char_boundary(MAX_CLAIM);
    text.get(..end).unwrap_or_default().into()
}

impl std::fmt::Display for DigestStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &[u8]) -> AccessEntry {
        let original = OriginalRequest {
            method: Field::Once(b"GET"),
            host: Field::Repeated,
            uri: Field::Once(path),
        };
        AccessEntry {
            timestamp: Timestamp::from_secs(0),
            verdict: Verdict::Deny,
            reason: "token_expired",
            issuer: Some("main".into()),
            route: None,
            cache: "miss",
            original: OriginalRequestTexts::of(&original),
            peer: Some([10, 0, 0, 7].into()),
            duration: Duration::from_micros(12),
            request_id: None,
            token_digest: Some(DigestStart([0, 1, 2, 0xAB])),
            chosen: vec![("claim.sub".into(), Some("alice".into()))],
        }
    }

    #[test]
    fn a_line_is_one_line_and_has_no_query() {
        let entry = entry("/x\r\n\"},{\x1b[31m\u{9b}?token=secret".as_bytes());
        let written = |format| {
            let mut buffer = Vec::new();
            write_line(&entry, format, &mut buffer);
            String::from_utf8(buffer).unwrap()
        };
        assert_eq!(
            written(LogFormat::Json),
            concat!(
                r#"{"timestamp":"1970-01-01T00:00:00.000Z","level":"INFO","message":"decision","verdict":"deny","#,
                r#""reason":"token_expired","issuer":"main","route":null,"cache":"miss","method":"GET","host":null,"#,
                r#""path":"/x\r\n\"},{\u001b[31m\u009b","peer":"10.0.0.7","duration_us":12,"request_id":null,"#,
                r#""token_digest":"000102ab","claim.sub":"alice"}"#,
                "\n"
            )
        );
        assert_eq!(
            written(LogFormat::Text),
            concat!(
                "1970-01-01T00:00:00.000Z  INFO decision verdict=deny reason=token_expired issuer=main cache=miss ",
                r#"method=GET path="/x\r\n\"},{\u001b[31m\u009b" peer=10.0.0.7 duration_us=12 token_digest=000102ab "#,
                "claim.sub=alice\n"
            )
        );
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
