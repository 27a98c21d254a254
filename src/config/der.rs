//! Files in DER where PEM belongs: the form in which browsers and Windows export certificates.

use crate::config_reader::Invalid;

/// The content that a PEM file should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PemContent {
    /// Certificates.
    Certificate,
    /// A public key, or a certificate that has it.
    PublicKey,
    /// A private key.
    PrivateKey,
}

/// Fails if a file is in DER, with the command that makes a PEM file of it.
pub(super) fn refuse_der(bytes: &[u8], wanted: PemContent) -> Result<(), Invalid> {
    if !is_der_sequence(bytes) {
        return Ok(());
    }
    let hint = match wanted {
        PemContent::Certificate => {
            "`openssl x509 -inform der -in FILE -out FILE.pem` makes a PEM file of it"
        }
        PemContent::PublicKey => {
            "`openssl pkey -pubin -inform der -in FILE -pubout -out FILE.pem` makes a PEM file of it; \
             for a certificate it is `openssl x509 -inform der -in FILE -out FILE.pem`"
        }
        PemContent::PrivateKey => {
            "`openssl pkey -inform der -in FILE -out FILE.pem` makes a PEM file of it"
        }
    };
    Err(Invalid::new("holds DER, and not PEM").hint(hint))
}

/// Returns `true` if the bytes are one SEQUENCE (X.690 section 8.9) and nothing behind it.
fn is_der_sequence(bytes: &[u8]) -> bool {
    let (length, contents) = match bytes {
        [0x30, short @ ..=0x7f, contents @ ..] => (usize::from(*short), contents),
        [0x30, 0x81, a, contents @ ..] => (usize::from(*a), contents),
        [0x30, 0x82, a, b, contents @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), contents),
        _ => return false,
    };
    length > 0 && length == contents.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_sequence_is_der() {
        let of = |length: usize| [&[0x30, 0x82, 1, 0][..], &vec![0; length]].concat();
        assert!(is_der_sequence(&of(256)));
        assert!(is_der_sequence(&[0x30, 2, 5, 0]) && is_der_sequence(&[0x30, 0x81, 2, 5, 0]));
        for bytes in [
            &of(255)[..],
            &of(257),
            b"0",
            b"0\x01",
            b"0\x00",
            b"-----BEGIN",
            b"",
            b"0\x83\x00",
        ] {
            assert!(!is_der_sequence(bytes), "{bytes:?}");
        }
    }
}
