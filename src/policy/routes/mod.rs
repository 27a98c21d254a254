//! Which route a request takes.
//!
//! Routes are asked in their order, and the first match counts. A route looks at the host first,
//! then at the path, then at the method, and at each only if it says something about it. If it
//! comes to look at a part that the proxy did not describe, or described in a way that two servers
//! may read differently, the request is refused: to go on with the next route would be to assume
//! that this one did not match.
//!
//! [`RouteTable::explain`] does exactly that. [`RouteTable::find`] comes to the same end without a
//! walk, through two trees: host labels from the right, and in each place the segments of paths.

mod access;
mod cover;
mod explain;
mod host_pattern;
mod host_tree;
mod methods;
mod path_pattern;
mod path_tree;
mod pattern_error;
mod route;
mod route_issuers;
mod route_name;
mod search;
mod table;
mod unreached;

pub use access::Access;
pub use host_pattern::HostPattern;
pub use methods::Methods;
pub use path_pattern::PathPattern;
pub use pattern_error::RoutePatternError;
pub use route::{Route, RoutePart, RouteVerdict};
pub use route_issuers::RouteIssuers;
pub use route_name::{RouteName, RouteNameError};
pub use table::{RouteNameTaken, RouteTable};
pub use unreached::{EarlierRoute, UnreachedRoute};
