//! The modules of the crate as their files import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use regex::Regex;

/// The path of a module below the crate; empty for its root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModulePath(Vec<String>);

/// One file, with comments and tests left out.
struct Module {
    children: BTreeSet<String>,
    items: BTreeSet<String>,
    /// Names that a `use` brings in, by the path behind them.
    names: BTreeMap<String, Vec<String>>,
    /// Paths that are used: in the code, by `use`, and by re-exports whose names are used.
    paths: Vec<Vec<String>>,
}

/// All files of the crate.
pub struct Modules(BTreeMap<ModulePath, Module>);

impl ModulePath {
    fn of_file(file: &Path) -> Self {
        let name = file.with_extension("");
        let parts = name.iter().map(|part| part.to_str().unwrap().to_owned());
        Self(
            parts
                .filter(|part| part != "mod" && part != "lib")
                .collect(),
        )
    }

    /// The room of the crate in which it is.
    pub fn room(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    fn child(&self, name: &str) -> Self {
        Self([self.0.as_slice(), &[name.to_owned()]].concat())
    }

    fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("::"))
    }
}

impl Modules {
    /// The modules of these files, by their paths below `src`.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Self {
        let modules = files
            .into_iter()
            .map(|(file, text)| (ModulePath::of_file(file), Module::read(text)));
        Self(modules.collect())
    }

    /// Which modules each of them imports from: those where the things are defined, and not those
    /// that only hand them on.
    pub fn imports(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let imports = self.0.iter().map(|(path, module)| {
            let used = module.paths.iter();
            let used = used.filter_map(|segments| self.defining(path, segments, 0));
            (path, used.filter(|used| used != path).collect())
        });
        imports.collect()
    }

    /// The module where the thing at the end of a path is defined, as seen from another module;
    /// nothing if it is of another crate or a module itself, which is counted where it is used.
    fn defining(&self, from: &ModulePath, segments: &[String], depth: u8) -> Option<ModulePath> {
        let (first, rest) = segments.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (ModulePath(Vec::new()), rest),
            "self" => (from.clone(), rest),
            "super" => (from.parent()?, rest),
            _ => (from.clone(), segments),
        };
        while let Some((name, behind)) = rest.split_first() {
            if name == "super" {
                at = at.parent()?;
                rest = behind;
                continue;
            }
            let module = self.0.get(&at)?;
            if module.children.contains(name) {
                at = at.child(name);
                rest = behind;
            } else if let Some(path) = module.names.get(name).filter(|_| depth < 8) {
                let path = [path.as_slice(), behind].concat();
                return self.defining(&at, &path, depth + 1);
            } else {
                let is_foreign = at == *from && first == name && !module.items.contains(name);
                return (!is_foreign).then_some(at);
            }
        }
        None
    }
}

impl Module {
    fn read(text: &str) -> Self {
        let code = without_tests(text);
        let code = Regex::new("//[^\n]*").unwrap().replace_all(code, "");
        let all_of = |pattern: &str| -> BTreeSet<String> {
            let pattern = Regex::new(pattern).unwrap();
            pattern
                .captures_iter(&code)
                .map(|found| found[1].to_owned())
                .collect()
        };
        let item = r"(?m)^(?:pub(?:\([a-z: ]+\))? )?(?:const |async )*(?:fn|struct|enum|trait|type|const|static)\s+(\w+)";
        let (mut names, mut imported, mut exports) = (BTreeMap::new(), Vec::new(), Vec::new());
        let uses = Regex::new(r"(?m)^(pub(?:\([a-z: ]+\))? )?use ([^;]+);").unwrap();
        for found in uses.captures_iter(&code) {
            for (path, name) in flattened(&found[2]) {
                match found.get(1) {
                    None => imported.push(path.clone()),
                    Some(_) => exports.push((path.clone(), name.clone())),
                }
                names.insert(name, path);
            }
        }
        let body = uses.replace_all(&code, "");
        // What a file hands on it may use itself.
        let words: BTreeSet<_> = Regex::new(r"\w+")
            .unwrap()
            .find_iter(&body)
            .map(|word| word.as_str())
            .collect();
        exports.retain(|(_, name)| words.contains(name.as_str()));
        imported.extend(exports.into_iter().map(|(path, _)| path));
        let path = Regex::new(r"(?:^|[^\w:.$])([a-z_]\w*(?:::\w+)+)").unwrap();
        imported.extend(
            path.captures_iter(&body)
                .map(|found| found[1].split("::").map(str::to_owned).collect()),
        );
        Self {
            children: all_of(r"(?m)^(?:pub(?:\([a-z]+\))? )?mod (\w+);"),
            items: all_of(item),
            names,
            paths: imported,
        }
    }
}

