//! The bound of what a condition can make.
//!
//! Nothing in the language holds a result for later, so a condition as long as it may be cannot
//! make much of what it reads, but for three things: each round of a loop makes its own, a
//! replacement or a separator is put in many times, and what was made can be the material of the
//! next step. So each step is counted by what it makes of the claims in the worst case, and all of
//! them together must stay below a bound.

use super::condition_error::ConditionError;

/// All that is made takes at most this many times the bytes that are read.
const MAX_TIMES: u64 = 2048;
/// And at most this many bytes of what is in the expression itself.
const MAX_CONSTANT: u64 = 1 << 20;
/// The bytes that an element of a list takes besides its text.
const ELEMENT_BYTES: u64 = 64;
/// A number, a truth value or a time as a text is no longer than this.
const FIXED_BYTES: u64 = 512;

/// A number of bytes or elements: so many times the bytes that are read, and so many more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Amount {
    times: u64,
    plus: u64,
}

impl Amount {
    fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            plus: self.plus.saturating_add(other.plus),
        }
    }

    fn of(self, factor: u64) -> Self {
        Self {
            times: self.times.saturating_mul(factor),
            plus: self.plus.saturating_mul(factor),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            times: self.times.max(other.times),
            plus: self.plus.max(other.plus),
        }
    }
}

/// How large a value can be; in a loop, those of all rounds together.
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
    /// That of a number, a truth value or a time.
    pub(super) const FIXED: Self = Self::none(Kind::Fixed);
    /// That of a list without elements.
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

    /// That of the larger one, whichever it is.
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

    /// That of a part, of which nothing else is known.
    pub(super) fn part(self) -> Self {
        Self {
            kind: Kind::Any,
            ..self
        }
    }
}

/// Counts what the steps of a condition make, up to a bound.
#[derive(Debug)]
pub(super) struct OutputBound {
    /// How often the step is taken that is looked at.
    rounds: Amount,
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
    /// What is read as a whole: once, or in a loop again in each round, and then nothing may be
    /// made of it.
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

    /// A list or a map of these. One of literals is as long as it is written, so it does not count
    /// before it is kept.
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

    /// The sum of two; texts and lists have one too.
    pub(super) fn sum(&mut self, left: Size, right: Size) -> Result<Size, ConditionError> {
        match (left.kind, right.kind) {
            // With anything else beside it there is none.
            (Kind::Fixed, _) | (_, Kind::Fixed) => Ok(Size::FIXED),
            (Kind::Text, _) | (_, Kind::Text) => self.count(Size::text(left.text.and(right.text))),
            (Kind::Any, Kind::Any) => self.count(Size {
                text: left.text.and(right.text),
                elements: left.elements.and(right.elements),
                kind: Kind::Any,
            }),
        }
    }

    /// What a function makes of its subject; `put_in` is the length of the text that it may put in
    /// many times.
    pub(super) fn call(
        &mut self,
        function: &str,
        subject: Size,
        put_in: usize,
    ) -> Result<Size, ConditionError> {
        let put_in = u64::try_from(put_in).unwrap_or(u64::MAX);
        let own = subject.text;
        match function {
            "dyn" => Ok(subject.part()),
            "bytes" | "charAt" | "lowerAscii" | "reverse" | "substring" | "trim" | "upperAscii" => {
                self.count(Size::text(own))
            }
            "string" => self.count(Size::text(own.and(self.rounds.of(FIXED_BYTES)))),
            // An empty text is found between all characters, and at both ends.
            "replace" => self.count(Size::text(own.and(own.and(self.rounds).of(put_in)))),
            "join" => self.count(Size::text(own.and(subject.elements.of(put_in)))),
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

    /// From here on a step is taken for each element of this; returns how often it was taken
    /// before, and how large all elements are together.
    pub(super) fn enter(&mut self, range: Size) -> (Rounds, Size) {
        (
            Rounds(std::mem::replace(&mut self.rounds, range.elements)),
            range.part(),
        )
    }

    /// The loop is over.
    pub(super) fn leave(&mut self, before: Rounds) {
        self.rounds = before.0;
    }

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

/// How often a step was taken before a loop.
#[derive(Clone, Copy)]
pub(super) struct Rounds(Amount);
