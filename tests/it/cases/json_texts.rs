//! A16: what is JSON and what is not, as the claims of a token, as its header, and as a value
//! inside either.
//!
//! The list is in the manner of the well-known parsing suites: texts that every reader must take,
//! texts that none may take, and texts about which readers differ. There is one oracle beside it,
//! `serde_json`, and two rules stricter than it: no member twice, and a bound to the nesting.

use doorward::jose::decode_base64url;
use serde_json::Value;

use super::wire::{assert_allowed_as, assert_denied};
use crate::support::{Client, TestGate, TestIssuer, TokenBuilder};

#[test]
fn a16_json_is_read_by_the_letter_wherever_it_stands() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let mut reader = Reader {
        client: Client::connect(gate.verify),
        token: idp.token(),
        gate: &gate,
        idp: &idp,
    };
    let refused = REFUSED
        .iter()
        .map(|text| text.to_vec())
        .chain(nested(&[33, 128, 1000]));
    let stricter = STRICTER.iter().map(|text| text.as_bytes().to_vec());
    let good: Vec<_> = GOOD
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain(nested(&[31]))
        .collect();
    let bad: Vec<_> = refused.chain(stricter).collect();
    assert!(
        good.len() > 90 && bad.len() > 150,
        "{} and {}",
        good.len(),
        bad.len()
    );
    for text in &good {
        reader.assert_read(text);
    }
    for text in &bad {
        reader.assert_refused(text);
    }
}

#[test]
fn a16_the_list_agrees_with_another_reader_but_for_the_stricter_rules() {
    for text in GOOD.iter().chain(STRICTER) {
        assert!(serde_json::from_str::<Value>(text).is_ok(), "{text:?}");
    }
    for text in REFUSED {
        assert!(
            serde_json::from_slice::<Value>(text).is_err(),
            "{:?}",
            String::from_utf8_lossy(text)
        );
    }
}

/// Sends a text in each of the four places.
struct Reader<'a> {
    client: Client,
    token: TokenBuilder,
    gate: &'a TestGate,
    idp: &'a TestIssuer,
}

impl Reader<'_> {
    fn assert_read(&mut self, text: &[u8]) {
        let what = shown(text);
        let (header, claims) = self.good_texts();
        for token in [
            self.token.sign_text(&header, with_value(&claims, text)),
            self.token.sign_text(with_value(&header, text), &claims),
        ] {
            let answer = self.client.send(&self.gate.get("/verify").bearer(&token));
            assert_allowed_as(&answer, "alice", &self.idp.url(), &what);
        }
        // All the claims there are: an object is one that names no issuer.
        let reason = if text.trim_ascii().starts_with(b"{") {
            "issuer_unknown"
        } else {
            "claim_invalid"
        };
        self.assert_denied(&self.token.sign_text(&header, text), reason, &what);
        self.assert_denied(
            &self.token.sign_text(text, &claims),
            "token_malformed",
            &what,
        );
    }

    fn assert_refused(&mut self, text: &[u8]) {
        let what = shown(text);
        let (header, claims) = self.good_texts();
        self.assert_denied(
            &self.token.sign_text(&header, with_value(&claims, text)),
            "claim_invalid",
            &what,
        );
        self.assert_denied(
            &self.token.sign_text(with_value(&header, text), &claims),
            "token_malformed",
            &what,
        );
        self.assert_denied(
            &self.token.sign_text(text, &claims),
            "token_malformed",
            &what,
        );
        // No payload at all is a detached one.
        let reason = if text.is_empty() {
            "token_malformed"
        } else {
            "claim_invalid"
        };
        self.assert_denied(&self.token.sign_text(&header, text), reason, &what);
    }

    fn assert_denied(&mut self, token: &str, reason: &str, what: &str) {
        let answer = self.client.send(&self.gate.get("/verify").bearer(token));
        assert_denied(&answer, reason, what);
    }

    fn good_texts(&self) -> (String, String) {
        let token = self.token.sign();
        let header = decode_base64url(token.split('.').next().unwrap()).unwrap();
        (String::from_utf8(header).unwrap(), self.token.claims_text())
    }
}

