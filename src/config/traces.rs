//! Export of spans to a collector.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::issuer::keys::fetch;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape};

const OTLP_ENDPOINT: Setting = Setting::optional(
    "otlp_endpoint",
    "off",
    "URL of an OpenTelemetry collector (OTLP over HTTP), such as `http://localhost:4318`. It gets one span for each decision. `/v1/traces` is appended to the URL.",
);
const OTLP_HEADERS: Setting = Setting::secret(
    "otlp_headers",
    "Request headers for the collector. A list of `Name: value`, separated by commas.",
)
.shaped(Shape::List(&Shape::Text));
const TRACE_SAMPLE_RATIO: Setting = Setting::new(
    "trace_sample_ratio",
    "0.1",
    "Share of requests that get a span, from 0 to 1. It applies to requests without `traceparent`. For the others, the sampling flag of `traceparent` decides.",
)
.shaped(Shape::Text);

pub(crate) const SETTINGS: &[Setting] = &[OTLP_ENDPOINT, OTLP_HEADERS, TRACE_SAMPLE_RATIO];

/// Export of spans to an OpenTelemetry collector.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// The URL that spans are posted to.
    pub url: Url,
    headers: Vec<(String, SecretString)>,
    /// The share of requests without a `traceparent` that get a span, from 0 to 1.
    pub sample_ratio: f64,
}

impl TraceSettings {
    /// Returns the request headers for the collector, with their secret values in the clear.
    pub fn exposed(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect()
    }

    /// Compares two sections. Returns the names of the settings, and whether they have the same
    /// value.
    pub(super) fn compare(own: Option<&Self>, new: Option<&Self>) -> [(&'static str, bool); 3] {
        let parts = |traces: &Self| {
            // Each field stands here, so that a new one is compared too.
            let Self {
                url,
                headers: _,
                sample_ratio,
            } = traces;
            (url.clone(), sample_ratio.to_bits())
        };
        let (own_parts, new_parts) = (own.map(parts).unzip(), new.map(parts).unzip());
        [
            ("otlp_endpoint", own_parts.0 == new_parts.0),
            ("trace_sample_ratio", own_parts.1 == new_parts.1),
            (
                "otlp_headers",
                own.map(Self::exposed) == new.map(Self::exposed),
            ),
        ]
    }

    /// Reads the section. Returns `None` if no collector is set.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Reported> {
        let url = reader.optional(&OTLP_ENDPOINT, endpoint);
        let headers = reader.optional_list(&OTLP_HEADERS, fetch::header);
        let sample_ratio = reader.read(&TRACE_SAMPLE_RATIO, ratio);
        let (url, headers, sample_ratio) = (url?, headers?.unwrap_or_default(), sample_ratio?);
        Ok(url.map(|url| Self {
            url,
            headers,
            sample_ratio,
        }))
    }
}

fn endpoint(text: &str) -> Result<Url, Invalid> {
    let expected =
        || Invalid::expected("write the base URL of a collector, such as http://localhost:4318");
    let mut url = Url::parse(text).map_err(|_| expected())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Invalid::new("holds a user or a password")
            .hint("put what the collector asks for into $otlp_headers"));
    }
    let is_base = url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_base {
        return Err(expected());
    }
    let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn ratio(text: &str) -> Result<f64, Invalid> {
    let ratio = text
        .parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| Invalid::expected("write a number from 0 to 1, such as 0.1"))
}
