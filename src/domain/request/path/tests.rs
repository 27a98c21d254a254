use proptest::prelude::*;

use super::*;

fn parsed(uri: impl AsRef<[u8]>) -> Result<String, Reason> {
    RequestPath::from_field(Field::Once(uri.as_ref())).map(|path| path.as_str().to_owned())
}

#[test]
fn paths_are_decoded_once() {
    for (uri, path) in [
        ("/", "/"),
        ("/?", "/"),
        ("/a/b?c=/../d;e#f", "/a/b"),
        ("/%61dmin/%7Ex", "/admin/~x"),
        ("//a///b//", "/a/b/"),
        ("//", "/"),
        ("/a%20b", "/a b"),
        ("/%C3%A9", "/é"),
        ("/%c3%a9", "/é"),
        ("/é", "/é"),
        ("/100%25", "/100%"),
        ("/.well-known/..x/a.b", "/.well-known/..x/a.b"),
        ("/a;b=c/d;e;f", "/a/d"),
        ("/a%2Ab*", "/a*b*"),
        ("/{x}|y", "/{x}|y"),
    ] {
        assert_eq!(parsed(uri).as_deref(), Ok(path), "{uri}");
    }
}

#[test]
fn plain_paths_are_not_copied() {
    let path = RequestPath::from_field(Field::Once(b"/api/v1/users/42/?x=%2f")).unwrap();
    assert!(matches!(path.text, Cow::Borrowed("/api/v1/users/42/")));
}

#[test]
fn parameters_are_reported() {
    let has_parameters = |uri: &str| {
        RequestPath::from_field(Field::Once(uri.as_bytes()))
            .unwrap()
            .has_parameters()
    };
    assert!(has_parameters("/a;x/b"));
    assert!(has_parameters("/a;"));
    assert!(!has_parameters("/a?b;c"));
}

#[test]
fn what_may_be_two_paths_is_refused() {
    for uri in [
        "",
        "?x",
        "*",
        "a",
        "http://a.example/b",
        "/./a",
        "/a/.",
        "/a/..",
        "/../a",
        "/a/../b",
        "/%2e/a",
        "/%2E%2e/a",
        "/.%2e",
        "/..%2fa",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a%5Cb",
        "/a\\b",
        "/..\\a",
        "/a%00",
        "/a\0",
        "/a#b",
        "/a%23b",
        "/a%3fb",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%u002fb",
        "/%ff",
        "/%c0%ae",
        "/%c0%af",
        "/%e0%80%af",
        "/%ed%a0%80",
        "/%C3/%A9",
        "/a%252fb",
        "/%252e%252e/a",
        "/a%25%32fb",
        "/%25u002e",
        "/a%0ab",
        "/a%7f",
        "/a b",
        "/a\tb",
        "/...",
        "/.%20",
        "/..%20/a",
        "/a.",
        "/a./b",
        "/a%20",
        "/a%20/b",
        "/..;/a",
        "/..;x=y/a",
        "/.;/a",
        "/a/%2e%2e;x",
        "/;x/a",
        "/a/;",
        "/a%3bx",
        "/a%3Bx",
        "/a;x=%2f..",
        "/a;x=%00",
        "/a;%3b",
        "/a;\\",
    ] {
        assert_eq!(
            parsed(uri),
            Err(Reason::ForwardedHeadersAmbiguous),
            "{uri:?}"
        );
    }
    assert_eq!(parsed(b"/\xe9"), Err(Reason::ForwardedHeadersAmbiguous));
    assert_eq!(
        RequestPath::from_field(Field::Repeated),
        Err(Reason::ForwardedHeadersAmbiguous)
    );
    assert_eq!(
        RequestPath::from_field(Field::Absent),
        Err(Reason::ForwardedHeadersMissing)
    );
}

fn tricky() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("/"),
        Just("//"),
        Just("."),
        Just(".."),
        Just("%2e"),
        Just("%2f"),
        Just("%25"),
        Just("%"),
        Just(";"),
        Just("a"),
        Just("%61"),
        Just("\u{e9}"),
        Just("%c3"),
        Just("%A9"),
        Just("%20"),
        Just("?"),
        Just("#"),
        Just("\\"),
        Just("u"),
    ];
    proptest::collection::vec(part, 0..10).prop_map(|parts| format!("/{}", parts.concat()))
}

proptest! {
    #[test]
    fn nothing_doubtful_is_left(uri in tricky()) {
        if let Ok(path) = parsed(&uri) {
            let last = path.split('/').count() - 1;
            for (at, segment) in path.split('/').enumerate() {
                prop_assert!(!segment.ends_with(['.', ' ']), "{}", path);
                prop_assert!(!segment.is_empty() || at == 0 || at == last, "{}", path);
            }
            prop_assert!(!path.contains(['\\', '?', '#', ';']) && !path.contains(char::is_control), "{}", path);
            // Decoding once more changes nothing.
            prop_assert_eq!(parsed(path.replace('%', "%25").replace(' ', "%20")), Ok(path));
        }
    }

    #[test]
    fn every_encoding_of_a_path_is_the_same_path(uri in tricky(), choices in proptest::collection::vec(0..3, 64)) {
        if let Ok(path) = parsed(&uri) {
            let encoded: Vec<u8> = path.bytes().zip(choices.iter().cycle()).flat_map(|(byte, choice)| match choice {
                _ if byte == b'/' => b"/".to_vec(),
                0 if !matches!(byte, b'%' | b' ') => vec![byte],
                1 => format!("%{byte:02x}").into_bytes(),
                _ => format!("%{byte:02X}").into_bytes(),
            }).collect();
            prop_assert_eq!(parsed(encoded), Ok(path));
        }
    }

    #[test]
    fn plain_paths_parse_as_the_decoder_reads_them(path in "/[a.;%/2e]{0,8}") {
        prop_assert_eq!(RequestPath::parse(path.as_bytes()), RequestPath::decode(path.as_bytes()));
    }

    #[test]
    fn no_bytes_panic(uri in any::<Vec<u8>>()) {
        let _ = RequestPath::from_field(Field::Once(&uri));
    }
}
