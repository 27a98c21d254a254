//! Exports a span for each decision, to follow requests through many services (OpenTelemetry,
//! OTLP).

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

use super::{AccessEntry, ChosenField};
use crate::config::TraceSettings;
use crate::domain::{Field, HeaderFields, Verdict};

/// Exports spans in batches, on a thread of its own. Spans are dropped if the collector is slow or
/// gone.
#[derive(Debug)]
pub struct Spans {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    sample_ratio: f64,
}

/// The position of a decision in a trace.
pub struct TracePosition {
    own: SpanContext,
    parent: SpanId,
}

/// The longest time for the export of the last spans when the service stops.
const LAST_SPANS: Duration = Duration::from_secs(2);

impl Spans {
    /// Creates an exporter for these settings that sends with this client.
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

    /// Returns the position of a decision in its trace, or `None` if it gets no span.
    ///
    /// The request's `traceparent` decides (W3C Trace Context). If it is absent, malformed or
    /// repeated, a new trace starts, and the sample ratio decides.
    pub fn place(&self, fields: &dyn HeaderFields) -> Option<TracePosition> {
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
        is_sampled.then_some(TracePosition {
            own,
            parent: caller.span_id(),
        })
    }

    /// Queues a decision as a span, without waiting.
    pub fn record(&self, position: TracePosition, entry: &AccessEntry) {
        let millis = u64::try_from(entry.timestamp.as_millis()).unwrap_or(0);
        let end = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let is_failure = entry.verdict == Verdict::Error;
        self.processor.on_end(SpanData {
            span_context: position.own,
            parent_span_is_remote: position.parent != SpanId::INVALID,
            parent_span_id: position.parent,
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

    /// Exports the spans that are left, and accepts no more.
    pub fn finish(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Returns the attributes of a span: the fields of an access-log line, under the names of
/// OpenTelemetry where it has them.
fn attributes(entry: &AccessEntry) -> Vec<KeyValue> {
    let texts = [
        ("doorward.issuer", entry.issuer.as_deref()),
        ("doorward.route", entry.route.as_deref()),
        ("http.request.method", entry.original.method.as_deref()),
        ("server.address", entry.original.host.as_deref()),
        ("url.path", entry.original.path.as_deref()),
    ];
    let words = [
        ("verdict", entry.verdict.word()),
        ("reason", entry.reason),
        ("cache", entry.cache),
    ];
    let words = words.map(|(name, word)| KeyValue::new(format!("doorward.{name}"), word));
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some(KeyValue::new(name, text?.to_owned())));
    let peer = entry.peer.map(|peer| peer.to_string());
    let peer = peer.map(|peer| KeyValue::new("network.peer.address", peer));
    let chosen = entry.chosen.iter().filter_map(chosen_attribute);
    words
        .into_iter()
        .chain(texts)
        .chain(peer)
        .chain(chosen)
        .collect()
}

fn chosen_attribute((name, value): &ChosenField) -> Option<KeyValue> {
    let value = value.as_deref()?.to_owned();
    Some(if &**name == "client" {
        KeyValue::new("client.address", value)
    } else {
        KeyValue::new(format!("doorward.{name}"), value)
    })
}

/// Returns `true` if a trace is sampled. The trace id decides, so that every service with this
/// ratio chooses the same traces.
fn is_chosen(trace: TraceId, ratio: f64) -> bool {
    let [.., a, b, c, d] = trace.to_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) < ratio * 4_294_967_296.0
}

/// The header fields of a request, from which the trace of the caller is read.
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
