//! A wire between a proxy and the service that counts the connections over it.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The wire. Takes no new connections when dropped.
pub struct Relay {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Relay {
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, stopped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, told) = (connections.clone(), stopped.clone());
        std::thread::spawn(move || {
            for incoming in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let Ok(outgoing) = TcpStream::connect(target) else { continue };
                pump(incoming.try_clone().unwrap(), outgoing.try_clone().unwrap());
                pump(outgoing, incoming);
            }
        });
        Self { address, connections, stopped }
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
fn pump(mut from: TcpStream, mut to: TcpStream) {
    from.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
