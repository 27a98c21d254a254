//! The parsed contents of the files of a TLS listener.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::der::{PemContent, refuse_der};
use crate::config_reader::{Invalid, Setting};
use crate::domain::Timestamp;

/// The certificate of a TLS listener, and the verifier of client certificates.
///
/// The key belongs to the first certificate; both have been checked when the value was made.
#[derive(Debug, Clone)]
pub struct TlsIdentity {
    /// The certificate, the intermediate certificates, and the private key.
    pub certified_key: Arc<CertifiedKey>,
    /// The verifier of client certificates; `None` if clients need none.
    pub clients: Option<Arc<dyn ClientCertVerifier>>,
    /// The earliest end of validity in the certificate chain.
    pub not_after: Timestamp,
    /// The SHA-256 of the files' contents, so that an unchanged file is recognized without keeping
    /// it.
    digest: [u8; 32],
}

impl TlsIdentity {
    /// Returns `true` if both were made from files with the same contents.
    pub fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    pub(super) fn parse(
        certificate: &[u8],
        key: &[u8],
        client_ca: Option<&[u8]>,
    ) -> Result<Self, Vec<Flaw>> {
        let provider = Arc::new(default_provider());
        let chain = certificates(certificate).map_err(|invalid| (&CERTIFICATE, invalid));
        let private_key = private_key(key).map_err(|invalid| (&KEY, invalid));
        let clients = client_ca
            .map(|pem| verifier(pem, &provider).map_err(|invalid| (&CLIENT_CA, invalid)))
            .transpose();
        match (chain, private_key, clients) {
            (Ok(chain), Ok(private_key), Ok(clients)) => {
                let not_after = end(&chain);
                let certified_key = certified_key(chain, private_key, &provider)
                    .map_err(|flaw| vec![flaw])?
                    .into();
                Ok(Self {
                    certified_key,
                    clients,
                    not_after,
                    digest: digest(&[certificate, key, client_ca.unwrap_or(&[])]),
                })
            }
            (chain, private_key, clients) => {
                let flaws = [chain.err(), private_key.err(), clients.err()];
                Err(flaws.into_iter().flatten().collect())
            }
        }
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    refuse_der(pem, PemContent::Certificate)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| broken())?;
    if found.is_empty() {
        return Err(
            Invalid::new("holds no CERTIFICATE section").hint("give a PEM file with certificates")
        );
    }
    match found.iter().position(|der| parsed(der).is_none()) {
        Some(index) => {
            let message = format!("section {} holds no certificate", index + 1);
            Err(Invalid::new(message).hint("was it cut off, or edited?"))
        }
        None => Ok(found),
    }
}

fn parsed<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(der)
        .ok()
        .filter(|(rest, _)| rest.is_empty())
        .map(|(_, certificate)| certificate)
}

/// Returns the earliest end of validity in a chain: when an intermediate certificate expires, the
/// others are useless.
fn end(chain: &[CertificateDer<'_>]) -> Timestamp {
    let ends = chain
        .iter()
        .filter_map(parsed)
        .map(|certificate| certificate.validity().not_after.timestamp());
    Timestamp::from_secs(ends.min().unwrap_or(i64::MAX))
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Invalid> {
    refuse_der(pem, PemContent::PrivateKey)?;
    let is_encrypted = || String::from_utf8_lossy(pem).contains("BEGIN ENCRYPTED PRIVATE KEY");
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted() => Invalid::new("holds an encrypted key")
            .hint("a service cannot ask for its passphrase: `openssl pkey -in FILE -out FILE.new` removes it"),
        pem::Error::NoItemsFound => {
            Invalid::new("holds no PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY section")
                .hint("give the private key of the certificate in PEM")
        }
        // The message of the error may contain parts of the key.
        _ => broken(),
    })
}

fn broken() -> Invalid {
    Invalid::new("holds a broken PEM section").hint("was the file cut off, or is it being written?")
}

fn certified_key(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Flaw> {
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        let hint =
            "give an RSA key of 2048 to 8192 bits, one on P-256, P-384 or P-521, or an Ed25519 key";
        (
            &KEY,
            Invalid::new("holds a key that cannot be used").hint(hint),
        )
    })?;
    let certified_key = CertifiedKey::new(chain, key);
    match certified_key.keys_match() {
        Ok(()) => Ok(certified_key),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let hint = "the first certificate of $tls_certificate_file must be the one that was issued for this key";
            Err((
                &KEY,
                Invalid::new("not the key of the certificate").hint(hint),
            ))
        }
        Err(error) => Err((&CERTIFICATE, unusable(&error))),
    }
}

fn unusable(error: &dyn std::error::Error) -> Invalid {
    Invalid::new(format!("holds a certificate that cannot be used: {error}"))
        .hint("`openssl x509 -noout -text -in FILE` shows what it is; have it issued again")
}

fn verifier(
    pem: &[u8],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Invalid> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
    verifier.map_err(|error| unusable(&error))
}

/// Hashes the files, each with its length in front: without it, bytes that move from one file to
/// the next would not change the digest.
fn digest(files: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for file in files {
        context.update(&(file.len() as u64).to_be_bytes());
        context.update(file);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

pub(super) const CERTIFICATE: Setting = Setting::optional(
    "tls_certificate_file",
    "–",
    "PEM file with the server certificate of the verify listener, followed by its intermediate certificates. With it, the TCP sockets of `listen` accept TLS only. The file is compared every 5 seconds. If a new content cannot be used, the last good certificate stays active.",
);

pub(super) const KEY: Setting = Setting::optional(
    "tls_key_file",
    "–",
    "PEM file with the private key of the server certificate (PKCS#8, SEC1 or PKCS#1). It must not be encrypted.",
);

pub(super) const CLIENT_CA: Setting = Setting::optional(
    "tls_client_ca_file",
    "–",
    "PEM file with certificates of authorities. With it, a client must show a certificate that one of them signed (mutual TLS).",
);

/// A problem with one of the files, and the setting that names the file.
pub(super) type Flaw = (&'static Setting, Invalid);
