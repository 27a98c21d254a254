//! Routes that no request reaches by matching.

use std::fmt;

use super::access::Access;
use super::route_name::RouteName;
use crate::domain::RouteIndex;

/// A route that no request reaches by host, path and method, because earlier routes match or refuse
/// all of its requests. It can still be selected by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreachedRoute {
    /// Its position among the routes.
    pub index: RouteIndex,
    /// Its name.
    pub name: RouteName,
    /// The routes that take its place; none of them could be left out.
    pub behind: Vec<EarlierRoute>,
    pub(super) access: Access,
}

/// A route that takes what a later one is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRoute {
    /// Its position among the routes.
    pub index: RouteIndex,
    /// Its name.
    pub name: RouteName,
    pub(super) access: Access,
}

impl UnreachedRoute {
    /// Returns whether it asks for a good token, or denies everything, while an earlier one lets
    /// its requests pass without a token.
    pub fn is_opened(&self) -> bool {
        let is_open = |access: Access| matches!(access, Access::Anonymous | Access::Optional);
        !is_open(self.access) && self.behind.iter().any(|earlier| is_open(earlier.access))
    }
}

impl fmt::Display for UnreachedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, behind, .. } = self;
        write!(f, "{name} is never reached by matching: ")?;
        for (
            count,
            EarlierRoute {
                index,
                name,
                access,
            },
        ) in behind.iter().enumerate()
        {
            write!(
                f,
                "{}routes[{index}] {name} ({access})",
                if count > 0 { " and " } else { "" }
            )?;
        }
        write!(
            f,
            " {} every request first",
            if behind.len() > 1 { "take" } else { "takes" }
        )
    }
}
