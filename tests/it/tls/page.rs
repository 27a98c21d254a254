//! The certificate that `docs/behaviour.md` makes, and the mistakes of `docs/listeners.md`.

use std::process::Command;

use rustls::ALL_VERSIONS;

use super::{Authority, Credentials, TestGate, TestIssuer, TlsClient, TlsPlace, program};
use crate::support::{blocks, shipped};

/// Runs the command of the page with these changes, and returns what it made.
fn made(changes: &[(&str, &str)]) -> Credentials {
    let block = blocks("docs/behaviour.md", "sh").remove(0);
    let command = changes.iter().fold(block, |command, (from, to)| {
        assert!(command.contains(from), "{command}");
        command.replace(from, to)
    });
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("sh")
        .args(["-euc", &command])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{command}{made:?}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    Credentials {
        certificate: read("cert.pem"),
        key: read("key.pem"),
    }
}

const NAME: (&str, &str) = ("DNS:idp.example", "DNS:localhost");
/// Without this part the certificate is that of an authority.
const NO_AUTHORITY: (&str, &str) = (" -addext basicConstraints=critical,CA:FALSE", "");

#[test]
fn the_certificate_of_the_page_is_that_of_a_server() {
    let idp = TestIssuer::new();
    for (changes, works) in [(&[NAME][..], true), (&[NAME, NO_AUTHORITY], false)] {
        let own = made(changes);
        let place = TlsPlace::new(&own);
        let gate = TestGate::new().trusting(&idp).by_machine_time();
        let gate = place.used_by(gate).spawn();
        let client = TlsClient::trusting(ALL_VERSIONS, &own.certificate, None);
        let verdict = client.verdict(gate.verify, "x");
        if works {
            assert_eq!(verdict.as_deref(), Ok("401 token_malformed"));
        } else {
            let error = verdict.unwrap_err();
            assert!(error.contains("CaUsedAsEndEntity"), "{error}");
        }
    }
}

#[test]
fn an_authority_is_no_client_either() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    for (changes, works) in [(&[][..], true), (&[NO_AUTHORITY], false)] {
        let own = made(changes);
        let place = TlsPlace::new(&authority.server());
        place.write("ca.pem", &own.certificate);
        let gate = TestGate::new().trusting(&idp).by_machine_time();
        let gate = place.used_by(gate).spawn();
        let client = TlsClient::new(&authority, Some(&own));
        let verdict = client.verdict(gate.verify, "x");
        assert_eq!(verdict.is_ok(), works, "{verdict:?}");
    }
}

#[test]
fn https_to_a_listener_without_tls_is_reported_as_the_page_says() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let mut curl = Command::new(program("curl"));
    curl.args(["--silent", "--show-error", "--noproxy", "*"])
        .arg(format!("https://{}/verify", gate.verify));
    let output = curl.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("wrong version number"), "{error}");
    let page = shipped("docs/listeners.md", &[]);
    assert!(page.contains("`wrong version number` (OpenSSL, as in curl)"));
}
