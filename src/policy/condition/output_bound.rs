//! The bound on the texts and lists that a condition can make.
//!
//! An example, with `n` as the bytes of the claims that are read:
//!
//! ```text
//! claims.name.replace('a', 'xyz') == 'b' || claims.roles.exists(r, r.replace('a', 'xyz') == 'b')
//! ```
//!
//! 1. `claims.name` has at most `n` bytes.
//! 2. The first `replace` keeps at most these `n` bytes, and inserts `xyz` at most `n + 1` times:
//!    an empty text would be found between all characters and at both ends. It makes at most
//!    `4 n + 3` bytes: `n`, and three times `n + 1`.
//! 3. `exists` is a loop over `claims.roles`, which has at most `n` elements. All elements together
//!    have at most `n` bytes.
//! 4. The second `replace` runs in each round. All rounds together keep at most `n` bytes, and
//!    insert `xyz` at most `n` times for the bytes and once more for each of `n` rounds. They make
//!    at most `7 n` bytes: `n`, and three times `2 n`.
//! 5. The condition makes at most `11 n + 3` bytes. This is below the bound of [`MAX_TIMES`] times
//!    `n`, and [`MAX_CONSTANT`] more, so the condition is accepted.
//!
//! A condition would be refused if it inserted a long text in place of each character, or replaced
//! again and again in what it has just made. The bound is computed when a condition is read, and
//! not when it is evaluated. An [`Amount`] is a term such as `4 n + 3`.

use super::condition_error::ConditionError;

/// The greatest factor: a condition makes at most this many times the bytes that it reads.
const MAX_TIMES: u64 = 2048;
/// The greatest number of bytes that a condition makes in addition, of its own literals.
const MAX_CONSTANT: u64 = 1 << 20;
/// The bytes that an element of a list takes besides its text.
const ELEMENT_BYTES: u64 = 64;
/// The maximum length of a number, a truth value or a time as a text.
const FIXED_BYTES: u64 = 512;

/// A number of bytes or elements: `times` the bytes that are read, and `plus` more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Amount {
    times: u64,
    plus: u64,
}

impl Amount {
    /// Returns the sum of both.
    fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            plus: self.plus.saturating_add(other.plus),
        }
    }

    /// Returns this amount, multiplied.
    fn of(self, factor: u64) -> Self {
        Self {
            times: self.times.saturating_mul(factor),
            plus: self.plus.saturating_mul(factor),
        }
    }

    /// Returns an amount that neither exceeds.
    fn or(self, other: Self) -> Self {
        Self {
            times: self.times.max(other.times),
            plus: self.plus.max(other.plus),
        }
    }
}

/// The maximum size of a value. In a loop, it is that of the values of all rounds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    text: Amount,
    elements: Amount,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number, a truth value or a time.
    Fixed,
    Text,
    Any,
}

impl Size {
    /// The size of a number, a truth value or a time.
    pub(super) const FIXED: Self = Self::none(Kind::Fixed);
    /// The size of a list without elements.
    pub(super) const EMPTY: Self = Self::none(Kind::Any);

    const fn none(kind: Kind) -> Self {
        let none = Amount { times: 0, plus: 0 };
        Self {
            text: none,
            elements: none,
            kind,
        }
    }

    fn text(text: Amount) -> Self {
        Self {
            text,
            kind: Kind::Text,
            ..Self::EMPTY
        }
    }

    /// Returns a size that neither value exceeds.
    pub(super) fn or(self, other: Self) -> Self {
        let kind = if self.kind == other.kind {
            self.kind
        } else {
            Kind::Any
        };
        Self {
            text: self.text.or(other.text),
            elements: self.elements.or(other.elements),
            kind,
        }
    }

    /// Returns the size of a part of the value, of which nothing else is known.
    pub(super) fn part(self) -> Self {
        Self {
            kind: Kind::Any,
            ..self
        }
    }
}

/// Counts the bytes that the steps of a condition make, up to a bound.
#[derive(Debug)]
pub(super) struct OutputBound {
    /// The number of times that the current step is taken: once outside of a loop.
    rounds: Amount,
    /// The bytes that the steps so far have made.
    made: Amount,
}

impl Default for OutputBound {
    fn default() -> Self {
        Self {
            rounds: Amount { times: 0, plus: 1 },
            made: Amount::default(),
        }
    }
}

impl OutputBound {
    /// Returns the size of the claims, or of a part of the request. A loop would read them again in
    /// each round. Then they count as infinite, so that nothing can be made of them.
    pub(super) fn whole(&self) -> Size {
        let once = Amount { times: 1, plus: 0 };
        let amount = if self.rounds.times == 0 && self.rounds.plus == 1 {
            once
        } else {
            once.of(u64::MAX)
        };
        Size {
            text: amount,
            elements: amount,
            kind: Kind::Any,
        }
    }

