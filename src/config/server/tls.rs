//! TLS of the verify listener.

use std::path::{Path, PathBuf};

use super::tls_identity::{CERTIFICATE, CLIENT_CA, Flaw, KEY, TlsIdentity};
use crate::config_reader::{Invalid, Problem, Reader, Reported, Setting, file, value};

pub(crate) const SETTINGS: &[Setting] = &[CERTIFICATE, KEY, CLIENT_CA];

/// The greatest size of a file, in bytes; a larger one is refused.
const MAX_BYTES: usize = 1 << 20;

/// TLS of the verify listener: its files, and what they held when they were read.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The paths of the files.
    pub files: TlsFiles,
    /// The contents of the files at the time of reading.
    pub identity: TlsIdentity,
}

/// The paths of the certificate, the key and the client CA. Their contents may change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads and parses the files as they are now. Fails with every problem that was found in them.
    ///
    /// Blocks the calling thread while it reads from the disk.
    pub fn read(&self) -> Result<TlsIdentity, Vec<Problem>> {
        self.identity()
            .map_err(|flaws| flaws.into_iter().map(problem).collect())
    }

    fn identity(&self) -> Result<TlsIdentity, Vec<Flaw>> {
        let read = |setting: &'static Setting, path: &Path| {
            file::read(path, MAX_BYTES).map_err(|invalid| vec![(setting, invalid)])
        };
        let client_ca = self
            .client_ca
            .as_deref()
            .map(|path| read(&CLIENT_CA, path))
            .transpose();
        match (
            read(&CERTIFICATE, &self.certificate),
            read(&KEY, &self.key),
            client_ca,
        ) {
            (Ok(certificate), Ok(key), Ok(client_ca)) => {
                TlsIdentity::parse(&certificate, &key, client_ca.as_deref())
            }
            (certificate, key, client_ca) => {
                let flaws = [certificate.err(), key.err(), client_ca.err()];
                Err(flaws.into_iter().flatten().flatten().collect())
            }
        }
    }
}

impl TlsSettings {
    pub(crate) fn read(reader: &mut Reader) -> Result<Option<Self>, Reported> {
        let certificate = readable(reader, &CERTIFICATE);
        let key = readable(reader, &KEY);
        let client_ca = readable(reader, &CLIENT_CA);
        let Some((certificate, key)) = pair(reader, certificate?, key?)? else {
            let hint = "set $tls_certificate_file and $tls_key_file";
            let invalid = Invalid::new("asks for certificates where there is no TLS").hint(hint);
            return reader.refuse_given(&[CLIENT_CA], &invalid).map(|()| None);
        };
        let files = TlsFiles {
            certificate,
            key,
            client_ca: client_ca?,
        };
        match files.identity() {
            Ok(identity) => Ok(Some(Self { files, identity })),
            Err(flaws) => {
                for (setting, invalid) in flaws {
                    reader.refuse(setting, invalid);
                }
                Err(Reported)
            }
        }
    }
}

/// Reads a path, and reports a file that cannot be read. It checks each file on its own, so that an
/// unreadable file is reported even if another one is missing.
fn readable(reader: &mut Reader, setting: &Setting) -> Result<Option<PathBuf>, Reported> {
    let Some(path) = reader.optional(setting, value::text)?.map(PathBuf::from) else {
        return Ok(None);
    };
    reader.readable(setting, &path)?;
    Ok(Some(path))
}

/// Reports a certificate without a key, or a key without a certificate.
fn pair(
    reader: &mut Reader,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<(PathBuf, PathBuf)>, Reported> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(reader.refuse(
            &KEY,
            Invalid::new("missing").hint("give the file with the key of $tls_certificate_file"),
        )),
        (None, Some(_)) => Err(reader.refuse(
            &CERTIFICATE,
            Invalid::new("missing").hint("give the file with the certificate of $tls_key_file"),
        )),
    }
}

fn problem((setting, invalid): Flaw) -> Problem {
    // A hint writes settings as `$name`. Here no location decides how to spell them, so the plain
    // name is used.
    let hint = invalid.hint.replace('$', "");
    Problem::new(setting.name, invalid.message, hint)
}
