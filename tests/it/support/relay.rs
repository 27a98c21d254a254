//! A wire between a proxy and the service that counts the connections over it, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The wire. Takes no new connections when dropped.
pub struct Relay {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    wire: Arc<Wire>,
}

/// What becomes of bytes on the way.
#[derive(Default)]
struct Wire {
    cut: AtomicBool,
    hang_up: AtomicBool,
}

impl Relay {
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, stopped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let wire = Arc::<Wire>::default();
        let (counted, told, between) = (connections.clone(), stopped.clone(), wire.clone());
        std::thread::spawn(move || {
            for incoming in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let Ok(outgoing) = TcpStream::connect(target) else {
                    continue;
                };
                pump(
                    incoming.try_clone().unwrap(),
                    outgoing.try_clone().unwrap(),
                    between.clone(),
                );
                pump(outgoing, incoming, between.clone());
            }
        });
        Self {
            address,
            connections,
            stopped,
            wire,
        }
    }

    /// From now on nothing comes through, although connections are taken and stay open.
    pub fn cut(&self) {
        self.wire.cut.store(true, Ordering::SeqCst);
    }

    /// The next question is lost: its connection closes as it arrives, as an idle one does in the
    /// wrong moment.
    pub fn hang_up_once(&self) {
        self.wire.hang_up.store(true, Ordering::SeqCst);
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// Carries bytes one way until that way is closed.
fn pump(mut from: TcpStream, mut to: TcpStream, wire: Arc<Wire>) {
    from.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if wire.hang_up.swap(false, Ordering::SeqCst) {
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
            if !wire.cut.load(Ordering::SeqCst) && to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
