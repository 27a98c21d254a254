//! The cost of a hash.

/// The cost of one hash. Between costs of one algorithm, the greater one takes about as long or
/// longer; between algorithms, the order says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::config::listed) enum HashCost {
    Bcrypt(u32),
    Argon2id {
        memory: u32,
        passes: u32,
        lanes: u32,
        output: usize,
    },
}
