//! Selects the route of a request.
//!
//! Routes are tried in order, and the first that matches counts. A route compares the host, then
//! the path, then the method, and of these only what it sets. If it needs a part that the proxy did
//! not describe, or that two servers may read differently, the request is refused. Trying the next
//! route instead would assume that this one did not match.
//!
//! [`RouteTable::explain`] does exactly this. [`RouteTable::find`] gets the same result faster, by
//! two kinds of trees: one of host labels from the right, and for each host one of path segments.

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
