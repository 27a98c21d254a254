//! TLS of the verify listener: handshakes, clients' certificates, and files that change while the
//! service runs.

mod proxies;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use doorward::domain::{Clock, Timestamp};
use rustls::version::{TLS12, TLS13};

use crate::support::{
    Authority, Client, Credentials, Request, Service, TestGate, TestIssuer, TlsClient, TlsPlace,
    connected, doorward, eventually, program,
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A handshake (RFC 8446 section 5.1) of 512 bytes, of which one is there.
const BEGUN: &[u8] = b"\x16\x03\x01\x02\x00\x01";

/// A service with a certificate of this authority, and the files of it; with an authority for
/// clients it asks for theirs.
fn guarded(
    idp: &TestIssuer,
    authority: &Authority,
    clients: Option<&Authority>,
) -> (TestGate, TlsPlace) {
    let place = TlsPlace::new(&authority.server());
    if let Some(clients) = clients {
        place.write("ca.pem", &clients.pem());
    }
    let gate = place.used_by(TestGate::new().trusting(idp)).spawn();
    (gate, place)
}

/// Lets the service look at its files again and again until this is so.
fn looked(gate: &TestGate, satisfied: impl Fn(&serde_json::Value) -> bool) {
    gate.wait_for("/status", |answer| {
        gate.clock.advance(LOOK_EVERY);
        satisfied(&answer.json()["tls"])
    });
}

#[test]
fn both_versions_answer_and_speak_http_1_1() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let (gate, _place) = guarded(&idp, &authority, None);
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::speaking(&[version], &authority, None);
        assert_eq!(
            client.verdict(gate.verify, &idp.token().sign()).as_deref(),
            Ok("200"),
            "{version:?}"
        );
        assert_eq!(
            client.verdict(gate.verify, "x").as_deref(),
            Ok("401 token_malformed"),
            "{version:?}"
        );
        let connection = client.connect(gate.verify).unwrap().conn;
        assert_eq!(connection.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
}

#[test]
fn who_speaks_no_tls_gets_no_answer() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let (gate, _place) = guarded(&idp, &authority, None);
    let mut stream = connected(gate.verify);
    stream
        .write_all(&gate.get("/verify").bearer(&idp.token().sign()).bytes())
        .unwrap();
    let mut answer = Vec::new();
    // A reset is as good as an end.
    let _ = stream.read_to_end(&mut answer);
    assert!(
        !answer.starts_with(b"HTTP"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert!(
        answer.is_empty() || answer[0] == 0x15,
        "an alert: {answer:?}"
    );
}

#[test]
fn older_versions_are_refused() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let (gate, place) = guarded(&idp, &authority, None);
    let ca = place.write("root.pem", &authority.pem());
    for (version, works) in [
        ("-tls1", false),
        ("-tls1_1", false),
        ("-tls1_2", true),
        ("-tls1_3", true),
    ] {
        let mut client = Command::new(program("openssl"));
        client
            .args([
                "s_client",
                "-connect",
                &gate.verify.to_string(),
                "-verify_return_error",
                "-CAfile",
            ])
            .arg(&ca);
        let ended = client
            .args([version, "-cipher", "ALL:@SECLEVEL=0"])
            .stdin(std::process::Stdio::null())
            .output();
        let ended = ended.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.success(), works, "{version}: {said}");
        assert!(works || said.contains("SSL alert"), "{version}: {said}");
    }
}

