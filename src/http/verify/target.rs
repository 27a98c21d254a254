//! The paths of the verify listener.

use super::dialect::Dialect;

/// The purpose of a request to the verify listener.
pub(super) enum Target<'a> {
    /// Verify, with the route selected by matching. The text is the rest of the path behind the
    /// listener's own path, without the query.
    Verify(Dialect, &'a str),
    /// Verify by the rules of the route with this name. The other fields are those of
    /// [`Verify`](Self::Verify).
    VerifyByName(&'a str, Dialect, &'a str),
    /// Describe the denial for the reason with this code, on the route with this name if there is
    /// one.
    Denial(Option<&'a str>, &'a str),
    /// None: no path of this listener.
    Nothing,
}

impl<'a> Target<'a> {
    /// Parses the path of a request. The plain `/verify` is read in the default dialect.
    ///
    /// Paths are compared byte by byte. The query never counts, because some proxies append the
    /// client's own query to it. Where a path has a tail, the tail is the client's path, and
    /// nothing in it can change the target.
    pub(super) fn parse(path: &'a str, default: Dialect) -> Self {
        if let Some(code) = path.strip_prefix("/denial/") {
            return Self::Denial(None, code);
        }
        if let Some(target) = path
            .strip_prefix("/policy/")
            .and_then(|rest| by_name(rest, default))
        {
            return target;
        }
        dialect(path, default).map_or(Self::Nothing, |(dialect, tail)| Self::Verify(dialect, tail))
    }
}

/// Parses what follows `/policy/`: the name of a route, and a path for it.
fn by_name(rest: &str, default: Dialect) -> Option<Target<'_>> {
    let (name, path) = rest.split_at_checked(rest.find('/')?)?;
    if let Some(code) = path.strip_prefix("/denial/") {
        return Some(Target::Denial(Some(name), code));
    }
    let (dialect, tail) = dialect(path, default)?;
    Some(Target::VerifyByName(name, dialect, tail))
}

/// Returns the dialect of a `/verify` path and the path's tail. Only Envoy's path has one.
fn dialect(path: &str, default: Dialect) -> Option<(Dialect, &str)> {
    let whole = |dialect| Some((dialect, ""));
    match path {
        "/verify" => whole(default),
        "/verify/nginx" => whole(Dialect::Nginx),
        "/verify/traefik" | "/verify/caddy" => whole(Dialect::Forwarded),
        "/verify/haproxy" => whole(Dialect::Haproxy),
        _ => {
            let tail = path.strip_prefix("/verify/envoy")?;
            (tail.is_empty() || tail.starts_with('/')).then_some((Dialect::Envoy, tail))
        }
    }
}
