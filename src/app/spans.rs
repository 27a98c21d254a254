//! The sender of spans, if there is one.

use std::sync::Arc;

use super::start_error::StartError;
use super::surroundings::Surroundings;
use crate::config::TraceSettings;
use crate::outbound::Courier;
use crate::telemetry::Spans;

pub(super) fn spans(
    traces: &TraceSettings,
    surroundings: &Surroundings,
) -> Result<Arc<Spans>, StartError> {
    let runtime = tokio::runtime::Handle::current();
    let courier = Courier::new(&traces.url, &surroundings.egress, runtime);
    let courier = courier.map_err(|error| StartError::Spans(error.to_string()))?;
    Spans::new(traces, courier)
        .map(Arc::new)
        .map_err(|error| StartError::Spans(error.to_string()))
}
