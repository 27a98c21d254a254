//! Sockets that the service manager opened for us.

use std::ffi::OsString;

use listenfd::ListenFd;

use super::exit::Failure;
use crate::platform::InheritedSockets;

/// More than anybody has listeners.
const MOST: usize = 64;

/// The sockets that this process was started with, if it was (`sd_listen_fds(3)`). To be called
/// before there are threads: the variables that told of them are taken away, so that nobody else
/// takes them for meant.
pub(super) fn take(environment: &[(OsString, OsString)]) -> Result<InheritedSockets, Failure> {
    let variable = |name: &str| {
        environment
            .iter()
            .find(|(own, _)| own == name)
            .and_then(|(_, value)| value.to_str())
    };
    // They may be meant for another process, from which we have the variables.
    let Some(count) = variable("LISTEN_FDS")
        .filter(|_| variable("LISTEN_PID") == Some(&std::process::id().to_string()))
    else {
        return Ok(InheritedSockets::default());
    };
    if count.parse::<usize>().ok().is_none_or(|count| count > MOST) {
        return Err(Failure::failed(format!(
            "LISTEN_FDS: {count:?} is no number of sockets (at most {MOST})"
        )));
    }
    let names: Vec<_> = variable("LISTEN_FDNAMES")
        .unwrap_or_default()
        .split(':')
        .collect();
    InheritedSockets::take(ListenFd::from_env(), &names).map_err(Failure::failed)
}
