//! TLS of the verify listener, with certificates that can be replaced at any time.

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

/// The TLS settings of new handshakes. Open connections keep the settings that they began with.
pub struct CurrentTls {
    settings: ArcSwap<TlsSettings>,
    /// The error of the certificate files, as long as they are not good.
    pub last_error: ArcSwapOption<String>,
}

impl CurrentTls {
    /// Creates it with the first settings.
    pub fn new(first: TlsSettings) -> Self {
        Self {
            settings: ArcSwap::from_pointee(first),
            last_error: ArcSwapOption::empty(),
        }
    }

    /// Returns the active settings.
    pub fn settings(&self) -> Guard<Arc<TlsSettings>> {
        self.settings.load()
    }

    /// Replaces the settings, from the next handshake on.
    pub fn replace(&self, next: TlsSettings) {
        self.settings.store(next.into());
    }

    /// Replaces the settings if `current` is still active. Returns `true` if it was.
    pub fn replace_if_still(&self, current: &Arc<TlsSettings>, next: TlsSettings) -> bool {
        let before = self.settings.compare_and_swap(current, next.into());
        Arc::ptr_eq(&before, current)
    }
}

/// Returns the server's TLS configuration: TLS 1.2 and 1.3, with HTTP/1.1 inside.
pub(super) fn server_config(
    current: &Arc<CurrentTls>,
    clock: Arc<dyn Clock>,
) -> std::io::Result<ServerConfig> {
    let provider = Arc::new(default_provider());
    let resolver = CertResolver {
        current: current.clone(),
        provider: provider.clone(),
    };
    let resolver = Arc::new(resolver);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(ClockTimeProvider(clock)))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(std::io::Error::other)?
            .with_client_cert_verifier(resolver.clone())
            .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Sessions are not resumed: a client that resumes one would not have its certificate verified
    // again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Presents the server's certificate and verifies those of clients, by the current settings.
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

    /// Returns no names: a list could not be replaced while the service runs. Without one, a client
    /// presents the certificate that it has (RFC 8446 section 4.2.4, RFC 5246 section 7.4.4).
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Where no certificate is wanted, none is requested. One that is presented all the same is
        // refused.
        let clients = self
            .current
            .settings()
            .identity
            .clients
            .clone()
            .ok_or(Error::NoCertificatesPresented)?;
        let verified = clients.verify_client_cert(end_entity, intermediates, now);
        verified.inspect_err(|error| tracing::debug!(%error, "client certificate refused"))
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

/// Gives the service's clock to rustls, for the dates of clients' certificates.
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