#[test]
fn only_who_shows_a_certificate_of_the_authority_is_let_in() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let (gate, _place) = guarded(&idp, &authority, Some(&clients));
    let (token, verify) = (idp.token().sign(), gate.verify);
    let stranger = Authority::new();
    let stolen = Credentials {
        key: stranger.client().key,
        ..clients.client()
    };
    for version in [&TLS12, &TLS13] {
        let verdict = |own: Option<&Credentials>| {
            TlsClient::speaking(&[version], &authority, own).verdict(verify, &token)
        };
        assert_eq!(
            verdict(Some(&clients.client())).as_deref(),
            Ok("200"),
            "{version:?}"
        );
        for (who, own) in [
            ("nothing", None),
            ("another authority's", Some(stranger.client())),
            ("the service's own authority's", Some(authority.client())),
            ("a server's", Some(clients.server())),
            ("somebody's without their key", Some(stolen.clone())),
            (
                "one that is over",
                Some(clients.client_until(idp.clock.now().minus(Duration::from_secs(1)))),
            ),
        ] {
            assert!(verdict(own.as_ref()).is_err(), "{version:?}: {who}");
        }
    }
}

#[test]
fn a_certificate_of_a_client_ends_by_the_clock_of_the_service() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let (gate, _place) = guarded(&idp, &authority, Some(&clients));
    let own = clients.client_until(idp.clock.now().plus(Duration::from_mins(1)));
    let client = TlsClient::new(&authority, Some(&own));
    assert_eq!(
        client.verdict(gate.verify, "x").as_deref(),
        Ok("401 token_malformed")
    );
    idp.clock.advance(Duration::from_secs(61));
    assert!(client.verdict(gate.verify, "x").is_err());
}

#[test]
fn no_session_is_taken_up_again() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let (gate, _place) = guarded(&idp, &authority, Some(&clients));
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::speaking(&[version], &authority, Some(&clients.client()));
        assert_eq!(
            client.verdict(gate.verify, "x").as_deref(),
            Ok("401 token_malformed")
        );
        assert!(client.begins_anew(gate.verify), "{version:?}");
    }
}

#[test]
fn a_new_certificate_is_shown_without_a_restart_and_connections_go_on() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let (gate, place) = guarded(&idp, &authority, None);
    let client = TlsClient::new(&authority, None);
    let before = client.shown(gate.verify);
    let mut kept = Client::over(client.connect(gate.verify).unwrap(), Vec::new());
    let ask = || Request::new(gate.verify, "GET", "/verify").bearer(&idp.token().sign());
    assert_eq!(kept.send(&ask()).verdict(), "200");

    let end = Timestamp::from_secs(2_400_000_000);
    place.put(&authority.server_until(end));
    assert_eq!(client.shown(gate.verify), before, "nobody has looked yet");
    looked(&gate, |tls| {
        tls["certificate_not_after"] == end.to_rfc3339().to_string()
    });
    assert_ne!(client.shown(gate.verify), before);
    assert_eq!(kept.send(&ask()).verdict(), "200");
    let metric = gate.metric("doorward_tls_certificate_not_after_timestamp_seconds");
    #[allow(clippy::cast_precision_loss)]
    let told = end.as_secs() as f64;
    assert!((metric - told).abs() < 0.1, "{metric} {told}");
}

#[test]
fn a_new_authority_of_clients_counts_without_a_restart_and_connections_go_on() {
    let (idp, authority, old, new) = (
        TestIssuer::new(),
        Authority::new(),
        Authority::new(),
        Authority::new(),
    );
    let (gate, place) = guarded(&idp, &authority, Some(&old));
    let (formerly, from_now_on) = (
        TlsClient::new(&authority, Some(&old.client())),
        TlsClient::new(&authority, Some(&new.client())),
    );
    let mut kept = Client::over(formerly.connect(gate.verify).unwrap(), Vec::new());
    let ask = Request::new(gate.verify, "GET", "/verify");
    assert_eq!(kept.send(&ask).verdict(), "401 token_missing");
    assert!(from_now_on.verdict(gate.verify, "x").is_err());

    place.write("ca.pem", &new.pem());
    eventually("the new authority", || {
        idp.clock.advance(LOOK_EVERY);
        from_now_on.verdict(gate.verify, "x").ok()
    });
    assert!(formerly.verdict(gate.verify, "x").is_err());
    assert_eq!(kept.send(&ask).verdict(), "401 token_missing");

    // While clients move from one to the other both stand in the file.
    place.write("ca.pem", &format!("{}{}", old.pem(), new.pem()));
    eventually("both authorities", || {
        idp.clock.advance(LOOK_EVERY);
        formerly.verdict(gate.verify, "x").ok()
    });
    assert!(from_now_on.verdict(gate.verify, "x").is_ok());
}

