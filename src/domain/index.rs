//! Positions in lists of the configuration, a type for each list.

use std::fmt;

/// Declares types of positions. A position in one list is none in another.
macro_rules! indices {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(usize);

            impl $name {
                /// Names the element at this position; the first one is at 0.
                pub const fn new(position: usize) -> Self {
                    Self(position)
                }

                /// Returns the position.
                pub const fn get(self) -> usize {
                    self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}", self.0)
                }
            }
        )+
    };
}

indices! {
    /// The position of a route among the routes of the configuration.
    RouteIndex,
    /// The position of an issuer among the issuers of the configuration.
    IssuerIndex,
    /// The position of a token source among the token sources of a route.
    SourceIndex,
}