/// The object with this text as one more member.
fn with_value(object: &str, text: &[u8]) -> Vec<u8> {
    let rest = object.strip_prefix('{').unwrap();
    [b"{\"value\":", text, b",", rest.as_bytes()].concat()
}

/// Arrays, objects, and both by turns, so deep in each other.
fn nested(depths: &[usize]) -> impl Iterator<Item = Vec<u8>> {
    depths.iter().flat_map(|depth| {
        let of = |open: &str, close: &str, repeats: usize| {
            format!("{}1{}", open.repeat(repeats), close.repeat(repeats))
        };
        let by_turns = of("{\"a\":[", "]}", depth / 2);
        let by_turns = if depth % 2 == 1 {
            format!("[{by_turns}]")
        } else {
            by_turns
        };
        [of("[", "]", *depth), of("{\"a\":", "}", *depth), by_turns].map(String::into_bytes)
    })
}

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string().chars().take(80).collect()
}

/// What every reader takes, and what we take of the things about which readers differ.
const GOOD: &[&str] = &[
    // Words, alone and with white space around them.
    "null",
    "true",
    "false",
    " null ",
    "\ttrue",
    "false\n",
    "\r\nnull\r\n",
    // Arrays.
    "[]",
    "[ ]",
    "[\t]",
    "[\n]",
    "[\r\n]",
    "[null]",
    "[1,2]",
    "[ 1 , 2 ]",
    "[1\n,\n2]",
    "[[],[]]",
    "[[[]]]",
    "[true,false,null,\"a\",{},[]]",
    "[1,null,null,2]",
    "[\"\"]",
    "[0]",
    "[\"a\",[\"b\",[\"c\"]]]",
    // Objects.
    "{}",
    "{ }",
    "{\n}",
    "{\"\":0}",
    "{\"\":{\"\":{}}}",
    "{\"a\":[]}",
    "{\"a\":1,\"b\":2}",
    "{ \"a\" : 1 , \"b\" : 2 }",
    "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
    "{\"a\\u0000b\":1}",
    "{\"A\":1,\"a\":2}",
    "{\"a\":1,\" a\":2}",
    "{\"\u{e9}\":1,\"e\u{301}\":2}",
    "[{\"a\":1},{\"a\":1}]",
    "{\"a\":\"b\"}\n",
    "{\n\"a\":\t1\r}",
    "{\"null\":null,\"true\":true,\"1\":1}",
    // Numbers.
    "0",
    "-0",
    "0.0",
    "-0.0",
    "0e0",
    "0e+1",
    "0E-1",
    "1",
    "-1",
    "123",
    "-123",
    "1.5",
    "1.500",
    "10.01",
    "1e2",
    "1E2",
    "1e+2",
    "1e-2",
    "1E22",
    "1.5e10",
    "1.5E-10",
    "0.1e1",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "-123456789012345678901234567890",
    "3.14159265358979323846264338327950288",
    "0.00000000000000000000000000000000001",
    "1e-400",
    "-1e-400",
    "5e-324",
    // Strings.
    "\"\"",
    "\" \"",
    "\"a\"",
    "\"/\"",
    "\"\\/\"",
    "\"\\\\\"",
    "\"\\\"\"",
    "\"\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"\\u001f\"",
    "\"\\u007f\"",
    "\"\u{7f}\"",
    "\"\\u00e9\\u00E9\"",
    "\"\\u0022\"",
    "\"\\u005c\"",
    "\"\\\\u0000\"",
    "\"\\\\n\"",
    "\"\\u2028\\u2029\"",
    "\"\u{2028}\u{2029}\"",
    "\"\\uffff\\ufffe\"",
    "\"\u{ffff}\u{fffe}\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uD83D\\uDE00\"",
    "\"\\udbff\\udfff\"",
    "\"\\ud800\\udc00\"",
    "\"\u{1f600}\"",
    "\"\u{10ffff}\"",
    "\"\u{e9}\u{4e2d}\u{430}\"",
    "\"\\ufeff\"",
    "\"\u{feff}\"",
    "\"a\u{300}\u{301}\"",
    "\"\u{202e}abc\"",
    "\"// no comment /* either */\"",
    "\"[1,2,3\"",
    "\"{}\"",
    "\"\u{a0}\u{3000}\"",
];

