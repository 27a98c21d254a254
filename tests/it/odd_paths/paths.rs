//! Request targets that make trouble.

use fastrand::Rng;
use proptest::strategy::Strategy;

/// Each for its own trick.
pub const TABLE: &[&[u8]] = &[
    // Plain.
    b"/",
    b"/admin",
    b"/admin/",
    b"/admin/x",
    b"/public",
    b"/public/x",
    b"/public/admin",
    b"/ADMIN/x",
    b"/administrator",
    b"/admin?x",
    b"/public/x?/../admin",
    b"/public/x?y#/../admin",
    // Dot segments.
    b"/public/../admin",
    b"/public/./x",
    b"/public/..",
    b"/public/.",
    b"/../admin",
    b"/public/../../admin",
    b"/admin/../public/x",
    b"/public/x/../y",
    b"/public/...",
    b"/public/.../admin",
    b"/public/x./y",
    b"/admin./x",
    b"/public/.well-known",
    b"/public/..x",
    // Encoded dot segments.
    b"/public/%2e%2e/admin",
    b"/public/%2E%2E/admin",
    b"/public/.%2e/admin",
    b"/public/%2e/x",
    b"/%2e%2e/admin",
    b"/public/%252e%252e/admin",
    b"/public/%25%32%65%25%32%65/admin",
    b"/public/%u002e%u002e/admin",
    // Encoded slashes and letters.
    b"/public/..%2fadmin",
    b"/public/..%2Fadmin",
    b"/public%2fx",
    b"/public/x%2f..%2f..%2fadmin",
    b"/%2fadmin",
    b"/admin%2fx",
    b"/public/..%252fadmin",
    b"/%61dmin/x",
    b"/%2561dmin/x",
    b"/publi%63/x",
    b"/admin%20/x",
    b"/public/%20",
    // Backslashes.
    b"/public/..\\admin",
    b"/public\\x",
    b"\\admin",
    b"/\\admin",
    b"/public/..%5cadmin",
    b"/public/..%5Cadmin",
    b"/admin\\x",
    b"/public/%5c../admin",
    // Empty segments.
    b"//admin",
    b"///admin//x",
    b"/public//x",
    b"/public//../admin",
    b"/public//..//admin",
    b"/admin//../public/x",
    b"//",
    b"/public/x//",
    b"//public/admin/x",
    b"//x/admin",
    // Parameters.
    b"/public/..;/admin",
    b"/public/..;x=y/admin",
    b"/admin;x=y",
    b"/admin;/x",
    b"/public;x/y",
    b"/;x/admin",
    b"/public/x;/../../admin",
    b"/public/%3b/x",
    b"/public/x%3b/../admin",
    // What ends a text.
    b"/admin%00",
    b"/public/x%00/../../admin",
    b"/admin%23x",
    b"/public/x%23",
    b"/admin#x",
    b"/public/x#/../../admin",
    b"/admin%3fx",
    b"/public%3f/../admin",
    b"/admin%0a",
    b"/public/%0d%0aX:y",
    b"/admin\x00",
    b"/public/\tx",
    b"/public/x y",
    // Not percent encoding, not UTF-8.
    b"/public/%",
    b"/public/%2",
    b"/public/%zz",
    b"/public/100%25",
    b"/public/%ff",
    b"/public/\xff",
    b"/public/\xc3\xa9",
    b"/public/%C3%A9",
    b"/public/%c0%ae%c0%ae/admin",
    b"/public/%c0%afadmin",
    b"/public/\xc0\xae\xc0\xae/admin",
    b"/public/{x}|^`",
    b"/public/\"<x>",
    b"/public/\x7f",
    // Not a path.
    b"http://guarded.example/admin",
    b"http://open.example/public/x",
    b"http://open.example/admin",
    b"http://guarded.example/public/x",
    b"http://guarded.example/public/../admin",
    b"http://x@open.example/public/x",
    b"http:///admin",
    b"*",
    b"admin",
    b"",
    b"?x",
    b"/public/http://open.example/admin",
];

/// What the others are made of.
const PIECES: &[&[u8]] = &[
    b"/", b"/", b"/", b"//", b"admin", b"admin", b"public", b"public", b"x", b".", b"..", b"..",
    b"%2e", b"%2E%2e", b"%2f", b"%2F", b"%5c", b"\\", b";x", b";", b"%3b", b"%00", b"%23", b"#",
    b"?", b"%3f", b"%25", b"%252e", b"%", b"%61", b"%20", b"\xe9", b"%c3%a9", b"%ff", b"ADMIN",
    b"%u002e", b"~", b"%7e",
];

/// Generated paths, for a property.
pub fn any() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..10)
        .prop_map(|pieces| [b"/", &*pieces.concat()].concat())
}

/// A generated path.
pub fn random(rng: &mut Rng) -> Vec<u8> {
    let beginnings: [&[u8]; 4] = [b"/", b"/public/", b"/admin/", b"/public/../"];
    let mut path = rng.choice(&beginnings).unwrap().to_vec();
    for _ in 0..rng.usize(1..6) {
        path.extend_from_slice(rng.choice(PIECES).unwrap());
    }
    path
}
