//! The time that requests wait for other services.

use std::time::Duration;

use crate::config_reader::{Reader, Reported, Setting, Shape, value};

const DEPENDENCY_WAIT: Setting = Setting::new(
    "dependency_wait",
    "800ms",
    "Longest time that a request waits for other services: keys, introspection and the user directory together. After that the response is 503. Keep it below the timeout of the proxy, which often is 1 to 2 seconds.",
)
.shaped(Shape::Duration);

pub(crate) const SETTINGS: &[Setting] = &[DEPENDENCY_WAIT];

/// Reads the time that a request waits for other services altogether.
pub(super) fn read_wait(reader: &mut Reader) -> Result<Duration, Reported> {
    reader.read(
        &DEPENDENCY_WAIT,
        value::duration_within(Duration::from_millis(10), Duration::from_mins(1)),
    )
}