#[test]
fn certificates_are_followed_whatever_the_date_is() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let year = Duration::from_hours(8766);
    idp.clock.set_ahead(year);
    let (gate, place) = guarded(&idp, &authority, None);
    for (end, shown) in [
        (4_000_000_000, "2096-10-02T07:06:40Z"),
        (4_000_000_001, "2096-10-02T07:06:41Z"),
    ] {
        place.put(&authority.server_until(Timestamp::from_secs(end)));
        looked(&gate, |tls| tls["certificate_not_after"] == shown);
        idp.clock.set_back(year);
    }
}

#[test]
fn a_bad_new_file_leaves_the_old_certificate_in_force_and_is_told_once() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let (gate, place) = guarded(&idp, &authority, Some(&clients));
    let client = TlsClient::new(&authority, Some(&clients.client()));
    let (before, good) = (client.shown(gate.verify), authority.server());
    let whole = place.path("ca.pem");
    let ca = std::fs::read_to_string(&whole).unwrap();
    for (file, text, why) in [
        (
            "certificate.pem",
            good.certificate.as_str(),
            "tls_key_file: not the key of the certificate",
        ),
        (
            "certificate.pem",
            "",
            "tls_certificate_file: holds no CERTIFICATE section",
        ),
        (
            "key.pem",
            &good.key[..100],
            "tls_key_file: holds a broken PEM section",
        ),
        (
            "ca.pem",
            "none",
            "tls_client_ca_file: holds no CERTIFICATE section",
        ),
    ] {
        let kept = std::fs::read_to_string(place.path(file)).unwrap();
        place.write(file, text);
        looked(&gate, |tls| {
            tls["last_error"]
                .as_str()
                .is_some_and(|error| error.contains(why))
        });
        assert_eq!(accepted(&gate), Some("0".to_owned()), "{why}");
        idp.clock.advance(LOOK_EVERY);
        assert_eq!(client.shown(gate.verify), before, "{why}");
        assert_eq!(
            client.verdict(gate.verify, "x").as_deref(),
            Ok("401 token_malformed"),
            "{why}"
        );
        place.write(file, &kept);
        looked(&gate, |tls| tls["last_error"].is_null());
        gate.wait_for("/metrics", |_| accepted(&gate) == Some("1".to_owned()));
    }
    std::fs::remove_file(&whole).unwrap();
    looked(&gate, |tls| !tls["last_error"].is_null());
    assert_eq!(
        client.verdict(gate.verify, "x").as_deref(),
        Ok("401 token_malformed"),
        "a missing file"
    );
    place.write("ca.pem", &ca);

    let told = gate.events();
    let errors = told
        .iter()
        .filter(|line| line.starts_with("ERROR new certificate refused"))
        .count();
    assert_eq!(errors, 5, "{told:?}");
}

