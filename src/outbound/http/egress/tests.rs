use super::*;

fn egress(pairs: &[(&str, &str)]) -> Egress {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Egress::of_environment(&pairs)
}

fn proxied(egress: &Egress, url: &str) -> bool {
    egress.is_proxied(&Url::parse(url).unwrap())
}

#[test]
fn the_proxy_depends_on_the_url() {
    let secure = egress(&[
        ("https_proxy", "http://proxy:3128"),
        ("NO_PROXY", "internal.example, 10.0.0.0/8"),
    ]);
    assert!(proxied(&secure, "https://idp.example/") && !proxied(&secure, "http://idp.example/"));
    assert!(
        !proxied(&secure, "https://idp.internal.example/")
            && !proxied(&secure, "https://10.1.2.3/")
    );
    let all = egress(&[("ALL_PROXY", "proxy:3128"), ("HTTP_PROXY", "")]);
    assert!(proxied(&all, "https://idp.example/") && proxied(&all, "http://idp.example/"));
    for none in [
        &[][..],
        &[("HTTPS_PROXY", " ")],
        &[("NO_PROXY", "*")],
        &[("HTTPS_PROXY", "p"), ("NO_PROXY", "*")],
    ] {
        assert!(!proxied(&egress(none), "https://idp.example/"), "{none:?}");
    }
}

#[test]
fn loopback_is_reached_without_a_proxy() {
    let all = egress(&[("ALL_PROXY", "http://proxy:3128")]);
    for host in [
        "127.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "idp.localhost",
        "LOCALHOST.",
    ] {
        for scheme in ["http", "https"] {
            assert!(
                !proxied(&all, &format!("{scheme}://{host}:9000/jwks")),
                "{scheme} {host}"
            );
        }
    }
    assert!(proxied(&all, "http://10.0.0.1/") && proxied(&all, "http://localhost.example/"));
}

#[test]
fn a_proxy_that_the_client_would_ignore_is_an_error() {
    let built = |url: &str| {
        egress(&[("ALL_PROXY", url)])
            .through_proxies(reqwest::Client::builder())
            .map(drop)
    };
    for url in [
        "proxy",
        "proxy:3128",
        "http://proxy:3128/",
        "https://u:p@proxy",
        "http://[::1]:3128",
    ] {
        assert!(built(url).is_ok(), "{url}");
    }
    for url in [
        "ftp://proxy:21",
        "socks5://proxy:1080",
        "http://[bad",
        "http://u:p#w@proxy:1",
        "http:///",
        "pro xy",
    ] {
        assert_eq!(
            built(url).unwrap_err().to_string(),
            "ALL_PROXY: not the URL of an HTTP proxy",
            "{url}"
        );
    }
}

#[test]
fn problems_name_the_variable_and_not_its_value() {
    let problems = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let texts = Egress::problems(&pairs)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>();
        assert!(
            texts.iter().all(|text| !text.contains("s3cr3t")),
            "{texts:?}"
        );
        texts
            .iter()
            .map(|text| text.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for fine in [
        "http://proxy:3128",
        "proxy:3128",
        "https://user:p%23s@proxy",
        " ",
        "",
    ] {
        assert_eq!(problems(&[("HTTPS_PROXY", fine)]), [""; 0], "{fine}");
    }
    for broken in [
        "http://[bad",
        "http://user:s3cr3t#x@proxy:3128",
        "http://proxy:99999",
        "http://",
        "socks5://proxy",
    ] {
        assert_eq!(
            problems(&[("https_proxy", broken)]),
            ["https_proxy"],
            "{broken}"
        );
    }
    assert_eq!(
        problems(&[("HTTP_PROXY", "["), ("ALL_PROXY", "["), ("NO_PROXY", "[")]),
        ["HTTP_PROXY", "ALL_PROXY"]
    );
    assert_eq!(
        problems(&[("HTTP_PROXY", "proxy"), ("http_proxy", "[")]),
        [""; 0],
        "the one that counts"
    );
}

#[test]
fn a_password_is_not_shown() {
    let own = egress(&[(
        "https_proxy",
        "http://user:s3cr3t@proxy:3128/s3cr3t?s3cr3t#s3cr3t",
    )]);
    let name = own
        .proxy_for(&Url::parse("https://idp.example/").unwrap())
        .unwrap();
    assert_eq!(
        format!("{own:?} {name}"),
        "Egress(proxied) https_proxy (proxy:3128)"
    );
    let broken = egress(&[("https_proxy", "http://user:s3#cr3t@proxy:3128")]);
    assert_eq!(
        broken
            .proxy_for(&Url::parse("https://idp.example/").unwrap())
            .unwrap()
            .to_string(),
        "https_proxy"
    );
}
