//! Where questions may go, and on which way.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use doorward::domain::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use super::server;
use crate::support::{Authority, Credentials, GateBuilder, IntrospectionEndpoint};

const UNAVAILABLE: &str = "503 dependency_unavailable";

/// A service whose issuer is outside, behind a proxy that answers in its place.
fn asking_outside(outside: &IntrospectionEndpoint) -> GateBuilder {
    outside.describe("issuer", json!("http://idp.example"));
    outside
        .gate()
        .set("ISSUER", "http://idp.example")
        .set("ALLOW_INSECURE_HTTP", "true")
        .egress(&[("http_proxy", &outside.url)])
}

/// Metadata from outside must not lead the token and our secret into the private network.
#[test]
fn metadata_from_outside_do_not_lead_inside() {
    let inside = server();
    let port = inside.url.rsplit_once(':').unwrap().1.to_owned();
    let private = [
        "http://169.254.169.254/introspect".to_owned(),
        "http://10.0.0.1/introspect".to_owned(),
        "http://[::1]/introspect".to_owned(),
        "http://[::ffff:7f00:1]/introspect".to_owned(),
        format!("{}/introspect", inside.url),
        format!("http://2130706433:{port}/introspect"),
        // A name, which leads to this machine.
        format!("http://localhost:{port}/introspect"),
    ];
    for endpoint in private {
        let outside = server();
        let gate = asking_outside(&outside);
        outside.describe("introspection_endpoint", json!(endpoint));
        let refusing = gate.clone().spawn();
        assert_eq!(refusing.verdict("good"), UNAVAILABLE, "{endpoint}");
        let status = refusing.admin("/status").send().json();
        let failure = status["dependencies"][0]["last_failure"].as_str().unwrap();
        assert!(
            failure.ends_with("the address is not a public one"),
            "{endpoint}: {failure}"
        );
        assert_eq!((outside.asked(), inside.asked()), (0, 0), "{endpoint}");
        if endpoint.contains("localhost") {
            let meant = gate.set("ALLOW_PRIVATE_JWKS", "true").spawn();
            assert_eq!(meant.verdict("good"), "200");
            assert_eq!((outside.asked(), inside.asked()), (0, 1));
        }
    }
}

/// A public name goes through the proxy, which then decides about addresses.
#[test]
fn questions_go_through_the_proxy_of_the_environment() {
    let outside = server();
    let gate = asking_outside(&outside);
    outside.describe(
        "introspection_endpoint",
        json!("http://idp.example/introspect"),
    );
    assert_eq!(gate.spawn().verdict("good"), "200");
    let question = &outside.questions()[0];
    let target = "POST http://idp.example/introspect HTTP/1.1\r\n";
    assert!(question.head.starts_with(target), "{}", question.head);
}

#[test]
fn over_https_the_proxy_sees_a_tunnel() {
    let (authority, place) = (Authority::new(), tempfile::tempdir().unwrap());
    let end = Timestamp::from_secs(2_500_000_000);
    let certificate = authority.server_named(&["idp.example"], end);
    let endpoint = IntrospectionEndpoint::start_tls(serving(&certificate));
    endpoint.knows("good", &json!({}));
    let proxy = Tunnels::to(endpoint.url.trim_start_matches("https://").parse().unwrap());
    let ca_file = place.path().join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let gate = endpoint
        .gate()
        .set("JWKS_CA_FILE", ca_file.to_str().unwrap())
        .set("INTROSPECTION_URL", "https://idp.example/introspect");
    let through = |variable: &str| gate.clone().egress(&[(variable, &proxy.url)]).spawn();
    for (number, variable) in ["HTTPS_PROXY", "all_proxy"].into_iter().enumerate() {
        assert_eq!(through(variable).verdict("good"), "200", "{variable}");
        assert_eq!(endpoint.asked(), number + 1, "{variable}");
    }
    for head in proxy.heads() {
        assert!(head.starts_with("CONNECT idp.example:443 "), "{head}");
        let has_secret = ["good", "authorization: Basic"].map(|part| head.contains(part));
        assert_eq!(has_secret, [false, false], "{head}");
    }
    let question = &endpoint.questions()[0];
    assert!(question.head.starts_with("POST /introspect HTTP/1.1\r\n"));
}

/// Whatever the environment says: plain http is trusted on loopback because there is no third party
/// on the way.
#[test]
fn questions_on_this_machine_go_through_no_proxy() {
    for host in [
        "127.0.0.1",
        "127.1",
        "localhost",
        "LOCALHOST.",
        "[::ffff:127.0.0.1]",
    ] {
        let (server, proxy) = (server(), server());
        let url = format!("{}/introspect", server.url.replace("127.0.0.1", host));
        let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let variables = variables.map(|name| (name, proxy.url.as_str()));
        let gate = server.gate().egress(&variables);
        let gate = gate.set("INTROSPECTION_URL", url).spawn();
        assert_eq!(gate.verdict("good"), "200", "{host}");
        assert_eq!((server.asked(), proxy.asked()), (1, 0), "{host}");
    }
}

/// A proxy that makes tunnels to one place, whatever it is asked for.
struct Tunnels {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = seen.clone();
                // The other side may be gone at any moment.
                thread::spawn(move || drop(tunnel(client, target, &seen)));
            }
        });
        Self { url, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn tunnel(
    mut client: TcpStream,
    target: SocketAddr,
    heads: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    heads.lock().unwrap().push(head);
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    std::io::copy(&mut server, &mut client).map(drop)
}

fn serving(own: &Credentials) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap(),
        )
        .unwrap()
}
