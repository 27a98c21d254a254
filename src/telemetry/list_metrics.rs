//! Metrics of the files that list credentials.

use prometheus::{IntGauge, IntGaugeVec, Registry};

use super::metrics_reference as declared;
use super::registry::{gauges, registered};
use crate::domain::Timestamp;

/// The metrics of all files that list credentials.
pub(super) struct ListFamilies {
    entries: IntGaugeVec,
    accepted: IntGaugeVec,
    loaded: IntGaugeVec,
}

/// The metrics of one list.
pub struct ListMetrics {
    entries: IntGauge,
    accepted: IntGauge,
    loaded: IntGauge,
}

impl ListFamilies {
    /// Registers the metrics. A list has series only while there is one.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            entries: registered(registry, gauges(&declared::LIST_ENTRIES)?)?,
            accepted: registered(registry, gauges(&declared::LIST_LAST_RELOAD_SUCCESSFUL)?)?,
            loaded: registered(registry, gauges(&declared::LIST_LAST_SUCCESS)?)?,
        })
    }

    /// Returns the metrics of one list.
    pub(super) fn of(&self, list: &str) -> ListMetrics {
        ListMetrics {
            entries: self.entries.with_label_values(&[list]),
            accepted: self.accepted.with_label_values(&[list]),
            loaded: self.loaded.with_label_values(&[list]),
        }
    }

    /// Removes the series of a list that no longer exists. A series that does not exist need not be
    /// removed.
    pub(super) fn forget(&self, list: &str) {
        for family in [&self.entries, &self.accepted, &self.loaded] {
            let _ = family.remove_label_values(&[list]);
        }
    }
}

impl ListMetrics {
    /// Records whether the file as it is now is active.
    pub fn accepted(&self, is_accepted: bool) {
        self.accepted.set(is_accepted.into());
    }

    /// Records the number of credentials, and when they were read.
    pub fn loaded(&self, entries: usize, at: Timestamp) {
        self.entries.set(entries.try_into().unwrap_or(i64::MAX));
        self.loaded.set(at.as_secs());
    }
}
