//! The place where a proxy writes the address of its client.

/// The place where the proxy that asks writes the address of its client.
///
/// The proxy's own entry counts. Each entry to the left of it may be forged by the client, and is
/// read only if the entry on its right is the address of a known proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSource<'a> {
    /// The proxy does not write it.
    Unknown,
    /// The last entry of the field with this name.
    LastOf(&'static str),
    /// This field, and the last entry of `list` where it is absent. `list` also has the addresses
    /// further left.
    FieldOrLastOf {
        /// The name of the field that has this one address.
        field: &'static str,
        /// The name of the field that has a list.
        list: &'static str,
    },
    /// An attribute beside the header fields. `list` has the addresses further left.
    Attribute {
        /// The attribute, if it is there.
        address: Option<&'a str>,
        /// The name of the field that has a list.
        list: &'static str,
    },
}
