//! Links of the documentation: files exist, and headings have the anchors that links name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::repository;

#[test]
fn links_lead_to_files_and_headings() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = prose(&std::fs::read_to_string(&page).unwrap());
        for target in targets(&text) {
            seen += 1;
            if let Err(why) = follow(&page, &target) {
                let page = page.strip_prefix(repository()).unwrap().display();
                wrong.push(format!("{page}: {target}: {why}"));
            }
        }
    }
    assert!(seen > 200, "only {seen} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let page = repository().join("docs/README.md");
    for target in [
        "nothing.md",
        "settings.md#nothing",
        "#nothing",
        "../src/lib.rs#L1000000",
        "../../elsewhere.md",
        "../.git/HEAD",
    ] {
        assert!(follow(&page, target).is_err(), "{target}");
    }
    for target in [
        "https://www.rfc-editor.org/rfc/rfc7519#nothing",
        "mailto:a@b.example",
        "settings.md#service",
        "../src/lib.rs#L1",
        "../deploy",
    ] {
        assert_eq!(follow(&page, target), Ok(()), "{target}");
    }
}

/// As GitHub makes them: see `tests` of its `html-pipeline`, and what its pages have.
#[test]
fn anchors_are_those_of_github() {
    let text = "\
# The `match` of a *route*\n## A/B & C: d_e\n## 1. [Linked](x.md#y), \"quoted\"\n```sh\n# a comment\n```\n## Twice\n## Twice\n### Über ξ — 5 %\n\
<a id=\"own\"></a>\n## Ends in hashes ##\n#no heading\n";
    assert_eq!(
        anchors(text),
        [
            "the-match-of-a-route",
            "ab--c-d_e",
            "1-linked-quoted",
            "twice",
            "twice-1",
            "über-ξ--5-",
            "ends-in-hashes",
            "own",
        ]
    );
}

#[test]
fn links_in_code_are_no_links() {
    let text = prose(
        "[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[`g`](h.md#i \"title\")\n[j]: k.md\n<img src=\"l.svg\">\n",
    );
    assert_eq!(targets(&text), ["b.md", "h.md#i", "k.md", "l.svg"]);
}

/// Everything that readers are sent to.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> = [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ]
    .map(|page| repository().join(page))
    .to_vec();
    collect(&repository().join("docs"), &mut pages, |_| true);
    collect(&repository().join("deploy"), &mut pages, |name| {
        name.starts_with("README")
    });
    pages
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>, is_page: fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, pages, is_page);
        } else if is_markdown(&path) && is_page(name) {
            pages.push(path);
        }
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// The text without blocks of code.
fn without_blocks(text: &str) -> String {
    let mut fence = None;
    let mut kept = String::new();
    for line in text.lines() {
        let start = line.trim_start();
        match fence {
            None if start.starts_with("```") => fence = Some("```"),
            None if start.starts_with("~~~") => fence = Some("~~~"),
            Some(mark) if start.starts_with(mark) => fence = None,
            Some(_) => {}
            None => kept.extend([line, "\n"]),
        }
    }
    kept
}

/// The text without code, where `[a](b)` is no link.
fn prose(text: &str) -> String {
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new("``[^`].*?``|`[^`\n]*`").unwrap());
    CODE.replace_all(&without_blocks(text), "").into_owned()
}

fn targets(prose: &str) -> Vec<String> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?m)\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^ {0,3}\[[^\]^][^\]]*\]: *(\S+)|(?:href|src|srcset)="([^"]+)""#)
            .unwrap()
    });
    let found = LINK.captures_iter(prose);
    found
        .map(|link| {
            let groups = link.iter().skip(1).flatten();
            groups.map(|group| group.as_str()).collect()
        })
        .collect()
}

/// Says why a link leads nowhere. Links to other hosts are not followed.
fn follow(page: &Path, target: &str) -> Result<(), String> {
    static SCHEME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[a-zA-Z][a-zA-Z0-9+.-]*:").unwrap());
    if SCHEME.is_match(target) {
        return Ok(());
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        page.to_owned()
    } else {
        page.parent().unwrap().join(file)
    };
    let path = path.canonicalize().map_err(|error| error.to_string())?;
    let root = repository().canonicalize().unwrap();
    let Ok(inside) = path.strip_prefix(&root) else {
        return Err("outside of the repository".to_owned());
    };
    let first = inside.iter().next().unwrap_or_default();
    if [".git", ".tools", "target"].iter().any(|own| first == *own) {
        return Err("not part of the repository".to_owned());
    }
    if fragment.is_empty() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let is_there = if is_markdown(&path) {
        anchors(&text).iter().any(|anchor| anchor == fragment)
    } else {
        let line = fragment
            .strip_prefix('L')
            .and_then(|line| line.parse().ok());
        line.is_some_and(|line: usize| (1..=text.lines().count()).contains(&line))
    };
    is_there
        .then_some(())
        .ok_or_else(|| "no such heading or line".to_owned())
}

/// The anchors of a page: those of its headings in order, then its own.
fn anchors(text: &str) -> Vec<String> {
    static HEADING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$").unwrap());
    static LINK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"!?\[([^\]]*)\]\([^)]*\)").unwrap());
    static OWN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"<a (?:id|name)="([^"]+)""#).unwrap());
    let text = without_blocks(text);
    let mut times = BTreeMap::new();
    let headings = HEADING.captures_iter(&text).map(|heading| {
        let anchor = anchor(&LINK.replace_all(&heading[1], "$1"));
        let before = times.entry(anchor.clone()).or_insert(0);
        *before += 1;
        match *before {
            1 => anchor,
            number => format!("{anchor}-{}", number - 1),
        }
    });
    let mut anchors: Vec<_> = headings.collect();
    anchors.extend(OWN.captures_iter(&text).map(|own| own[1].to_owned()));
    anchors
}

/// Lower case; letters, digits, `-` and `_` stay, spaces become hyphens, everything else goes.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    kept.flat_map(char::to_lowercase).collect()
}