#[test]
fn a_new_configuration_brings_other_files_and_switches_mutual_tls() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let (old, new) = (
        TlsPlace::new(&authority.server()),
        TlsPlace::new(&authority.server()),
    );
    new.write("ca.pem", &clients.pem());
    let file = |place: &TlsPlace| {
        let settings = place.settings();
        let tls: Vec<_> = settings
            .iter()
            .map(|(name, value)| format!("{}: {value}\n", name.to_lowercase()))
            .collect();
        format!(
            "issuer: {}\njwks: {}\naudience: [api]\n{}",
            idp.url(),
            idp.jwks(),
            tls.concat()
        )
    };
    let gate = TestGate::new().by_time_of(&idp).file(file(&old)).spawn();
    let (anybody, known) = (
        TlsClient::new(&authority, None),
        TlsClient::new(&authority, Some(&clients.client())),
    );
    let before = anybody.shown(gate.verify);
    assert_eq!(
        anybody.verdict(gate.verify, "x").as_deref(),
        Ok("401 token_malformed")
    );

    gate.rewrite(&file(&new));
    assert!(gate.reload());
    assert!(anybody.verdict(gate.verify, "x").is_err());
    assert_eq!(
        known.verdict(gate.verify, "x").as_deref(),
        Ok("401 token_malformed")
    );
    let shown = known.shown(gate.verify);
    assert_ne!(shown, before);
    assert_eq!(gate.admin("/status").send().json()["tls"]["mutual"], true);

    new.write("key.pem", "");
    assert!(!gate.reload(), "nothing of a wrong configuration is active");
    assert_eq!(known.shown(gate.verify), shown);

    gate.rewrite(&format!(
        "issuer: {}\njwks: {}\naudience: [api]\n",
        idp.url(),
        idp.jwks()
    ));
    assert!(gate.reload());
    assert!(
        gate.events()
            .iter()
            .any(|line| line.contains("needs a restart")),
        "{:?}",
        gate.events()
    );
    assert_eq!(
        known.verdict(gate.verify, "x").as_deref(),
        Ok("401 token_malformed")
    );
}

#[test]
fn an_expired_certificate_is_shown_and_warned_about() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let place =
        TlsPlace::new(&authority.server_until(idp.clock.now().minus(Duration::from_hours(1))));
    let gate = place.used_by(TestGate::new().trusting(&idp)).spawn();
    assert!(
        gate.events()
            .iter()
            .any(|line| line == "WARN certificate active, and it has expired")
    );
    let refused = TlsClient::new(&authority, None)
        .connect(gate.verify)
        .err()
        .unwrap();
    assert!(refused.to_lowercase().contains("expired"), "{refused}");
}

#[test]
fn a_slow_handshake_is_cut_off() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    let gate = place
        .used_by(TestGate::new().trusting(&idp))
        .set("CLIENT_HEADER_TIMEOUT", "4s")
        .spawn();
    let mut clients = [b"".to_vec(), BEGUN.to_vec()].map(|begun| {
        let mut client = Client::connect(gate.verify);
        client.write(&begun);
        client
    });
    let started = Instant::now();
    assert!(clients.iter_mut().all(Client::is_closed));
    // Not after the framework's own three seconds.
    assert!(
        started.elapsed() > Duration::from_millis(3500),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn handshakes_that_never_end_do_not_keep_others_waiting() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    let gate = place
        .used_by(TestGate::new().trusting(&idp))
        .set("WORKERS", "1");
    let gate = gate.set("CLIENT_HEADER_TIMEOUT", "1h").spawn();
    let half_open: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = connected(gate.verify);
            stream.write_all(BEGUN).unwrap();
            stream
        })
        .collect();
    let client = TlsClient::new(&authority, None);
    assert_eq!(
        client.verdict(gate.verify, &idp.token().sign()).as_deref(),
        Ok("200")
    );
    drop(half_open);
}

