//! Routes by the labels of their hosts, from the right.

use std::collections::HashMap;

use super::cover::Cover;
use super::path_tree::PathTree;
use super::search::{NO_ROUTE, Search};
use super::unreached::UnreachedRoute;
use super::{HostPattern, Route};

/// All routes, by their hosts.
#[derive(Debug)]
pub(super) struct HostTree {
    /// The routes that do not look at the host.
    blind: PathTree,
    root: Node,
    /// The number of the first route that looks at the host.
    first: usize,
}

/// The host patterns with the same labels at their end.
#[derive(Debug, Default)]
struct Node {
    labels: HashMap<Box<str>, Node>,
    /// The routes for this host.
    exact: PathTree,
    /// The routes for the hosts below it.
    below: PathTree,
}

impl HostTree {
    pub(super) fn new(routes: &[Route]) -> Self {
        let mut tree = Self {
            blind: PathTree::default(),
            root: Node::default(),
            first: NO_ROUTE,
        };
        for (number, route) in routes.iter().enumerate() {
            let paths = match &route.host {
                None => &mut tree.blind,
                Some(HostPattern::Exact(host)) => &mut tree.root.descend(host).exact,
                Some(HostPattern::Below(host)) => &mut tree.root.descend(host).below,
            };
            paths.add(number, route);
            if route.host.is_some() {
                tree.first = tree.first.min(number);
            }
        }
        tree
    }

    pub(super) fn search(&self, search: &mut Search<'_, '_>) {
        self.blind.search(search);
        match &search.request.host {
            Ok(host) => self.root.search(host.as_str(), search),
            Err(reason) => search.refuse(self.first, *reason),
        }
    }

    /// Returns the routes that no request reaches, because earlier routes take all of their
    /// requests.
    pub(super) fn unreached(&self, routes: &[Route]) -> Vec<UnreachedRoute> {
        let unreached = |(number, route)| {
            let mut cover = Cover::new(routes, route, number);
            self.cover(&mut cover);
            cover.outcome()
        };
        routes.iter().enumerate().filter_map(unreached).collect()
    }

    /// Offers all routes that take every request which the host and the path of the covered route
    /// match.
    pub(super) fn cover(&self, cover: &mut Cover<'_>) {
        self.blind.cover(cover);
        match &cover.route.host {
            None => {}
            Some(HostPattern::Exact(host)) => self.root.cover(host, |node| &node.exact, cover),
            Some(HostPattern::Below(host)) => self.root.cover(host, |node| &node.below, cover),
        }
    }
}

impl Node {
    fn descend(&mut self, host: &str) -> &mut Self {
        host.rsplit('.').fold(self, |node, label| {
            node.labels.entry(label.into()).or_default()
        })
    }

    fn search(&self, host: &str, search: &mut Search<'_, '_>) {
        let mut node = self;
        for label in host.rsplit('.') {
            node.below.search(search);
            match node.labels.get(label) {
                Some(next) => node = next,
                None => return,
            }
        }
        node.exact.search(search);
    }

    /// Offers the routes for this host and for the hosts above it. At the node where the name ends,
    /// `here` selects the routes for the same hosts.
    fn cover(&self, host: &str, here: impl FnOnce(&Self) -> &PathTree, cover: &mut Cover<'_>) {
        let mut node = self;
        for label in host.rsplit('.') {
            node.below.cover(cover);
            match node.labels.get(label) {
                Some(next) => node = next,
                None => return,
            }
        }
        here(node).cover(cover);
    }
}
