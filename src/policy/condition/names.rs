//! Names that mean something in every condition.

/// The variables without a part, each a name of its own.
pub(super) const VARIABLES: &str = "claims user now";

/// The names of types.
pub(super) const TYPES: &str = "bool bytes double int list map null_type string type uint";

/// Returns whether a name is one of these, which are separated by blanks.
pub(super) fn is_among(name: &str, names: &str) -> bool {
    names.split_whitespace().any(|own| own == name)
}