#[test]
fn a_certificate_makes_nobody_a_trusted_proxy() {
    let (idp, authority, clients) = (TestIssuer::new(), Authority::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    place.write("ca.pem", &clients.pem());
    for (trusted, verdict) in [
        ("10.0.0.0/8", "403 forwarded_headers_untrusted"),
        ("127.0.0.1", "200"),
    ] {
        let gate = place
            .used_by(TestGate::new().trusting(&idp))
            .set("PROXY", "traefik");
        let gate = gate
            .set("ALLOW_PREFLIGHT", "true")
            .set("TRUSTED_PROXIES", trusted)
            .spawn();
        let client = TlsClient::new(&authority, Some(&clients.client()));
        let mut client = Client::over(client.connect(gate.verify).unwrap(), Vec::new());
        let preflight =
            Request::new(gate.verify, "GET", "/verify").header("X-Forwarded-Method", "OPTIONS");
        let preflight = preflight
            .header("Origin", "https://x.example")
            .header("Access-Control-Request-Method", "PUT");
        assert_eq!(client.send(&preflight).verdict(), verdict, "{trusted}");
    }
}

#[test]
fn unix_sockets_and_the_admin_listener_stay_plain() {
    let (idp, authority) = (TestIssuer::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    let socket = place.path("verify.sock");
    let listen = format!("127.0.0.1:0, unix:{}", socket.display());
    let gate = place
        .used_by(TestGate::new().trusting(&idp))
        .set("LISTEN", listen)
        .spawn();
    let mut plain = Client::over(UnixStream::connect(&socket).unwrap(), Vec::new());
    assert_eq!(
        plain
            .send(&gate.get("/verify").bearer(&idp.token().sign()))
            .verdict(),
        "200"
    );
    let client = TlsClient::new(&authority, None);
    assert_eq!(
        client.verdict(gate.verify, &idp.token().sign()).as_deref(),
        Ok("200")
    );
    assert_eq!(gate.admin("/healthz").send().status, 200);
}

#[test]
fn the_program_says_that_it_is_alive_and_reads_new_files_on_hangup() {
    let (authority, next) = (Authority::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    let own = place.settings();
    let listeners = [
        ("LISTEN", "127.0.0.1:0"),
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
    ];
    let (admin, secret) = (
        format!("127.0.0.1:{}", crate::support::free_port()),
        "0123456789abcdef0123456789abcdef",
    );
    let mut settings: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    settings.extend(listeners);
    settings.extend([("ADMIN_LISTEN", admin.as_str()), ("HMAC_SECRET", secret)]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "realm: here\n").unwrap();
    settings.push(("CONFIG", file.path().to_str().unwrap()));
    let mut service = Service::start(&["serve"], &settings);
    let verify: SocketAddr = service.address("verify");
    service.address("admin");
    assert_eq!(
        TlsClient::new(&authority, None)
            .verdict(verify, "x")
            .as_deref(),
        Ok("401 token_malformed")
    );
    let checked = doorward(&["check"], &settings, "");
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(
        said.contains("verify listener: its certificate ends at 2049-03-22T04:26:40Z\n"),
        "{said}"
    );
    let health = doorward(&["health"], &settings, "");
    assert!(
        health.status.success(),
        "{}",
        String::from_utf8_lossy(&health.stderr)
    );

    place.put(&next.server());
    service.signal("HUP");
    service.wait_for_line("configuration active");
    assert_eq!(
        TlsClient::new(&next, None).verdict(verify, "x").as_deref(),
        Ok("401 token_malformed")
    );
}

#[test]
fn wrong_files_are_told() {
    let (authority, other) = (Authority::new(), Authority::new());
    let place = TlsPlace::new(&authority.server());
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let no_certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let files = [
        ("good.pem", authority.server().certificate),
        (
            "own.key",
            std::fs::read_to_string(place.path("key.pem")).unwrap(),
        ),
        ("other.key", other.server().key),
        ("encrypted.key", encrypted.to_owned()),
        ("none.key", no_key.to_owned()),
        ("none.pem", no_certificate.to_owned()),
        ("cut.pem", authority.pem()[..200].to_owned()),
        ("empty.pem", String::new()),
    ];
    for (name, text) in &files {
        place.write(name, text);
    }
    let each = [
        ("certificate.pem", "", ""),
        ("", "own.key", ""),
        ("", "", "good.pem"),
        ("missing.pem", "missing.key", "missing-ca.pem"),
        ("empty.pem", "empty.pem", "empty.pem"),
        ("cut.pem", "cut.pem", "cut.pem"),
        ("none.pem", "own.key", "none.pem"),
        ("certificate.pem", "none.key", ""),
        ("certificate.pem", "other.key", ""),
        ("certificate.pem", "encrypted.key", ""),
        ("certificate.pem", "certificate.pem", ""),
        ("own.key", "own.key", ""),
    ];
    let told = each.map(|(certificate, key, ca)| {
        let given = [
            ("TLS_CERTIFICATE_FILE", certificate),
            ("TLS_KEY_FILE", key),
            ("TLS_CLIENT_CA_FILE", ca),
        ];
        let given = given.into_iter().filter(|(_, file)| !file.is_empty());
        let gate = given.fold(
            TestGate::new().trusting(&TestIssuer::new()),
            |gate, (name, file)| gate.set(name, place.path(file).to_str().unwrap()),
        );
        gate.configuration().unwrap_err().replace(
            &format!("{}/", place.path("").display()).replace("//", "/"),
            "",
        )
    });
    insta::assert_snapshot!(told.join("\n\n"), @r"
    DOORWARD_TLS_KEY_FILE: missing (give the file with the key of DOORWARD_TLS_CERTIFICATE_FILE)

    DOORWARD_TLS_CERTIFICATE_FILE: missing (give the file with the certificate of DOORWARD_TLS_KEY_FILE)

    DOORWARD_TLS_CLIENT_CA_FILE: asks for certificates where there is no TLS (set DOORWARD_TLS_CERTIFICATE_FILE and DOORWARD_TLS_KEY_FILE)

    DOORWARD_TLS_CERTIFICATE_FILE: cannot read missing.pem: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_TLS_KEY_FILE: cannot read missing.key: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_TLS_CLIENT_CA_FILE: cannot read missing-ca.pem: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)

    DOORWARD_TLS_CERTIFICATE_FILE: holds no CERTIFICATE section (give a PEM file with certificates)
    DOORWARD_TLS_KEY_FILE: holds no PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY section (give the private key of the certificate in PEM)
    DOORWARD_TLS_CLIENT_CA_FILE: holds no CERTIFICATE section (give a PEM file with certificates)

    DOORWARD_TLS_CERTIFICATE_FILE: holds a broken PEM section (was the file cut off, or is it being written?)
    DOORWARD_TLS_KEY_FILE: holds a broken PEM section (was the file cut off, or is it being written?)
    DOORWARD_TLS_CLIENT_CA_FILE: holds a broken PEM section (was the file cut off, or is it being written?)

    DOORWARD_TLS_CERTIFICATE_FILE: section 1 holds no certificate (was it cut off, or edited?)
    DOORWARD_TLS_CLIENT_CA_FILE: section 1 holds no certificate (was it cut off, or edited?)

    DOORWARD_TLS_KEY_FILE: holds a key that cannot be used (give an RSA key of 2048 to 8192 bits, one on P-256, P-384 or P-521, or an Ed25519 key)

    DOORWARD_TLS_KEY_FILE: not the key of the certificate (the first certificate of DOORWARD_TLS_CERTIFICATE_FILE must be the one that was issued for this key)

    DOORWARD_TLS_KEY_FILE: holds an encrypted key (a service cannot ask for its passphrase: `openssl pkey -in FILE -out FILE.new` removes it)

    DOORWARD_TLS_KEY_FILE: holds no PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY section (give the private key of the certificate in PEM)

    DOORWARD_TLS_CERTIFICATE_FILE: holds no CERTIFICATE section (give a PEM file with certificates)
    ");
}

/// Whether the last reading of the certificate files was a success, as the metrics tell it.
fn accepted(gate: &TestGate) -> Option<String> {
    let page = gate.admin("/metrics").send().body;
    let value = page
        .lines()
        .find_map(|line| line.strip_prefix("doorward_tls_last_reload_successful "));
    value.map(str::to_owned)
}
