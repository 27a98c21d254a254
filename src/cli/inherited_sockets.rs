//! Sockets that the service manager opened for this process.

use std::ffi::OsString;

use listenfd::ListenFd;

use super::exit::Failure;
use crate::platform::InheritedSockets;

/// The maximum number of sockets, which is more than any configuration has listeners.
const MAX_SOCKETS: usize = 64;

/// Takes the sockets that this process was started with, if any (`sd_listen_fds(3)`). Must be
/// called before there are threads: it removes the variables that describe the sockets, so that no
/// other process takes them for its own.
///
/// Fails if the variables or the sockets are not valid.
pub(super) fn take(environment: &[(OsString, OsString)]) -> Result<InheritedSockets, Failure> {
    let variable = |name: &str| {
        environment
            .iter()
            .find(|(own, _)| own == name)
            .and_then(|(_, value)| value.to_str())
    };
    // The sockets may be meant for another process, from which this one inherited the variables.
    let Some(count) = variable("LISTEN_FDS")
        .filter(|_| variable("LISTEN_PID") == Some(&std::process::id().to_string()))
    else {
        return Ok(InheritedSockets::default());
    };
    if count
        .parse::<usize>()
        .ok()
        .is_none_or(|count| count > MAX_SOCKETS)
    {
        return Err(Failure::failed(format!(
            "LISTEN_FDS: {count:?} is no number of sockets (at most {MAX_SOCKETS})"
        )));
    }
    let names: Vec<_> = variable("LISTEN_FDNAMES")
        .unwrap_or_default()
        .split(':')
        .collect();
    InheritedSockets::take(ListenFd::from_env(), &names).map_err(Failure::failed)
}
