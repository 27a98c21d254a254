//! A token in a cookie (RFC 6265 section 4.2).

#[cfg(test)]
mod tests;

use memchr::{memchr, memmem};

use super::found::Found;
use super::query::may_be_taken_for;
use crate::domain::{Denial, Field, HeaderFields, Reason};

/// Looks for a token in the cookie of this name; an empty cookie is no token.
///
/// Servers parse this field in different ways, and differ in which of two cookies with the same
/// name they take. A neighbouring subdomain can plant the second cookie, and an application can be
/// made to write text into the value of another cookie. So the field is ambiguous if some server
/// may find another cookie of this name in it, or may read this one as a part of a quoted value.
pub(super) fn find<'a>(fields: &'a dyn HeaderFields, name: &str) -> Result<Found<'a>, Denial> {
    let cookies = match fields.field("cookie") {
        Field::Absent => return Ok(Found::Nothing),
        Field::Once(value) => value,
        Field::Repeated => return Err(Reason::TokenAmbiguous.into()),
    };
    let mut token: Option<&[u8]> = None;
    let mut quotes = memchr(b'"', cookies).map(|_| Quotes::default());
    for pair in cookies.split(|byte| *byte == b';') {
        match value_of(pair.trim_ascii(), name.as_bytes()) {
            Some(value) => {
                let differs = token.is_some_and(|earlier| earlier != value);
                if differs || quotes.as_ref().is_some_and(Quotes::may_be_open) {
                    return Err(Reason::TokenAmbiguous.into());
                }
                token = Some(value);
            }
            None if may_be_taken_for(pair, name) => return Err(Reason::TokenAmbiguous.into()),
            None => {}
        }
        if let Some(quotes) = &mut quotes {
            quotes.scan(pair);
        }
    }
    if begins_inside_a_pair(cookies, name.as_bytes()) {
        return Err(Reason::TokenAmbiguous.into());
    }
    Ok(token
        .filter(|token| !token.is_empty())
        .map_or(Found::Nothing, Found::Token))
}

fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    pair.strip_prefix(name)?.strip_prefix(b"=")
}

/// Returns `true` if some server finds a cookie of this name where no pair begins. Python's
/// `SimpleCookie` also separates pairs by blanks, parsers of RFC 2965 by commas, and after a
/// closing quote anything may follow.
fn begins_inside_a_pair(cookies: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(cookies, name).any(|at| {
        let Some((before, here)) = cookies.split_at_checked(at) else {
            return false;
        };
        let begins_a_pair = before
            .trim_ascii_end()
            .last()
            .is_none_or(|byte| *byte == b';');
        let begins = before
            .last()
            .is_some_and(|byte| is_blank(*byte) || matches!(byte, b',' | b'"'));
        let behind = here.get(name.len()..).unwrap_or_default();
        begins && !begins_a_pair && behind.iter().find(|byte| !is_blank(**byte)) == Some(&b'=')
    })
}

/// Returns `true` for a byte that some server strips from around a name: blanks and control
/// characters, of which Latin-1 has more than ASCII.
const fn is_blank(byte: u8) -> bool {
    byte <= b' ' || byte >= 0x7F
}

/// The state of quoted values while the field is scanned, as two kinds of servers see it: some know
/// quotes anywhere, some only after `=`.
#[derive(Default)]
struct Quotes {
    open: bool,
    open_as_value: bool,
    /// `true` after a `\` where a value may be quoted: the next quote may be escaped.
    doubtful: bool,
}

impl Quotes {
    const fn may_be_open(&self) -> bool {
        self.open || self.open_as_value || self.doubtful
    }

    fn scan(&mut self, pair: &[u8]) {
        let mut before = None;
        for byte in pair.iter().copied() {
            match byte {
                b'"' => {
                    self.open = !self.open;
                    self.open_as_value = !self.open_as_value && before == Some(b'=');
                }
                b'\\' => self.doubtful |= self.may_be_open(),
                _ => {}
            }
            if !is_blank(byte) {
                before = Some(byte);
            }
        }
    }
}
