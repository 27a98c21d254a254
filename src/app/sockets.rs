//! The sockets of the three listeners.

use std::io;

use crate::config::{Listen, ServerSettings};
use crate::platform::{BoundListener, InheritedSockets, SocketLock, bind};

/// The bound sockets of the three listeners, and the locks of their socket files.
pub(super) struct Sockets {
    pub(super) verify: Vec<BoundListener>,
    pub(super) admin: Vec<BoundListener>,
    /// The sockets of the gRPC listener; empty if it is off.
    pub(super) grpc: Vec<BoundListener>,
    /// The locks of the socket files. They are to be held until the service has ended.
    pub(super) locks: Vec<SocketLock>,
}

/// The addresses of the three listeners, with the ports that the system assigned.
pub(super) struct Addresses {
    pub(super) verify: Vec<Listen>,
    pub(super) admin: Vec<Listen>,
    pub(super) grpc: Vec<Listen>,
}

impl Sockets {
    /// Takes the inherited sockets, and binds the configured addresses of each listener that
    /// inherited none. Logs a warning if inherited sockets take the place of other addresses that
    /// were set.
    pub(super) fn bind(inherited: InheritedSockets, settings: &ServerSettings) -> io::Result<Self> {
        let mut locks = Vec::new();
        let mut inherited_or_bound =
            |setting, inherited: Vec<BoundListener>, addresses: &[Listen]| {
                if inherited.is_empty() {
                    return bind(setting, addresses, &settings.unix_socket, &mut locks);
                }
                let is_given = settings.given_listeners.contains(&setting);
                if is_given && self::addresses(&inherited)? != addresses {
                    tracing::warn!(
                        setting,
                        hint = "leave it out, or stop the socket unit",
                        "has no effect: the service manager has opened the sockets"
                    );
                }
                Ok(inherited)
            };
        Ok(Self {
            verify: inherited_or_bound("listen", inherited.verify, &settings.listen)?,
            admin: inherited_or_bound("admin_listen", inherited.admin, &settings.admin_listen)?,
            grpc: inherited_or_bound("grpc_listen", inherited.grpc, &settings.grpc_listen)?,
            locks,
        })
    }

    /// Returns the addresses that the sockets are bound to.
    pub(super) fn addresses(&self) -> io::Result<Addresses> {
        Ok(Addresses {
            verify: addresses(&self.verify)?,
            admin: addresses(&self.admin)?,
            grpc: addresses(&self.grpc)?,
        })
    }
}

fn addresses(sockets: &[BoundListener]) -> io::Result<Vec<Listen>> {
    sockets.iter().map(BoundListener::address).collect()
}
