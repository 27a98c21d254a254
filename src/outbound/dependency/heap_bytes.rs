//! The memory of a value besides itself.

/// Tells how many bytes a key or a value takes in memory besides itself. Caches are bounded by it.
pub trait HeapBytes {
    /// Returns at most about how many bytes this takes in other pieces of memory, also by what is
    /// made of it later.
    fn heap_bytes(&self) -> usize;
}
