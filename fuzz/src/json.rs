//! A JSON reader by the letter of RFC 8259 that shares no line with the service's: members in their
//! order, numbers as text.

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Deeper than any reader goes, and nothing that a stack would mind.
const MAX_LEVELS: usize = 200;

impl Json {
    /// Reads a text that is one value.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let value = value(&mut rest, MAX_LEVELS)?;
        skip_blanks(&mut rest);
        rest.is_empty().then_some(value)
    }

    /// Reads what the service must take for an object: no name twice at any depth, and at most 32
    /// levels.
    pub fn strict_object(bytes: &[u8]) -> Option<Self> {
        let value = Self::parse(std::str::from_utf8(bytes).ok()?)?;
        (matches!(value, Self::Object(_)) && value.has_distinct_names() && value.levels() <= 32)
            .then_some(value)
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        members
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    /// The member of this name; `null` is none.
    pub fn stated(&self, name: &str) -> Option<&Self> {
        self.get(name).filter(|value| **value != Self::Null)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// How deep arrays and objects stand in each other.
    pub fn levels(&self) -> usize {
        match self {
            Self::Array(elements) => 1 + elements.iter().map(Self::levels).max().unwrap_or(0),
            Self::Object(members) => {
                1 + members
                    .iter()
                    .map(|(_, value)| value.levels())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Whether no object has a name twice.
    pub fn has_distinct_names(&self) -> bool {
        match self {
            Self::Array(elements) => elements.iter().all(Self::has_distinct_names),
            Self::Object(members) => {
                let names: std::collections::HashSet<_> =
                    members.iter().map(|(name, _)| name).collect();
                names.len() == members.len()
                    && members.iter().all(|(_, value)| value.has_distinct_names())
            }
            _ => true,
        }
    }
}

/// What a number's digits say: sign, significant digits, and the power of ten of the last one;
/// nothing if that power has more digits than anybody counts.
pub fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let significant = digits.trim_matches('0').to_owned();
    let zeros_behind = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(zeros_behind).ok()? - i64::try_from(fraction.len()).ok()?;
    if significant.is_empty() {
        return Some((false, significant, 0));
    }
    let power = exponent.parse::<i64>().ok()?.checked_add(shift)?;
    Some((number.starts_with('-'), significant, power))
}

fn value(rest: &mut &str, levels_left: usize) -> Option<Json> {
    skip_blanks(rest);
    match rest.as_bytes().first()? {
        b'n' => skip(rest, "null").map(|()| Json::Null),
        b't' => skip(rest, "true").map(|()| Json::Boolean(true)),
        b'f' => skip(rest, "false").map(|()| Json::Boolean(false)),
        b'"' => text(rest).map(Json::Text),
        b'[' => series(rest, ['[', ']'], |rest| {
            value(rest, levels_left.checked_sub(1)?)
        })
        .map(Json::Array),
        b'{' => series(rest, ['{', '}'], |rest| {
            member(rest, levels_left.checked_sub(1)?)
        })
        .map(Json::Object),
        _ => number(rest).map(Json::Number),
    }
}

fn member(rest: &mut &str, levels_left: usize) -> Option<(String, Json)> {
    let name = text(rest)?;
    skip_blanks(rest);
    skip(rest, ":")?;
    Some((name, value(rest, levels_left)?))
}

fn series<T>(
    rest: &mut &str,
    [open, close]: [char; 2],
    mut item: impl FnMut(&mut &str) -> Option<T>,
) -> Option<Vec<T>> {
    *rest = rest.strip_prefix(open)?;
    let mut items = Vec::new();
    loop {
        skip_blanks(rest);
        if let (true, Some(behind)) = (items.is_empty(), rest.strip_prefix(close)) {
            *rest = behind;
            return Some(items);
        }
        items.push(item(rest)?);
        skip_blanks(rest);
        if let Some(behind) = rest.strip_prefix(close) {
            *rest = behind;
            return Some(items);
        }
        skip(rest, ",")?;
        skip_blanks(rest);
    }
}

fn text(rest: &mut &str) -> Option<String> {
    skip(rest, "\"")?;
    let mut text = String::new();
    loop {
        let next = rest.chars().next()?;
        *rest = &rest[next.len_utf8()..];
        match next {
            '"' => return Some(text),
            '\\' => text.push(escaped(rest)?),
            '\0'..='\x1f' => return None,
            plain => text.push(plain),
        }
    }
}

fn escaped(rest: &mut &str) -> Option<char> {
    let letter = rest.chars().next()?;
    *rest = &rest[letter.len_utf8()..];
    Some(match letter {
        '"' | '\\' | '/' => letter,
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return code_point(rest),
        _ => return None,
    })
}

/// Halves of a surrogate pair stand together or not at all.
fn code_point(rest: &mut &str) -> Option<char> {
    let first = code_unit(rest)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first);
    }
    skip(rest, "\\u")?;
    let second = code_unit(rest)?
        .checked_sub(0xDC00)
        .filter(|low| *low < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + second)
}

fn code_unit(rest: &mut &str) -> Option<u32> {
    let digits = rest
        .get(..4)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    *rest = &rest[4..];
    u32::from_str_radix(digits, 16).ok()
}

/// A number that a double can stand for, if not exactly.
fn number(rest: &mut &str) -> Option<String> {
    let start = *rest;
    *rest = rest.strip_prefix('-').unwrap_or(rest);
    let whole = digits(rest)?;
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    if let Some(behind) = rest.strip_prefix('.') {
        *rest = behind;
        digits(rest)?;
    }
    if let Some(behind) = rest.strip_prefix(['e', 'E']) {
        *rest = behind.strip_prefix(['+', '-']).unwrap_or(behind);
        digits(rest)?;
    }
    let number = &start[..start.len() - rest.len()];
    number
        .parse::<f64>()
        .ok()
        .filter(|double| double.is_finite())
        .map(|_| number.to_owned())
}

fn digits<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (digits, behind) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    *rest = behind;
    (!digits.is_empty()).then_some(digits)
}

fn skip(rest: &mut &str, expected: &str) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

fn skip_blanks(rest: &mut &str) {
    *rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
}
