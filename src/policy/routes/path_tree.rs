//! Routes by the segments of their paths.

use std::collections::HashMap;

use super::cover::Cover;
use super::path_pattern::{Segment, Star};
use super::search::{NO_ROUTE, Search};
use super::{PathPattern, Route};
use crate::domain::Reason;

/// The routes for one host, or for any host, by their paths.
#[derive(Debug)]
pub(super) struct PathTree {
    /// The routes that do not look at the path.
    blind: Vec<usize>,
    root: Node,
    /// The number of the first route that looks at the path and takes no parameters in it.
    first_strict: usize,
}

/// The patterns with the same segments at their beginning.
///
/// Only one path through the tree leads from the root to a node. So a search visits a node at most
/// once, and there is no backtracking that a crafted path could make expensive.
#[derive(Debug)]
struct Node {
    /// The number of the first route at this node or below it.
    first: usize,
    literals: HashMap<Box<str>, Node>,
    stars: HashMap<Star, Node>,
    /// The routes whose pattern ends here.
    exact: Vec<usize>,
    /// The routes whose pattern ends here with `/**`.
    below: Vec<usize>,
}

impl Default for PathTree {
    fn default() -> Self {
        Self {
            blind: Vec::new(),
            root: Node::default(),
            first_strict: NO_ROUTE,
        }
    }
}

impl PathTree {
    /// Adds a route. Routes must be added in the order of their numbers.
    pub(super) fn add(&mut self, number: usize, route: &Route) {
        let Some(pattern) = &route.path else {
            return self.blind.push(number);
        };
        if !route.allow_path_parameters {
            self.first_strict = self.first_strict.min(number);
        }
        self.root.add(number, pattern);
    }

    pub(super) fn search(&self, search: &mut Search<'_, '_>) {
        search.offer(&self.blind);
        let path = match &search.request.path {
            Ok(path) => path,
            Err(reason) => return search.refuse(self.root.first, *reason),
        };
        if path.has_parameters() {
            search.refuse(self.first_strict, Reason::ForwardedHeadersAmbiguous);
        }
        self.root.search(path.as_str().strip_prefix('/'), search);
    }

    /// Offers all routes that take every request which the path of the covered route matches.
    pub(super) fn cover(&self, cover: &mut Cover<'_>) {
        cover.offer(&self.blind);
        match &cover.route.path {
            // A route for every path refuses requests whose path cannot be relied on.
            None => cover.offer(&self.root.below),
            Some(pattern) => self
                .root
                .cover(&pattern.segments, pattern.with_below, cover),
        }
    }
}

impl Default for Node {
    fn default() -> Self {
        let (literals, stars, exact, below) = Default::default();
        Self {
            first: NO_ROUTE,
            literals,
            stars,
            exact,
            below,
        }
    }
}

impl Node {
    fn add(&mut self, number: usize, pattern: &PathPattern) {
        self.first = self.first.min(number);
        let mut node = self;
        for segment in &pattern.segments {
            node = node.child(segment);
            node.first = node.first.min(number);
        }
        if pattern.with_below {
            &mut node.below
        } else {
            &mut node.exact
        }
        .push(number);
    }

    fn child(&mut self, segment: &Segment) -> &mut Self {
        match segment {
            Segment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            Segment::Star(star) => self.stars.entry(star.clone()).or_default(),
        }
    }

    /// Continues with the rest of a pattern.
    fn cover(&self, rest: &[Segment], with_below: bool, cover: &mut Cover<'_>) {
        if !cover.is_open_for(self.first) {
            return;
        }
        cover.offer(&self.below);
        let Some((segment, rest)) = rest.split_first() else {
            // A pattern that ends here takes no request for a path below it.
            return cover.offer(if with_below { &[] } else { &self.exact });
        };
        if let Segment::Literal(text) = segment
            && let Some(next) = self.literals.get(text)
        {
            next.cover(rest, with_below, cover);
        }
        for (_, next) in self.stars.iter().filter(|(star, _)| star.covers(segment)) {
            next.cover(rest, with_below, cover);
        }
    }

    /// Continues with the rest of the path, without the slash in front; `None` if the path ends
    /// here.
    fn search(&self, rest: Option<&str>, search: &mut Search<'_, '_>) {
        if !search.is_open_for(self.first) {
            return;
        }
        search.offer(&self.below);
        let Some(rest) = rest else {
            return search.offer(&self.exact);
        };
        let (segment, rest) = rest
            .split_once('/')
            .map_or((rest, None), |(segment, rest)| (segment, Some(rest)));
        if let Some(next) = self.literals.get(segment) {
            next.search(rest, search);
        }
        for (_, next) in self.stars.iter().filter(|(star, _)| star.matches(segment)) {
            next.search(rest, search);
        }
    }
}
