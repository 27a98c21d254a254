//! What README and docs say is tried out: shell blocks are run, printed errors are the real ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{blocks, doorward};

/// Blocks that are not run here, by their first line, and where the same is run instead.
const RUN_ELSEWHERE: &[(&str, &str)] = &[
    (
        "docker build -t doorward . && docker run --rm -it --network host doorward demo",
        "`make image-test` builds the image around a program that was compiled outside of it, and runs its demo; demo.rs \
         runs the demo without an image",
    ),
    ("make test", "runs this test"),
    (
        "cargo run --release -- demo",
        "demo.rs runs the demo and every line that it prints",
    ),
    (
        "cargo install --path .",
        "builds what this test was built with",
    ),
    (
        "doorward   ",
        "serves until it is stopped; nearly every test does that",
    ),
    (
        "sudo cp deploy/nginx/doorward.conf /etc/nginx/conf.d/",
        "nginx.rs runs these files",
    ),
    ("sudo mkdir -p /etc/traefik", "traefik.rs runs these files"),
];

#[test]
fn shell_blocks_of_the_readme_run() {
    let mut ran = 0;
    for block in blocks("README.md", "sh") {
        let first = block.lines().next().unwrap();
        if RUN_ELSEWHERE
            .iter()
            .any(|(line, _)| first.starts_with(line))
        {
            continue;
        }
        let said = run(&block);
        let promised = block.contains("X-Auth-Subject: alice");
        assert_eq!(
            said.contains("x-auth-subject: alice"),
            promised,
            "{block}\n{said}"
        );
        ran += 1;
    }
    assert_eq!(ran, 2, "blocks were renamed: see RUN_ELSEWHERE");
}

#[test]
fn errors_in_the_readme_are_the_real_ones() {
    let settings = [
        ("ISSUER", "https://idp.example.com"),
        ("LEEWAY", "30"),
        ("REALMS", "x"),
    ];
    let output = doorward(&["check"], &settings, "");
    assert_eq!(output.status.code(), Some(78));
    let shown = blocks("README.md", "text").pop().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), shown);
}

#[test]
fn custom_denials_in_the_docs_are_accepted() {
    let denials = blocks("docs/behaviour.md", "json").pop().unwrap();
    let settings = [
        ("ISSUER", "https://idp.example.com"),
        ("AUDIENCE", "api"),
        ("DENIALS", denials.as_str()),
    ];
    assert_eq!(doorward(&["check"], &settings, "").status.code(), Some(0));
}

#[test]
fn settings_named_in_the_docs_exist() {
    let known = doorward::config::reference();
    for page in pages() {
        for name in text(&page).split("DOORWARD_").skip(1) {
            let name: String = name
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            let name = name.to_ascii_lowercase();
            let setting = name
                .strip_suffix("_file")
                .filter(|name| known.contains(&format!("`{name}`")))
                .unwrap_or(&name);
            let example_of_an_error = matches!(setting, "" | "realms");
            let names_the_file = setting == "config";
            assert!(
                example_of_an_error || names_the_file || known.contains(&format!("`{setting}`")),
                "{}: {name}",
                page.display()
            );
        }
    }
}

/// The first screen: what it is, how to see it, and how to run the tests.
#[test]
fn the_readme_begins_with_what_a_newcomer_needs() {
    let text = text(&root().join("README.md"));
    let screen: Vec<_> = text.lines().take(30).collect();
    let screen = screen.join("\n");
    for needed in ["docker build", "cargo run --release -- demo", "make test"] {
        assert!(screen.contains(needed), "{needed}");
    }
}

/// Runs a block with its service on a port of its own; gives what it printed.
fn run(block: &str) -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_doorward")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-euc", &block.replace("127.0.0.1:8080", &port)])
        .env("PATH", path)
        .env("DOORWARD_LISTEN", &port)
        .env("DOORWARD_ADMIN_LISTEN", "127.0.0.1:0")
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{block}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn pages() -> Vec<PathBuf> {
    let docs = ["docs", "docs/reasons"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path());
    let pages: Vec<_> = docs
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    [
        pages,
        ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
            .map(|page| root().join(page))
            .to_vec(),
    ]
    .concat()
}

fn text(page: &Path) -> String {
    std::fs::read_to_string(page).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
