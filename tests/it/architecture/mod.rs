//! The layers stay as `docs/architecture.md` draws them: imports go down only, and never in a
//! circle.

mod docs;
mod modules;

use std::path::{Path, PathBuf};

use modules::{Modules, circles, without_tests};

/// Layers from the ground up, with their top modules.
const LAYERS: &[&[&str]] = &[
    &["domain"],
    &["extract", "hints", "jose", "policy", "verify"],
    &["config_reader"],
    &["config"],
    &["platform", "telemetry"],
    &["fixtures", "outbound", "proxy_files", "response"],
    &["issuers", "directory"],
    &["authenticators"],
    &["gate"],
    &["grpc", "http"],
    &["app", "cli", "demo"],
];

/// Neighbours that may be used on the same layer.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("policy", "extract"),
    ("policy", "verify"),
    ("policy", "jose"),
    ("verify", "jose"),
    ("demo", "app"),
    ("cli", "app"),
    ("cli", "demo"),
];

#[test]
fn imports_go_down_only() {
    let files = sources();
    let modules = read(&files);
    let mut wrong = Vec::new();
    for (file, used) in modules.imports() {
        let (from, all) = (file.room(), used.iter());
        let is_wrong = |to: &str| {
            !from.is_empty()
                && !to.is_empty()
                && to != from
                && layer(to) >= layer(from)
                && !NEIGHBOURS.contains(&(from, to))
        };
        wrong.extend(
            all.filter(|to| is_wrong(to.room()))
                .map(|to| format!("{file} imports {to}")),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = sources();
    assert_eq!(circles(&read(&files).imports()), Vec::<String>::new());
}

/// The row of a module has its layer first: `| 8 | ` + the module as the page writes it.
#[test]
fn the_pages_name_each_module_on_its_layer() {
    for (page, quoted) in [
        ("docs/architecture.md", ["`", "/`"]),
        ("src/lib.rs", ["[`", "`]"]),
    ] {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = std::fs::read_to_string(&page).unwrap();
        for (number, modules) in LAYERS.iter().enumerate() {
            for module in *modules {
                let name = [quoted[0], module, quoted[1]].concat();
                let is_row = |line: &&str| {
                    let row = line.trim_start_matches("//! ");
                    row.starts_with(&format!("| {number} |")) && row.contains(&name)
                };
                let rows = text.lines().filter(is_row).count();
                assert_eq!(rows, 1, "{}: {module}", page.display());
            }
        }
    }
}

#[test]
fn every_module_is_read() {
    let files = sources();
    let modules = read(&files);
    let imports = modules.imports();
    assert_eq!(imports.len(), files.len());
    // `Gate` decides by the policy, whose room only hands `Rules` on.
    let gate = imports.iter().find(|(path, _)| path.to_string() == "gate");
    let used: Vec<_> = gate.unwrap().1.iter().map(ToString::to_string).collect();
    assert!(used.contains(&"policy::rules".to_owned()), "{used:?}");
}

fn read(files: &[(PathBuf, String)]) -> Modules {
    Modules::read(
        files
            .iter()
            .map(|(file, text)| (file.as_path(), text.as_str())),
    )
}

#[test]
fn the_web_framework_stays_in_its_modules() {
    let foreign = |room: &str| !matches!(room, "http" | "demo" | "app");
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(file, text)| foreign(&room_of(file)) && text.contains("actix_web"))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(wrong, Vec::<PathBuf>::new());
}

#[test]
fn tonic_and_its_messages_stay_in_their_module() {
    let words = ["tonic", "envoy_types"];
    let foreign = sources()
        .into_iter()
        .filter(|(file, _)| room_of(file) != "grpc");
    let wrong: Vec<_> = foreign
        .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
        .collect();
    assert_eq!(
        wrong.into_iter().map(|(file, _)| file).collect::<Vec<_>>(),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn the_lower_layers_do_no_io_and_read_no_clock() {
    let forbidden = [
        "tokio",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::env",
        "SystemTime",
        "Instant::now",
        "reqwest",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources()
        .into_iter()
        .filter(|(file, _)| file.iter().count() > 1 && layer(&room_of(file)) <= 1)
    {
        let code = without_tests(&text);
        wrong.extend(
            forbidden
                .iter()
                .filter(|word| code.contains(*word))
                .map(|word| format!("{}: {word}", file.display())),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        Path::new(""),
        &mut found,
    );
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn collect(folder: &Path, below: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = below.join(path.file_name().unwrap());
        if path.is_dir() {
            collect(&path, &name, found);
        } else if !name.ends_with("main.rs") && !name.ends_with("tests.rs") {
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The first part of a path: `jose/key.rs` is in `jose`, `app.rs` is `app`.
fn room_of(file: &Path) -> String {
    let first = file.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(room: &str) -> usize {
    LAYERS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no layer"))
}
