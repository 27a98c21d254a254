//! When keys are fetched, and how long they are good.

use std::time::Duration;

use crate::config_reader::{Reader, Reported, Setting, Shape, value};

pub(crate) const JWKS_REFRESH: Setting = Setting::new(
    "jwks_refresh",
    "5m",
    "How often keys are fetched in the background, unless the answer's `max-age` asks for it sooner.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_MIN_REFETCH: Setting = Setting::new(
    "jwks_min_refetch",
    "30s",
    "An unknown `kid` makes for a fetch at most this often.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_MAX_STALE: Setting = Setting::new(
    "jwks_max_stale",
    "24h",
    "How long the last good keys are used while fetching fails.",
)
.shaped(Shape::Duration);
pub(crate) const JWKS_WAIT: Setting = Setting::new(
    "jwks_wait",
    "500ms",
    "How long a request may wait for a fetch; then it is 503.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] =
    &[JWKS_REFRESH, JWKS_MIN_REFETCH, JWKS_MAX_STALE, JWKS_WAIT];

/// When keys are fetched, and how long they are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshSettings {
    /// How often.
    pub interval: Duration,
    /// How often an unknown `kid` may ask for it.
    pub min_refetch: Duration,
    /// How long the last good keys are used while fetching fails.
    pub max_stale: Duration,
    /// How long a request may wait.
    pub wait: Duration,
}

/// As humantime counts it, so that it is shown as `1year`.
const YEAR: Duration = Duration::from_hours(8766);

/// How often a file is looked at. Its contents are compared: an event for each change is not to be
/// had on every file system, and where links are exchanged (Kubernetes) it tells nothing.
const FILE_INTERVAL: Duration = Duration::from_secs(5);

impl RefreshSettings {
    /// The same for a file.
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
        })
    }
}
