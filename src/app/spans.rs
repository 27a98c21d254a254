//! Creates the sender of spans.

use std::sync::Arc;

use super::platform::Platform;
use super::start_error::StartError;
use crate::config::TraceSettings;
use crate::outbound::OtlpTransport;
use crate::telemetry::Spans;

pub(super) fn spans(traces: &TraceSettings, platform: &Platform) -> Result<Arc<Spans>, StartError> {
    let runtime = tokio::runtime::Handle::current();
    let transport = OtlpTransport::new(&traces.url, &platform.egress, runtime);
    let transport = transport.map_err(|error| StartError::Spans(error.to_string()))?;
    Spans::new(traces, transport)
        .map(Arc::new)
        .map_err(|error| StartError::Spans(error.to_string()))
}
