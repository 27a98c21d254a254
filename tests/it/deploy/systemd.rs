//! `deploy/systemd`. `make lint-deploy` has systemd read the units; here it is what they say of the
//! service.

use crate::support::{doorward, shipped};

pub const SERVICE: &str = "deploy/systemd/doorward.service";

/// The values of a directive of a unit.
pub fn values(unit: &str, directive: &str) -> Vec<String> {
    let text = shipped(unit, &[]);
    text.lines()
        .filter_map(|line| {
            line.strip_prefix(directive)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
        .collect()
}

#[test]
fn a_wrong_configuration_is_not_tried_again() {
    let output = doorward(&["serve"], &[], "");
    let code = output.status.code().unwrap().to_string();
    assert_eq!(values(SERVICE, "RestartPreventExitStatus"), [code]);
}

#[test]
fn stopping_waits_for_running_requests() {
    assert!(
        doorward::config::reference().contains("| `shutdown_timeout` | `10s` |"),
        "the default has changed"
    );
    let timeout = values(SERVICE, "TimeoutStopSec").remove(0);
    assert!(timeout.strip_suffix('s').unwrap().parse::<u64>().unwrap() > 10);
}

/// Each socket has the address that the service has without systemd, and the name that the service
/// knows it by.
#[test]
fn the_sockets_are_the_listeners() {
    for (unit, listener, setting) in [
        ("doorward", "verify", "listen"),
        ("doorward-admin", "admin", "admin_listen"),
    ] {
        let unit = format!("deploy/systemd/{unit}.socket");
        assert_eq!(values(&unit, "FileDescriptorName"), [listener]);
        assert_eq!(values(&unit, "Service"), ["doorward.service"]);
        let address = values(&unit, "ListenStream").remove(0);
        assert!(
            doorward::config::reference().contains(&format!("| `{setting}` | `{address}` |")),
            "{address}"
        );
    }
    assert_eq!(
        values(SERVICE, "Sockets"),
        ["doorward.socket doorward-admin.socket"]
    );
}
