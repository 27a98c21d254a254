//! Claims and columns as values of the expression language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::{CowVal, Val};

use crate::jose::Json;
use crate::verify::VerifiedToken;

/// The memory that a value takes beside its text: itself, and its place in a list or a map.
const BYTES_PER_VALUE: usize = 128;

/// The memory that an object takes beside that. With one member or none, it has room for some.
const BYTES_PER_OBJECT: usize = 192;

/// The claims of a token, or the columns of a user's row, as values of the expression language.
///
/// Whole numbers are `int` where they fit, else `uint`; all other numbers are `double`. `null` is
/// `null`.
#[derive(Debug)]
pub(in crate::policy) struct ClaimValues(Box<dyn Val>);

impl ClaimValues {
    /// Converts all claims of a token.
    pub(in crate::policy) fn of(token: &VerifiedToken) -> Option<Self> {
        Self::of_members(token.members()?)
    }

    /// Converts these members.
    pub(in crate::policy) fn of_members(members: Vec<(Cow<'_, str>, Json<'_>)>) -> Option<Self> {
        map(members).map(Self)
    }

    /// Returns values without any member.
    pub(super) fn none() -> &'static Self {
        static NONE: LazyLock<ClaimValues> =
            LazyLock::new(|| ClaimValues(Box::new(CelMap::from(HashMap::<CelMapKey, _>::new()))));
        &NONE
    }

    /// At most about how many bytes the values of these members take in memory.
    pub(in crate::policy) fn size(members: &[(Cow<'_, str>, Json<'_>)]) -> usize {
        let sizes = members.iter().map(|(name, value)| {
            let text = value.as_written();
            // Each value but the first has one of these in front of it or is a member of an object.
            let inner = text
                .bytes()
                .filter(|byte| matches!(byte, b',' | b'[' | b'{'))
                .count();
            let objects = text.bytes().filter(|byte| *byte == b'{').count();
            name.len() + text.len() + (1 + inner) * BYTES_PER_VALUE + objects * BYTES_PER_OBJECT
        });
        sizes.sum()
    }

    pub(super) fn as_val(&self) -> CowVal<'_, '_> {
        CowVal::Borrowed(&*self.0)
    }
}

fn value(json: Json<'_>) -> Option<Box<dyn Val>> {
    Some(match json.as_written().as_bytes() {
        b"null" => Box::new(CelNull),
        b"true" => Box::new(CelBool::from(true)),
        b"false" => Box::new(CelBool::from(false)),
        [b'"', ..] => Box::new(CelString::from(json.string()?.into_owned())),
        [b'[', ..] => {
            let elements: Option<Vec<_>> = json.elements()?.into_iter().map(value).collect();
            Box::new(CelList::from(elements?))
        }
        [b'{', ..] => {
            return map(json.members()?);
        }
        _ => number(json.as_written())?,
    })
}

fn map(members: Vec<(Cow<'_, str>, Json<'_>)>) -> Option<Box<dyn Val>> {
    let member =
        |(name, own): (Cow<'_, str>, _)| Some((CelMapKey::from(name.into_owned()), value(own)?));
    let members: Option<HashMap<_, _>> = members.into_iter().map(member).collect();
    Some(Box::new(CelMap::from(members?)))
}

fn number(written: &str) -> Option<Box<dyn Val>> {
    if let Ok(int) = written.parse::<i64>() {
        return Some(Box::new(CelInt::from(int)));
    }
    if let Ok(uint) = written.parse::<u64>() {
        return Some(Box::new(CelUInt::from(uint)));
    }
    let double = written
        .parse::<f64>()
        .ok()
        .filter(|double| double.is_finite())?;
    Some(Box::new(CelDouble::from(double)))
}
