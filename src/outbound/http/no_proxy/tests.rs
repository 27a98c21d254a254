use proptest::prelude::*;

use super::*;

fn contains(list: &str, url: &str) -> bool {
    NoProxy::parse(list).contains(&Url::parse(url).unwrap())
}

/// Lists with the URLs that each of them contains, and others that it does not.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("", &[], &["https://a.example/"]),
    (
        "*",
        &[
            "https://a.example/",
            "http://10.0.0.1/",
            "https://[2001:db8::1]/",
        ],
        &[],
    ),
    ("b.example, *", &["https://a.example/"], &[]),
    (
        "a.example",
        &[
            "https://a.example/",
            "https://A.Example:8443/",
            "https://b.a.example/",
            "https://a.example./",
        ],
        &[
            "https://ba.example/",
            "https://example/",
            "https://a.example.com/",
        ],
    ),
    (
        ".a.example",
        &["https://a.example/", "https://b.a.example/"],
        &["https://xa.example/"],
    ),
    (
        "*.a.example",
        &["https://b.a.example/", "https://c.b.a.example./"],
        &["https://a.example/", "https://a.example./"],
    ),
    (
        "A.EXAMPLE.",
        &["https://a.example/", "https://b.a.example/"],
        &[],
    ),
    (
        "b\u{fc}cher.example",
        &[
            "https://xn--bcher-kva.example/",
            "https://b\u{fc}cher.example/",
        ],
        &[],
    ),
    (
        "x y\tz,, ,a.example",
        &[
            "https://a.example/",
            "https://x/",
            "https://y/",
            "https://z/",
        ],
        &["https://b/"],
    ),
    (
        "a.example:8443",
        &["https://a.example:8443/", "https://b.a.example:8443/"],
        &["https://a.example/", "http://a.example:18443/"],
    ),
    (
        "a.example:443",
        &["https://a.example/"],
        &["http://a.example/"],
    ),
    (
        "a.example:80",
        &["http://a.example/"],
        &["https://a.example/"],
    ),
    ("a.example:", &["https://a.example:1/"], &[]),
    (
        "a.example:x,a.example:99999,:80",
        &[],
        &["https://a.example/", "http://a.example:80/"],
    ),
    (
        "10.0.0.0/8",
        &[
            "https://10.1.2.3/",
            "https://10.1.2.3:1/",
            "https://[::ffff:10.1.2.3]/",
        ],
        &["https://11.0.0.1/"],
    ),
    (
        "10.1.2.3",
        &["https://10.1.2.3/", "https://0xa010203/"],
        &["https://10.1.2.4/"],
    ),
    (
        "10.1.2.3:443",
        &["https://10.1.2.3/"],
        &["http://10.1.2.3/"],
    ),
    ("::ffff:10.1.2.3", &["https://10.1.2.3/"], &[]),
    (
        "2001:db8::1",
        &["https://[2001:db8:0::1]:1/"],
        &["https://[2001:db8::2]/"],
    ),
    (
        "[2001:db8::1]",
        &["https://[2001:db8::1]/"],
        &["https://[2001:db8::2]/"],
    ),
    (
        "[2001:db8::1]:8443",
        &["https://[2001:db8::1]:8443/"],
        &["https://[2001:db8::1]/"],
    ),
    (
        "2001:db8::/32",
        &["https://[2001:db8:1::1]/"],
        &["https://[2001:db9::1]/"],
    ),
    (
        "10.0.0.0/99,[x,http://a.example,a*.example,1.2",
        &[],
        &["https://10.0.0.1/", "https://a.example/"],
    ),
    ("0.1", &[], &["https://10.0.0.1/"]),
];

#[test]
fn lists_are_read_as_curl_and_go_read_them() {
    for (list, within, outside) in TABLE {
        assert!(within.iter().all(|url| contains(list, url)), "{list}");
        assert!(!outside.iter().any(|url| contains(list, url)), "{list}");
        // The separator makes no difference.
        for list in [
            list.replace(',', " "),
            list.replace(',', " , "),
            format!("  {list},\t"),
        ] {
            assert!(within.iter().all(|url| contains(&list, url)), "{list}");
            assert!(!outside.iter().any(|url| contains(&list, url)), "{list}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_list_makes_it_panic(list in any::<String>(), dense in "[a.*:\\[\\]/0-9, ]{0,24}") {
        let _ = contains(&list, "https://a.example/");
        let _ = contains(&dense, "https://10.0.0.1:80/") || contains(&dense, "https://[::1]/");
    }
}
