//! A span per decision, for those who follow requests through a house of many services
//! (OpenTelemetry, OTLP).

use std::time::{Duration, SystemTime};

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, IdGenerator, RandomIdGenerator, SpanData, SpanEvents, SpanLinks,
    SpanProcessor,
};

use super::AccessEntry;
use crate::config::TraceSettings;
use crate::domain::{Field, HeaderFields};

/// Sends spans away, from a thread of its own and in batches; if the collector is slow or gone they
/// are dropped.
#[derive(Debug)]
pub struct Spans {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    sample_ratio: f64,
}

/// Where in a trace a decision stands.
pub struct Place {
    own: SpanContext,
    parent: SpanId,
}

/// How long the last spans may take when the service stops.
const LAST_SPANS: Duration = Duration::from_secs(2);

impl Spans {
    /// Sends to where these settings say, by this client.
    pub fn new(
        settings: &TraceSettings,
        client: impl HttpClient + 'static,
    ) -> Result<Self, ExporterBuildError> {
        let headers = settings
            .exposed()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(settings.url.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_headers(headers.collect())
            .build()?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let service = [
            KeyValue::new("service.name", "doorward"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ];
        processor.set_resource(&Resource::builder_empty().with_attributes(service).build());
        let scope = InstrumentationScope::builder("doorward")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self {
            processor,
            scope,
            sample_ratio: settings.sample_ratio,
        })
    }

    /// Where the decision about a request stands, if it gets a span: as its `traceparent` says (W3C
    /// Trace Context), and by chance where there is none. A header that is wrong or repeated is
    /// none.
    pub fn place(&self, fields: &dyn HeaderFields) -> Option<Place> {
        let caller =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Incoming(fields));
        let caller = caller.span().span_context().clone();
        let ids = RandomIdGenerator::default();
        let (trace, state, is_sampled) = if caller.is_valid() {
            (
                caller.trace_id(),
                caller.trace_state().clone(),
                caller.is_sampled(),
            )
        } else {
            let trace = ids.new_trace_id();
            (trace, TraceState::NONE, is_chosen(trace, self.sample_ratio))
        };
        let own = SpanContext::new(trace, ids.new_span_id(), TraceFlags::SAMPLED, false, state);
        is_sampled.then_some(Place {
            own,
            parent: caller.span_id(),
        })
    }

    /// Sends a decision away as a span. It never waits.
    pub fn record(&self, place: Place, entry: &AccessEntry) {
        let millis = u64::try_from(entry.timestamp.as_millis()).unwrap_or(0);
        let end = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let is_failure = entry.verdict == "error";
        self.processor.on_end(SpanData {
            span_context: place.own,
            parent_span_is_remote: place.parent != SpanId::INVALID,
            parent_span_id: place.parent,
            span_kind: SpanKind::Server,
            name: "decide".into(),
            start_time: end.checked_sub(entry.duration).unwrap_or(end),
            end_time: end,
            attributes: attributes(entry),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if is_failure {
                Status::error(entry.reason)
            } else {
                Status::Unset
            },
            instrumentation_scope: self.scope.clone(),
        });
    }

    /// Sends what is left, and nothing after that.
    pub fn finish(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// What an access-log line tells, by the names that OpenTelemetry has for it.
fn attributes(entry: &AccessEntry) -> Vec<KeyValue> {
    let texts = [
        ("doorward.issuer", entry.issuer.as_deref()),
        ("doorward.route", entry.route.as_deref()),
        ("http.request.method", entry.original.method.as_deref()),
        ("server.address", entry.original.host.as_deref()),
        ("url.path", entry.original.path.as_deref()),
    ];
    let words = [
        ("verdict", entry.verdict),
        ("reason", entry.reason),
        ("cache", entry.cache),
    ];
    let words = words.map(|(name, word)| KeyValue::new(format!("doorward.{name}"), word));
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some(KeyValue::new(name, text?.to_owned())));
    words.into_iter().chain(texts).collect()
}

/// By the trace's number, so that every service with this ratio chooses the same traces.
fn is_chosen(trace: TraceId, ratio: f64) -> bool {
    let [.., a, b, c, d] = trace.to_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) < ratio * 4_294_967_296.0
}

/// The header fields in which a caller tells of its trace.
struct Incoming<'a>(&'a dyn HeaderFields);

impl Extractor for Incoming<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        match self.0.field(name) {
            Field::Once(value) => std::str::from_utf8(value).ok(),
            Field::Absent | Field::Repeated => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}