/// A file without its tests, which may use whatever they need.
pub fn without_tests(text: &str) -> &str {
    let tests =
        Regex::new(r"#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*(?:pub(?:\([a-z]+\))? )?mod tests \{")
            .unwrap();
    tests
        .find(text)
        .map_or(text, |found| &text[..found.start()])
}

/// The paths of a `use`, each with the name that it brings in.
fn flattened(tree: &str) -> Vec<(Vec<String>, String)> {
    let token = Regex::new(r"\w+|[{},*]").unwrap();
    let mut tokens = token.find_iter(tree).map(|found| found.as_str()).peekable();
    let mut all = Vec::new();
    flatten(&mut tokens, &[], &mut all);
    all
}

fn flatten<'t>(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>,
    before: &[String],
    all: &mut Vec<(Vec<String>, String)>,
) {
    let (mut path, mut alias) = (before.to_vec(), None);
    while let Some(token) = tokens.next_if(|token| !matches!(*token, "," | "}")) {
        match token {
            "{" => {
                while tokens.peek().is_some_and(|token| *token != "}") {
                    flatten(tokens, &path, all);
                    tokens.next_if_eq(&",");
                }
                tokens.next();
                return;
            }
            "as" => alias = tokens.next(),
            "self" if !path.is_empty() => {}
            name => path.push(name.to_owned()),
        }
    }
    if let Some(last) = path.last().filter(|last| *last != "*").cloned() {
        all.push((path, alias.map_or(last, str::to_owned)));
    }
}

/// Circles of imports: modules that import each other, directly or by way of others.
pub fn circles(imports: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>) -> Vec<String> {
    let mut left: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = imports
        .iter()
        .map(|(path, used)| (*path, used.iter().collect()))
        .collect();
    // What imports nothing that is left, or is imported by nothing that is left, is in no circle.
    loop {
        let used: BTreeSet<_> = left.values().flatten().copied().collect();
        let done: Vec<_> = left
            .iter()
            .filter(|(path, uses)| uses.is_empty() || !used.contains(*path))
            .map(|(path, _)| *path)
            .collect();
        if done.is_empty() {
            break;
        }
        for path in &done {
            left.remove(*path);
        }
        let there: BTreeSet<_> = left.keys().copied().collect();
        for uses in left.values_mut() {
            uses.retain(|used| there.contains(used));
        }
    }
    let line = |(path, uses): (&&ModulePath, &BTreeSet<&ModulePath>)| {
        let uses: Vec<_> = uses.iter().map(ToString::to_string).collect();
        format!("{path} imports {}", uses.join(", "))
    };
    left.iter().map(line).collect()
}

#[test]
fn a_circle_is_found_through_re_exports_and_paths() {
    let files = [
        ("lib.rs", "pub mod a;\npub mod b;\n"),
        (
            "a/mod.rs",
            "mod one;\nmod two;\npub use one::One;\npub use two::two;\n",
        ),
        (
            "a/one.rs",
            "use crate::b::{Other as Renamed, helper};\npub struct One(Renamed);\n",
        ),
        ("a/two.rs", "pub fn two() {}\n"),
        (
            "b.rs",
            "// use crate::nothing::X;\npub struct Other;\npub fn helper() { crate::a::One::make(); }\n",
        ),
    ];
    let modules = Modules::read(files.map(|(file, text)| (Path::new(file), text)));
    assert_eq!(
        circles(&modules.imports()),
        ["a::one imports b", "b imports a::one"]
    );
}

#[test]
fn what_is_handed_on_and_used_counts() {
    let files = [
        ("lib.rs", "pub mod a;\n"),
        (
            "a/mod.rs",
            "mod one;\npub use one::One;\npub struct Base;\npub type Two = [One; 2];\n",
        ),
        ("a/one.rs", "use super::Base;\npub struct One(Base);\n"),
    ];
    let modules = Modules::read(files.map(|(file, text)| (Path::new(file), text)));
    assert_eq!(
        circles(&modules.imports()),
        ["a imports a::one", "a::one imports a"]
    );
}

#[test]
fn what_is_only_handed_on_makes_no_circle() {
    let files = [
        ("lib.rs", "pub mod a;\n"),
        (
            "a/mod.rs",
            "mod one;\npub use one::One;\npub struct Base;\n",
        ),
        ("a/one.rs", "use super::Base;\npub struct One(Base);\n"),
    ];
    let modules = Modules::read(files.map(|(file, text)| (Path::new(file), text)));
    assert_eq!(circles(&modules.imports()), Vec::<String>::new());
}
