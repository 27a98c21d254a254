//! Certificates, and files to keep them in.

use std::path::PathBuf;

use doorward::domain::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

use super::GateBuilder;

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Credentials {
    pub certificate: String,
    pub key: String,
}

/// A folder with the files of a TLS listener.
pub struct TlsPlace(TempDir);

impl Authority {
    pub fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters
            .distinguished_name
            .push(DnType::CommonName, "Test Authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(parameters, key()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For who is reached at 127.0.0.1 and as localhost.
    pub fn server(&self) -> Credentials {
        self.server_until(Timestamp::from_secs(2_500_000_000))
    }

    /// The same up to this time.
    pub fn server_until(&self, end: Timestamp) -> Credentials {
        self.server_named(&["127.0.0.1", "localhost"], end)
    }

    /// For who is reached under these names, up to this time.
    pub fn server_named(&self, names: &[&str], end: Timestamp) -> Credentials {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(
            CertificateParams::new(names).unwrap(),
            ExtendedKeyUsagePurpose::ServerAuth,
            end,
        )
    }

    /// For a proxy that has to show who it is.
    pub fn client(&self) -> Credentials {
        self.client_until(Timestamp::from_secs(2_500_000_000))
    }

    /// The same up to this time.
    pub fn client_until(&self, end: Timestamp) -> Credentials {
        self.sign(
            CertificateParams::default(),
            ExtendedKeyUsagePurpose::ClientAuth,
            end,
        )
    }

    fn sign(
        &self,
        mut parameters: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
        end: Timestamp,
    ) -> Credentials {
        let end = std::time::UNIX_EPOCH
            + std::time::Duration::from_millis(end.as_millis().try_into().unwrap());
        parameters.not_after = end.into();
        parameters.extended_key_usages = vec![usage];
        let key = key();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        Credentials {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

impl TlsPlace {
    pub fn new(server: &Credentials) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.put(server);
        place
    }

    /// Puts these in place of what was there, as certbot does: one file after the other.
    pub fn put(&self, server: &Credentials) {
        self.write("certificate.pem", &server.certificate);
        self.write("key.pem", &server.key);
    }

    /// Writes a file all at once.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let (path, beside) = (self.path(name), self.path("beside"));
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, &path).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The settings, as names and values.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let own = [
            ("TLS_CERTIFICATE_FILE", file("certificate.pem")),
            ("TLS_KEY_FILE", file("key.pem")),
        ];
        let mutual = self
            .path("ca.pem")
            .exists()
            .then(|| ("TLS_CLIENT_CA_FILE", file("ca.pem")));
        own.into_iter().chain(mutual).collect()
    }

    /// A service that uses these files.
    pub fn used_by(&self, gate: GateBuilder) -> GateBuilder {
        self.settings()
            .into_iter()
            .fold(gate, |gate, (name, value)| gate.set(name, value))
    }
}
