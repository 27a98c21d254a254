//! Routes: which requests they match, and the rules that apply to those requests.

pub(crate) mod requirements;
mod rules;

pub(super) use rules::General;

use std::collections::HashMap;

use super::denials::{CustomDenial, DenialKey};
use super::{ProxySettings, denials, tokens};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::RouteIndex;
use crate::policy::{
    HostPattern, Methods, PathPattern, Preflight, Route, RouteName, RouteNameTaken,
    RoutePatternError, RouteTable, UnreachedRoute,
};
use rules::{ACCESS, ALLOW_PREFLIGHT, AUDIENCE, DIRECTORY, ISSUERS, REPORT_ONLY, REQUIRE};

pub(crate) const ROUTES: Setting = Setting::optional(
    "routes",
    "every request needs a valid token",
    "Routes. Only in the file. The first route that matches a request decides. A request that no route matches is refused with `route_denied`.",
)
.shaped(Shape::Sections(&[ENTRY]));

const NAME: Setting = Setting::required(
    "name",
    "Name of the route in logs, in metrics and in the path `/policy/NAME/verify`.",
);
const MATCH: Setting = Setting::required(
    "match",
    "Which requests the route applies to. A mapping with `host`, `path` and `methods` (next table), all of which must match. `{}` matches every request.",
)
.shaped(Shape::Section(&[MATCH_ENTRY]));
const ALLOW_PATH_PARAMETERS: Setting = Setting::new(
    "allow_path_parameters",
    "false",
    "`true`: a path may have parameters, as in `/a;x=y`. They are not compared with `path`. So the application must ignore them too.",
)
.shaped(Shape::Boolean);

/// The settings of one route.
pub(super) const ENTRY: &[Setting] = &[
    NAME,
    MATCH,
    ACCESS,
    ISSUERS,
    AUDIENCE,
    tokens::TOKEN_SOURCES,
    denials::DENIALS,
    denials::RESOURCE_METADATA,
    REQUIRE,
    DIRECTORY,
    ALLOW_PREFLIGHT,
    ALLOW_PATH_PARAMETERS,
    REPORT_ONLY,
];

const HOST: Setting = Setting::optional(
    "host",
    "every host",
    "A host name without a port. `*.example.com` matches every host below `example.com`, but not `example.com` itself.",
);
const PATH: Setting = Setting::optional(
    "path",
    "every path",
    "A path, without percent-encoding. `*` matches any text inside one segment. `/**` at the end matches the path before it and everything below.",
);
const METHODS: Setting = Setting::optional(
    "methods",
    "every method",
    "A list of methods. They are compared exactly: `GET` does not match HEAD.",
)
.shaped(Shape::List(&Shape::Text));

/// The settings of `match`.
pub(super) const MATCH_ENTRY: &[Setting] = &[HOST, PATH, METHODS];

/// The routes, and the denial responses that some of them have of their own.
#[derive(Debug)]
pub struct RouteSettings {
    /// The routes, ready to be matched.
    pub table: RouteTable,
    /// The denial responses of routes that have their own, by route.
    pub denials: HashMap<RouteIndex, RouteDenials>,
    /// The routes that no request matches, because earlier routes match all of their requests. They
    /// can still be selected by name.
    pub unreached: Vec<UnreachedRoute>,
}

/// The settings of a route that replace the general denial responses.
#[derive(Debug)]
pub struct RouteDenials {
    /// The name of the route.
    pub name: RouteName,
    /// The denials of the route; the general ones if `None`.
    pub denials: Option<Vec<(DenialKey, CustomDenial)>>,
    /// The `resource_metadata` of the route's challenges; the general one if `None`.
    pub resource_metadata: Option<String>,
}

/// The most warnings about paths; ten thousand routes may have the same mistake.
const MAX_PATH_WARNINGS: usize = 20;

impl RouteSettings {
    /// Returns a warning for each path that looks like a regular expression: it is compared in
    /// another way, so the rules of the route may not apply where they are meant to.
    pub fn path_warnings(&self) -> impl Iterator<Item = String> {
        let routes = self.table.iter().filter_map(|route| {
            let path = route.path.as_ref()?;
            let sign = path.regex_sign()?;
            let meaning = match sign {
                ".*" => "`.*` is a dot and any text inside one segment".to_owned(),
                sign => format!("`{sign}` stands for itself"),
            };
            let (index, name, path) = (route.index, &route.name, path.to_string());
            Some(format!(
                "routes[{index}] {name}: the path {path:?} is no regular expression: {meaning} \
                 (`/**` at the end is everything below)"
            ))
        });
        routes.take(MAX_PATH_WARNINGS)
    }

