//! What the program is built of. `make deny` asks cargo-deny the same questions; here they are
//! asked on every change, by the same lists (`deny.toml`).

use std::process::Command;

use crate::support::{program, repository, shipped};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// A crate that is built: for the program, its build or its tests.
struct Crate {
    name: String,
    version: String,
    licence: String,
}

/// The crates that are built. `Cargo.lock` also has those that some feature of some dependency
/// would bring, and which is off.
fn built() -> Vec<Crate> {
    let mut cargo = Command::new(program("cargo"));
    cargo.args([
        "tree",
        "--offline",
        "--locked",
        "--edges=all",
        "--prefix=none",
        "--format={p};{l}",
    ]);
    cargo.args(TARGETS.iter().flat_map(|target| ["--target", target]));
    let output = cargo.current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let tree = String::from_utf8(output.stdout).unwrap();
    let crates = tree.lines().filter_map(|line| {
        let (package, licence) = line.split_once(';')?;
        let mut words = package.split(' ');
        let (name, version) = (
            words.next()?.to_owned(),
            words.next()?.trim_start_matches('v').to_owned(),
        );
        Some(Crate {
            name,
            version,
            licence: licence.trim_end_matches(" (*)").to_owned(),
        })
    });
    crates.collect()
}

/// The quoted words of `deny.toml` between these two.
fn list(begin: &str, end: &str) -> Vec<String> {
    let text = shipped("deny.toml", &[]);
    let rest = text
        .split_once(begin)
        .unwrap()
        .1
        .split_once(end)
        .unwrap()
        .0
        .to_owned();
    rest.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn k10_nothing_that_is_banned_is_built() {
    let banned = list("\ndeny = [", "\n]");
    assert!(banned.contains(&"openssl".to_owned()) && banned.contains(&"ring".to_owned()));
    let built = built();
    assert!(built.len() > 200, "the tree was not read");
    for package in &built {
        let ban = banned.iter().find(|ban| is(package, ban));
        assert!(
            ban.is_none(),
            "{} {} is banned",
            package.name,
            package.version
        );
    }
}

/// Whether it is this crate, or is older than this version of it: `h2:<0.4`.
fn is(package: &Crate, ban: &str) -> bool {
    let Some((name, below)) = ban.split_once(":<") else {
        return package.name == ban;
    };
    package.name == name && numbers(&package.version) < numbers(below)
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map_while(|number| number.parse().ok())
        .collect()
}

#[test]
fn k10_bans_are_understood() {
    let package = |name: &str, version: &str| Crate {
        name: name.into(),
        version: version.into(),
        licence: String::new(),
    };
    assert!(is(&package("h2", "0.3.27"), "h2:<0.4") && !is(&package("h2", "0.4.1"), "h2:<0.4"));
    assert!(is(&package("ring", "0.17.14"), "ring") && !is(&package("ring-io", "1.0.0"), "ring"));
}

/// What is published cannot be exchanged: the lock file has the digest of each crate.
#[test]
fn k10_everything_comes_from_crates_io_with_its_digest() {
    let lock = shipped("Cargo.lock", &[]);
    let packages: Vec<_> = lock
        .split("[[package]]")
        .skip(1)
        .filter(|package| !package.contains("\"doorward\""))
        .collect();
    assert!(packages.len() > 200, "the lock file was not read");
    for package in packages {
        assert!(
            package
                .contains("\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"),
            "{package}"
        );
        assert!(package.contains("\nchecksum = \""), "{package}");
    }
}

#[test]
fn k10_every_licence_is_allowed() {
    let allowed = list("\nallow = [", "]");
    // Pairs of a crate and its licence.
    let exceptions = list("\nexceptions = [", "}]");
    let is_exception = |package: &Crate| {
        exceptions
            .chunks(2)
            .any(|pair| pair == [package.name.as_str(), package.licence.as_str()])
    };
    let wrong: Vec<_> = built()
        .into_iter()
        .filter(|package| !is_exception(package))
        .filter(|package| {
            !Licence {
                rest: &package.licence,
                allowed: &allowed,
            }
            .any()
        })
        .map(|package| format!("{}: {:?}", package.name, package.licence))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn k10_licences_are_understood() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    let may = |text: &str| {
        Licence {
            rest: text,
            allowed: &allowed,
        }
        .any()
    };
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0/MIT",
        "ISC AND (GPL-3.0 OR MIT)",
        "A AND B OR MIT",
        "MIT or GPL-3.0",
    ] {
        assert!(may(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT WITH exception",
        "(MIT OR ISC) AND GPL-3.0",
        "MIT MIT",
        "MIT)",
        "MIT and GPL-3.0",
        "MIT with exception",
        "MIT Or GPL-3.0",
    ] {
        assert!(!may(bad), "{bad}");
    }
}

/// An SPDX expression while it is read: `AND` binds closer than `OR`, which older ones write as `/`
/// manifests. Operators are all in upper case or all in lower case.
struct Licence<'a> {
    rest: &'a str,
    allowed: &'a [String],
}

impl Licence<'_> {
    fn any(mut self) -> bool {
        let may = self.alternatives();
        may && self.rest.trim().is_empty()
    }

    fn alternatives(&mut self) -> bool {
        let mut may = self.together();
        while self.takes("OR") || self.takes("/") {
            may |= self.together();
        }
        may
    }

    fn together(&mut self) -> bool {
        let mut may = self.one();
        while self.takes("AND") {
            may &= self.one();
        }
        may
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let may = self.alternatives();
            return self.takes(")") && may;
        }
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find([' ', '/', '(', ')'])
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        // An exception makes it another licence, which is not on the list.
        let excepted = self.takes("WITH");
        if excepted {
            self.one();
        }
        !excepted && self.allowed.iter().any(|own| own == name)
    }

    fn takes(&mut self, word: &str) -> bool {
        let left = self.rest.trim_start();
        let rest = left
            .strip_prefix(word)
            .or_else(|| left.strip_prefix(&word.to_ascii_lowercase()));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}
