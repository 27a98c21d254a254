//! A client that speaks TLS: it says what it shows, and sees what is shown to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};

use super::{Authority, Client, Credentials, Request, connected};

/// Connections of one client, which remembers sessions as every client does.
#[derive(Clone)]
pub struct TlsClient(Arc<ClientConfig>);

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

impl TlsClient {
    /// Trusts this authority, and shows nothing or these.
    pub fn new(authority: &Authority, own: Option<&Credentials>) -> Self {
        Self::speaking(rustls::ALL_VERSIONS, authority, own)
    }

    /// The same with these versions of TLS.
    pub fn speaking(
        versions: &[&'static SupportedProtocolVersion],
        authority: &Authority,
        own: Option<&Credentials>,
    ) -> Self {
        Self::trusting(versions, &authority.pem(), own)
    }

    /// Trusts this certificate in PEM.
    pub fn trusting(
        versions: &[&'static SupportedProtocolVersion],
        root: &str,
        own: Option<&Credentials>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap())
            .unwrap();
        let builder = ClientConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(Credentials { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                // Whether the two belong together is for the service to find out.
                let own = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)))
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self(config.into())
    }

    /// A connection whose handshake has ended, as far as the client is asked.
    pub fn connect(&self, to: SocketAddr) -> Result<TlsStream, String> {
        let connection =
            ClientConnection::new(self.0.clone(), "localhost".try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, connected(to));
        stream.flush().map_err(|error| error.to_string())?;
        while stream.conn.is_handshaking() {
            stream
                .conn
                .complete_io(&mut stream.sock)
                .map_err(|error| error.to_string())?;
        }
        Ok(stream)
    }

    /// The verdict of a request on a connection of its own, or why there is none: since TLS 1.3 a
    /// client learns only from what comes next whether it was let in.
    pub fn verdict(&self, to: SocketAddr, token: &str) -> Result<String, String> {
        let mut stream = self.connect(to)?;
        let request = Request::new(to, "GET", "/verify").bearer(token);
        stream
            .write_all(&request.bytes())
            .map_err(|error| error.to_string())?;
        let mut first = vec![0];
        stream
            .read_exact(&mut first)
            .map_err(|error| error.to_string())?;
        Ok(Client::over(stream, first)
            .read_answer(false)
            .unwrap()
            .verdict())
    }

    /// The certificate that a new connection is shown, in DER.
    pub fn shown(&self, to: SocketAddr) -> Vec<u8> {
        self.connect(to).unwrap().conn.peer_certificates().unwrap()[0].to_vec()
    }

    /// Whether a new connection began without the memory of another one.
    pub fn begins_anew(&self, to: SocketAddr) -> bool {
        self.connect(to).unwrap().conn.handshake_kind() == Some(HandshakeKind::Full)
    }
}