    pub(super) fn read(
        reader: &mut Reader,
        general: Result<General<'_>, Reported>,
    ) -> Result<Option<Self>, Reported> {
        let read = reader.sections(&ROUTES, &[], |entry, position| {
            read_route(entry, position, general)
        });
        let Some(read) = read? else { return Ok(None) };
        let mut denials = HashMap::new();
        let mut routes = Vec::with_capacity(read.len());
        for (route, own) in read {
            if own.denials.is_some() || own.resource_metadata.is_some() {
                denials.insert(route.index, own);
            }
            routes.push(route);
        }
        match RouteTable::new(routes) {
            Ok(table) => {
                let unreached = table.unreached();
                reader.refuse_elements(
                    &ROUTES,
                    unreached
                        .iter()
                        .filter(|route| route.is_opened())
                        .map(unprotected_route),
                )?;
                Ok(Some(Self {
                    table,
                    denials,
                    unreached,
                }))
            }
            Err(taken) => reader
                .refuse_elements(&ROUTES, taken.into_iter().map(duplicate_name))
                .map(|()| None),
        }
    }
}

/// Describes a route whose requests pass without a token, because an earlier route matches them.
/// This is an error and not a warning: the operator wrote the route to protect something.
fn unprotected_route(route: &UnreachedRoute) -> (usize, Invalid) {
    let hint = "so they pass without a token: put it in front, or let the earlier match less";
    (
        route.index.get(),
        Invalid::new(route.to_string()).hint(hint),
    )
}

fn duplicate_name(RouteNameTaken { first, again, name }: RouteNameTaken) -> (usize, Invalid) {
    let invalid = Invalid::new(format!("is called {name}, as routes[{first}] is"));
    (
        again.get(),
        invalid.hint("give each route a name of its own"),
    )
}

fn read_route(
    reader: &mut Reader,
    position: usize,
    general: Result<General<'_>, Reported>,
) -> Result<(Route, RouteDenials), Reported> {
    let name = reader.required(&NAME, route_name, "give it a name, such as admin");
    let matches = reader.mapping(&MATCH, read_match).and_then(|matches| {
        // A missing `match` is not taken for "every request": it may be the end of a file that was
        // cut off.
        matches.ok_or_else(|| {
            reader.refuse(
                &MATCH,
                Invalid::new("missing").hint("write match: {} for every request"),
            )
        })
    });
    let allow_path_parameters = reader.read(&ALLOW_PATH_PARAMETERS, value::boolean);
    let denials = denials::read_denials(reader);
    let resource_metadata = denials::read_resource_metadata(reader);
    let rules = rules::read(reader, general, allow_path_parameters);
    let general = general?;
    let Match {
        host,
        path,
        methods,
    } = matches?;
    let route = Route {
        name: name?,
        index: RouteIndex::new(position),
        host,
        path,
        methods,
        allow_path_parameters: allow_path_parameters?,
        rules: rules?,
    };
    refuse_undescribed_request(reader, &route, general.proxy)?;
    let denials = RouteDenials {
        name: route.name.clone(),
        denials: denials?,
        resource_metadata: resource_metadata?,
    };
    Ok((route, denials))
}

struct Match {
    host: Option<HostPattern>,
    path: Option<PathPattern>,
    methods: Option<Methods>,
}

fn read_match(reader: &mut Reader) -> Result<Match, Reported> {
    let host = reader.optional(&HOST, |text| {
        HostPattern::parse(text).map_err(|error| pattern(text, error))
    });
    let path = reader.optional(&PATH, |text| {
        PathPattern::parse(text).map_err(|error| pattern(text, error))
    });
    let methods = reader.optional_list(&METHODS, |text| Ok(text.to_owned()))?;
    let methods = methods.map(|methods| {
        let parsed = Methods::parse(methods.iter().map(String::as_str));
        parsed.map_err(|error| {
            reader.refuse(&METHODS, Invalid::new(error.to_string()).hint(error.hint()))
        })
    });
    Ok(Match {
        host: host?,
        path: path?,
        methods: methods.transpose()?,
    })
}

fn pattern(text: &str, error: RoutePatternError) -> Invalid {
    Invalid::new(format!("{text:?}: {error}")).hint(error.hint())
}

fn refuse_undescribed_request(
    reader: &mut Reader,
    route: &Route,
    proxy: &ProxySettings,
) -> Result<(), Reported> {
    if !route.needs_request() {
        return Ok(());
    }
    let setting = match () {
        () if !route.is_for_everything() => &MATCH,
        () if route.rules.preflight == Preflight::Allowed => &ALLOW_PREFLIGHT,
        () if route.rules.sources.needs_request() => &tokens::TOKEN_SOURCES,
        () => &REQUIRE,
    };
    proxy
        .dialect
        .require_named_proxy(reader, setting, "request")
}

fn route_name(text: &str) -> Result<RouteName, Invalid> {
    RouteName::parse(text)
        .map_err(|error| Invalid::new(format!("{text:?}: {error}")).hint(error.hint()))
}
