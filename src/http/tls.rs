//! TLS of the verify listener, with certificates that may be exchanged at any time.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};

use crate::config::TlsSettings;
use crate::domain::Clock;

/// What new handshakes go by. Connections that stand keep what they began with.
pub struct CurrentTls {
    settings: ArcSwap<TlsSettings>,
    /// What is wrong with the files since, if anything is.
    pub last_error: ArcSwapOption<String>,
}

impl CurrentTls {
    /// With these files to begin with.
    pub fn new(first: TlsSettings) -> Self {
        Self {
            settings: ArcSwap::from_pointee(first),
            last_error: ArcSwapOption::empty(),
        }
    }

    /// What is in force.
    pub fn settings(&self) -> Guard<Arc<TlsSettings>> {
        self.settings.load()
    }

    /// From the next handshake on goes by this.
    pub fn replace(&self, next: TlsSettings) {
        self.settings.store(next.into());
    }

    /// The same, unless something else than this has come into force meanwhile; tells whether it
    /// is.
    pub fn replace_if_still(&self, current: &Arc<TlsSettings>, next: TlsSettings) -> bool {
        let before = self.settings.compare_and_swap(current, next.into());
        Arc::ptr_eq(&before, current)
    }
}

/// What the server needs to shake hands: TLS 1.2 and 1.3, HTTP/1.1 inside.
pub(super) fn server_config(
    current: &Arc<CurrentTls>,
    clock: Arc<dyn Clock>,
) -> std::io::Result<ServerConfig> {
    let provider = Arc::new(default_provider());
    let shown = CertResolver {
        current: current.clone(),
        provider: provider.clone(),
    };
    let shown = Arc::new(shown);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(ClockTimeProvider(clock)))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(std::io::Error::other)?
            .with_client_cert_verifier(shown.clone())
            .with_cert_resolver(shown);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session that is taken up again would spare a client the question whether its certificate
    // still counts.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What is shown to clients, and asked of them.
struct CertResolver {
    current: Arc<CurrentTls>,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for CertResolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.settings().identity.certified_key.clone())
    }
}

impl ClientCertVerifier for CertResolver {
    fn offer_client_auth(&self) -> bool {
        self.current.settings().identity.clients.is_some()
    }

    /// None: a list could not be exchanged while the service runs, and without one a client shows
    /// what it has (RFC 8446 section 4.2.4, RFC 5246 section 7.4.4).
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Nobody is asked for a certificate where none is wanted; who shows one all the same is let
        // in by nobody.
        let clients = self
            .current
            .settings()
            .identity
            .clients
            .clone()
            .ok_or(Error::NoCertificatesPresented)?;
        let judged = clients.verify_client_cert(end_entity, intermediates, now);
        judged.inspect_err(|error| tracing::debug!(%error, "client certificate refused"))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl std::fmt::Debug for CertResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertResolver")
    }
}

/// The service's clock, for the dates of clients' certificates.
struct ClockTimeProvider(Arc<dyn Clock>);

impl TimeProvider for ClockTimeProvider {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millis()).ok()?;
        Some(UnixTime::since_unix_epoch(
            std::time::Duration::from_millis(millis),
        ))
    }
}

impl std::fmt::Debug for ClockTimeProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockTimeProvider")
    }
}
