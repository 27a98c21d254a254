//! The times at which keys are refreshed, and the time that they stay usable.

use std::time::Duration;

use crate::config_reader::{Reader, Reported, Setting, Shape, value};

pub(crate) const JWKS_REFRESH: Setting = Setting::new(
    "jwks_refresh",
    "5m",
    "Interval at which keys are fetched in the background. A shorter `max-age` in the response of the issuer wins.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_MIN_REFETCH: Setting = Setting::new(
    "jwks_min_refetch",
    "30s",
    "Shortest time between two fetches that are caused by an unknown `kid`.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_MAX_STALE: Setting = Setting::new(
    "jwks_max_stale",
    "24h",
    "How long the last good keys are used while fetching fails. After that the response is 503 with `keys_unavailable`.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_WAIT: Setting = Setting::new(
    "jwks_wait",
    "500ms",
    "How long a request waits for a fetch of keys, within `dependency_wait`. After that the response is 503.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] =
    &[JWKS_REFRESH, JWKS_MIN_REFETCH, JWKS_MAX_STALE, JWKS_WAIT];

/// The times at which keys are refreshed, and the time that they stay usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshSettings {
    /// The interval of background refreshes.
    pub interval: Duration,
    /// The least time between two refreshes that an unknown `kid` causes.
    pub min_refetch: Duration,
    /// The time that the last good keys are used while refreshing fails.
    pub max_stale: Duration,
    /// The time that a request may wait for a refresh.
    pub wait: Duration,
    /// The time that a request may wait for this and everything else (`dependency_wait`).
    pub request_wait: Duration,
}

/// The year of `humantime`, so that the bound is printed as `1year`.
const YEAR: Duration = Duration::from_hours(8766);

/// The interval at which a file is read. Its contents are compared: not every file system reports
/// changes, and a report is useless where symbolic links are replaced (Kubernetes).
const FILE_INTERVAL: Duration = Duration::from_secs(5);

impl RefreshSettings {
    /// Returns these settings with the interval for a file.
    pub(super) fn of_file(self) -> Self {
        Self {
            interval: FILE_INTERVAL,
            ..self
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let interval = reader.read(
            &JWKS_REFRESH,
            value::duration_within(Duration::from_secs(1), YEAR),
        );
        let min_refetch = reader.read(
            &JWKS_MIN_REFETCH,
            value::duration_within(Duration::from_secs(1), YEAR),
        );
        let max_stale = reader.read(
            &JWKS_MAX_STALE,
            value::duration_within(Duration::from_secs(1), YEAR),
        );
        let wait = reader.read(
            &JWKS_WAIT,
            value::duration_within(Duration::ZERO, Duration::from_mins(1)),
        );
        Ok(Self {
            interval: interval?,
            min_refetch: min_refetch?,
            max_stale: max_stale?,
            wait: wait?,
            request_wait: Duration::MAX,
        })
    }
}
