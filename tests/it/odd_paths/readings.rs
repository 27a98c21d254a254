//! Every path that some server may see in one and the same request target.

use std::collections::BTreeSet;

/// What a server may do to a path before it looks for a handler. Servers do several of these, in
/// any order.
const HABITS: &[fn(&str) -> String] = &[
    decoded,
    |path| path.replace('\\', "/"),
    |path| {
        each_segment(path, |name| {
            name.split(';').next().unwrap_or_default().to_owned()
        })
    },
    |path| each_segment(path, |name| name.trim_end_matches([' ', '.']).to_owned()),
    without_empty_segments,
    without_dot_segments,
    |path| {
        path.split(['#', '?', '\0'])
            .next()
            .unwrap_or_default()
            .to_owned()
    },
    strangely_decoded,
];

/// More habits than these in a row are no server's.
const MOST_HABITS: usize = 5;

/// The path as it is, and as servers may read it.
pub fn of(target: &str) -> BTreeSet<String> {
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut known = BTreeSet::from([path.clone()]);
    let mut last = vec![path];
    for _ in 0..MOST_HABITS {
        let next = last
            .iter()
            .flat_map(|path| HABITS.iter().map(move |habit| habit(path)));
        last = next.filter(|path| known.insert(path.clone())).collect();
    }
    known
}

/// Whether no habit changes it any more.
pub fn is_settled(path: &str) -> bool {
    HABITS.iter().all(|habit| habit(path) == path)
}

/// Whether a server that reads the path like this takes it for this directory or something in it.
pub fn is_in(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Percent-decoded once; what is no encoding stays as it is.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let encoded = digits
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|_| byte == b'%');
        bytes.push(encoded.unwrap_or(byte));
        rest = if encoded.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is no encoding at all, and understood by some: overlong UTF-8, and `%u`.
fn strangely_decoded(path: &str) -> String {
    let strange = [
        ("%c0%af", "/"),
        ("%c0%ae", "."),
        ("%e0%80%af", "/"),
        ("%u002f", "/"),
        ("%u002e", "."),
    ];
    let replaced = |path: String, (from, to): (&str, &str)| {
        path.replace(from, to).replace(&from.to_uppercase(), to)
    };
    strange.into_iter().fold(path.to_owned(), replaced)
}

fn each_segment(path: &str, change: impl Fn(&str) -> String) -> String {
    // What consists of dots is no name with dots at its end.
    let is_dots = |name: &str| matches!(name, "." | "..");
    let names = path.split('/').map(|name| {
        if is_dots(name) {
            name.to_owned()
        } else {
            change(name)
        }
    });
    names.collect::<Vec<_>>().join("/")
}

fn without_empty_segments(path: &str) -> String {
    let names: Vec<_> = path.split('/').filter(|name| !name.is_empty()).collect();
    format!("/{}", names.join("/"))
}

/// RFC 3986 section 5.2.4; an empty segment is one that `..` takes away.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for name in path.trim_start_matches('/').split('/') {
        match name {
            "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    format!("/{}", kept.join("/"))
}

/// As it is read where the target is resolved as a reference (RFC 3986 section 4.2): behind two
/// slashes there is a host.
pub fn behind_a_host(target: &str) -> Option<String> {
    let (_, path) = target.strip_prefix("//")?.split_once('/')?;
    Some(format!("/{path}"))
}

#[test]
fn known_tricks_are_among_them() {
    for trick in [
        "/admin/x",
        "//admin",
        "/public/../admin",
        "/public/%2e%2E/admin/",
        "/public/..%2fadmin",
        "/public/%252e%252e/admin",
        "/public/..;x=y/admin",
        "/public\\..\\admin",
        "/public/%5c..%5cadmin/../../admin",
        "/%61dmin",
        "/admin%23",
        "/admin%00.css",
        "/admin;x/y",
        "/admin./x",
        "/public/%c0%ae%c0%ae%c0%afadmin",
        "/public/%u002e./admin",
    ] {
        assert!(
            of(trick).iter().any(|path| is_in(path, "/admin")),
            "{trick}: {:?}",
            of(trick)
        );
    }
    for plain in [
        "/public/x",
        "/public/admin",
        "/administrator",
        "/public/x?/../admin",
        "/",
        "/ADMIN",
    ] {
        assert!(
            !of(plain).iter().any(|path| is_in(path, "/admin")),
            "{plain}: {:?}",
            of(plain)
        );
    }
}