/// What the other reader takes and we do not: a member twice, at any depth and in any spelling.
const STRICTER: &[&str] = &[
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":null,\"a\":1}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\":1,\"\":2}",
    "{\"\u{e9}\":1,\"\\u00e9\":2}",
    "{\"\u{1f600}\":1,\"\\ud83d\\ude00\":2}",
    "{\"a/\":1,\"a\\/\":2}",
    "{\"x\":{\"a\":1,\"a\":2}}",
    "[{\"a\":1,\"a\":2}]",
    "[[[{\"x\":[{\"a\":{},\"a\":{}}]}]]]",
    "{\"a\":{},\"a\":{}}",
    "{\"a\\u0000\":1,\"a\\u0000\":2}",
];

/// What no reader may take, and what we do not take of the things about which readers differ.
const REFUSED: &[&[u8]] = &[
    // Nothing, or not even the beginning of something.
    b"",
    b" ",
    b"\n",
    b"\0",
    b"*",
    b"\\",
    b"'",
    b"\"",
    b"-",
    b"+",
    b".",
    b",",
    b":",
    b"[",
    b"]",
    b"{",
    b"}",
    b"<null>",
    b"(1)",
    b"a",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf{}",
    b"\xef\xbb\xbf1",
    b"{}\xef\xbb\xbf",
    // Words.
    b"nul",
    b"nulL",
    b"Null",
    b"NULL",
    b"nil",
    b"None",
    b"undefined",
    b"tru",
    b"True",
    b"TRUE",
    b"fals",
    b"False",
    b"truefalse",
    b"null null",
    b"nullx",
    b"true,",
    b"!true",
    b"yes",
    // Arrays.
    b"[1",
    b"[1,",
    b"[,",
    b"[,1]",
    b"[1,]",
    b"[1,,]",
    b"[1,,2]",
    b"[,]",
    b"[1 2]",
    b"[1:2]",
    b"[\"a\":1]",
    b"[\"a\" \"b\"]",
    b"[\"\"",
    b"[\"a",
    b"[1}",
    b"[1]]",
    b"[1],",
    b"[1]x",
    b"[x]",
    b"[x",
    b"[[1]",
    b"[*]",
    b"[-]",
    b"[\x0b1]",
    b"[1,\n1\n,1",
    b"[1\x0c]",
    b"[\xa0]",
    b"[\xc2\xa0]",
    b"[\xe2\x81\xa0]",
    b"[\xff]",
    b"[/*1*/]",
    b"[1]//",
    b"[1]#",
    b"[1];",
    b"[()]",
    b"[0,]",
    b"[...]",
    // Objects.
    b"{\"a\"",
    b"{\"a\":",
    b"{\"a\":1",
    b"{\"a\":1,",
    b"{\"a\":1,}",
    b"{\"a\":1,,\"b\":2}",
    b"{,}",
    b"{,\"a\":1}",
    b"{\"a\"}",
    b"{\"a\" 1}",
    b"{\"a\"::1}",
    b"{\"a\":1:2}",
    b"{\"a\",1}",
    b"{\"a\"=1}",
    b"{\"a\"=>1}",
    b"{\"a\":}",
    b"{:1}",
    b"{1:1}",
    b"{1}",
    b"{null:1}",
    b"{[]:1}",
    b"{{}:1}",
    b"{a:1}",
    b"{'a':1}",
    b"{\"a\":'b'}",
    b"{\"a\":b}",
    b"{\"a\":1 \"b\":2}",
    b"{\"a\":1;\"b\":2}",
    b"{\"a\":1]",
    b"{\"a\":1}}",
    b"{\"a\":1}{}",
    b"{\"a\":1} x",
    b"{\"a\":1}//x",
    b"{\"a\":1}/**/",
    b"/**/{}",
    b"{/**/}",
    b"{\"a\":/*x*/1}",
    b"{\"a\":1}#",
    b"{\"a\":1}\0",
    b"{\"a\":1}\x1a",
    b"{\"a\":1}garbage",
    b"{\"a\":1}]",
    b"{[",
    b"{]",
    b"{\"a\":[}",
    b"{\"\\ud800\":1}",
    b"{\"\xff\":1}",
    b"{\"a\nb\":1}",
    b"{\"a\":1,\"b\"",
    // Numbers.
    b"01",
    b"00",
    b"-01",
    b"0123",
    b"+1",
    b"++1",
    b"--1",
    b"-",
    b"- 1",
    b"-a",
    b"1.",
    b".1",
    b"-.1",
    b"-1.",
    b"0.",
    b"0.e1",
    b"1.e1",
    b"1e",
    b"1e+",
    b"1e-",
    b"1E",
    b"0e",
    b"0e+",
    b"1ee2",
    b"1e2.5",
    b"1e 2",
    b"1.2.3",
    b"1 2",
    b"1 000",
    b"1_000",
    b"1,000.0.0",
    b"1'000",
    b"0x1F",
    b"0b1",
    b"0o7",
    b"1f",
    b"1L",
    b"1n",
    b"1/2",
    b"1+1",
    b"1e1e1",
    b"Infinity",
    b"-Infinity",
    b"+Infinity",
    b"inf",
    b"NaN",
    b"-NaN",
    b"nan",
    b"1e400",
    b"-1e400",
    b"1e999999999999",
    b"\xef\xbc\x91",
    b"\xd9\xa1",
    b"1\xc2\xb2",
    b"0\0",
    // Strings.
    b"\"a",
    b"a\"",
    b"\"a\"b\"",
    b"\"a\"\"b\"",
    b"\"a\" \"b\"",
    b"'a'",
    b"`a`",
    b"\xe2\x80\x9ca\xe2\x80\x9d",
    b"\"\\\"",
    b"\"\\a\"",
    b"\"\\x00\"",
    b"\"\\v\"",
    b"\"\\0\"",
    b"\"\\'\"",
    b"\"\\ \"",
    b"\"\\N\"",
    b"\"\\U0041\"",
    b"\"\\u\"",
    b"\"\\u1\"",
    b"\"\\u12\"",
    b"\"\\u123\"",
    b"\"\\u123g\"",
    b"\"\\u 123\"",
    b"\"\\u+123\"",
    b"\"\\u{41}\"",
    b"\"\\u00\\u41\"",
    b"\"\\ud800\"",
    b"\"\\udc00\"",
    b"\"\\ud800\\ud800\"",
    b"\"\\udc00\\ud800\"",
    b"\"\\ud800a\"",
    b"\"\\ud800\\n\"",
    b"\"\\ud800\\u0041\"",
    b"\"\\ud83d\\\"",
    b"\"\0\"",
    b"\"\x01\"",
    b"\"\x1f\"",
    b"\"\n\"",
    b"\"\r\"",
    b"\"\t\"",
    b"\"a\nb\"",
    b"\"\x08\"",
    b"\"\xff\"",
    b"\"\xfe\xff\"",
    b"\"\x80\"",
    b"\"\xc3\"",
    b"\"\xc3(\"",
    b"\"\xe9\"",
    b"\"\xe2\x82\"",
    b"\"\xc0\xaf\"",
    b"\"\xc1\xbf\"",
    b"\"\xe0\x80\xaf\"",
    b"\"\xf0\x80\x80\xaf\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xed\xa0\x80\xed\xb0\x80\"",
    b"\"\xed\xbf\xbf\"",
    b"\"\xf4\x90\x80\x80\"",
    b"\"\xf5\x80\x80\x80\"",
    b"\"\xf8\x88\x80\x80\x80\"",
    b"\"\xfc\x84\x80\x80\x80\x80\"",
    // Other encodings and other languages.
    b"\xff\xfe{\0}\0",
    b"\xfe\xff\0{\0}",
    b"{\0}\0",
    b"\0{\0}",
    b"\x7f",
    b"\x1b[0m",
    b"<a/>",
    b"a: 1",
    b"--- {}",
    b"a=1",
    b"\x80\x02}q\0.",
    b"\xa1aa\x01",
    b"{}\n{}",
    b"{} {}",
    b"\x1e{}",
    b")]}',{}",
    b"callback({})",
    b"#!json",
];