    /// Returns the size of a text in the expression.
    pub(super) fn literal(&self, bytes: usize) -> Size {
        Size::text(self.rounds.of(u64::try_from(bytes).unwrap_or(u64::MAX)))
    }

    /// Counts a list or a map of these values, and returns its size. A list of literals is as long
    /// as it is written, so it does not count before it is kept.
    ///
    /// Fails with [`ConditionError::GrowsTooMuch`] beyond the bound.
    pub(super) fn list(
        &mut self,
        parts: &[Size],
        is_literal: bool,
    ) -> Result<Size, ConditionError> {
        let elements = self
            .rounds
            .of(u64::try_from(parts.len()).unwrap_or(u64::MAX));
        let list = parts.iter().fold(
            Size {
                elements,
                ..Size::EMPTY
            },
            |list, part| Size {
                text: list.text.and(part.text),
                elements: list.elements.and(part.elements),
                kind: Kind::Any,
            },
        );
        if is_literal {
            Ok(list)
        } else {
            self.count(list)
        }
    }

    /// Counts `left + right`, and returns its size. Texts and lists are joined by `+`.
    ///
    /// Fails with [`ConditionError::GrowsTooMuch`] beyond the bound.
    pub(super) fn sum(&mut self, left: Size, right: Size) -> Result<Size, ConditionError> {
        match (left.kind, right.kind) {
            // A sum of a number and anything but a number is an error.
            (Kind::Fixed, _) | (_, Kind::Fixed) => Ok(Size::FIXED),
            (Kind::Text, _) | (_, Kind::Text) => self.count(Size::text(left.text.and(right.text))),
            (Kind::Any, Kind::Any) => self.count(Size {
                text: left.text.and(right.text),
                elements: left.elements.and(right.elements),
                kind: Kind::Any,
            }),
        }
    }

    /// Counts the result of a function of this subject, and returns its size. `inserted` is the
    /// length in bytes of the text that the function may insert many times.
    ///
    /// Fails with [`ConditionError::GrowsTooMuch`] beyond the bound.
    pub(super) fn call(
        &mut self,
        function: &str,
        subject: Size,
        inserted: usize,
    ) -> Result<Size, ConditionError> {
        let inserted = u64::try_from(inserted).unwrap_or(u64::MAX);
        let own = subject.text;
        match function {
            "dyn" => Ok(subject.part()),
            "bytes" | "charAt" | "lowerAscii" | "reverse" | "substring" | "trim" | "upperAscii" => {
                self.count(Size::text(own))
            }
            "string" => self.count(Size::text(own.and(self.rounds.of(FIXED_BYTES)))),
            // An empty text is found between all characters, and at both ends.
            "replace" => self.count(Size::text(own.and(own.and(self.rounds).of(inserted)))),
            "join" => self.count(Size::text(own.and(subject.elements.of(inserted)))),
            "split" => {
                let elements = own.and(self.rounds.of(2));
                self.count(Size {
                    text: own,
                    elements,
                    kind: Kind::Any,
                })
            }
            _ => Ok(Size::FIXED),
        }
    }

    /// Begins a loop: from here on a step is taken for each element of `range`. Returns the number
    /// of times before, and the size of all elements together.
    pub(super) fn enter(&mut self, range: Size) -> (Rounds, Size) {
        (
            Rounds(std::mem::replace(&mut self.rounds, range.elements)),
            range.part(),
        )
    }

    /// Ends a loop.
    pub(super) fn leave(&mut self, before: Rounds) {
        self.rounds = before.0;
    }

    /// Adds this size to what was made.
    fn count(&mut self, size: Size) -> Result<Size, ConditionError> {
        self.made = self
            .made
            .and(size.text)
            .and(size.elements.of(ELEMENT_BYTES));
        if self.made.times > MAX_TIMES || self.made.plus > MAX_CONSTANT {
            return Err(ConditionError::GrowsTooMuch);
        }
        Ok(size)
    }
}

/// The number of times that a step was taken before a loop.
#[derive(Clone, Copy)]
pub(super) struct Rounds(Amount);

#[cfg(test)]
mod tests {
    use super::*;

    /// The example at the beginning of this file.
    #[test]
    fn the_example_is_counted_as_it_says() {
        let mut bound = OutputBound::default();
        let name = bound.whole().part();
        bound.call("replace", name, "xyz".len()).unwrap();
        assert_eq!(bound.made, Amount { times: 4, plus: 3 });
        let roles = bound.whole().part();
        let (before, role) = bound.enter(roles);
        bound.call("replace", role, "xyz".len()).unwrap();
        bound.leave(before);
        assert_eq!(bound.made, Amount { times: 11, plus: 3 });
    }
}
