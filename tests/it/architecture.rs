//! The fixture stays as `docs/architecture.md` draws it: a module uses its own room and lower floors
//! only.

use std::path::{Path, PathBuf};

/// Floors from the ground up, with their rooms.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["extract", "jose", "verify", "policy"],
    &["config"],
    &["telemetry", "outbound", "clock", "listener", "proxy_files"],
    &["issuers"],
    &["gate"],
    &["http", "grpc"],
    &["app", "cli", "demo"],
];

/// Neighbours that may be used on the same floor.
const STAIRS: &[(&str, &str)] = &[
    ("policy", "extract"),
    ("policy", "verify"),
    ("policy", "jose"),
    ("verify", "jose"),
    ("demo", "app"),
    ("cli", "app"),
    ("cli", "demo"),
];

#[test]
fn rooms_use_their_own_and_lower_floors_only() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        assert!(
            !text.contains("crate::{"),
            "{}: one `use` for each room, so that this test sees them",
            file.display()
        );
        let room = room_of(&file);
        for used in rooms_used(&text) {
            if used != room
                && floor(&used) >= floor(&room)
                && !STAIRS.contains(&(room.as_str(), used.as_str()))
            {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_web_framework_stays_in_its_rooms() {
    let foreign = |room: &str| !matches!(room, "http" | "demo" | "app");
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(file, text)| foreign(&room_of(file)) && text.contains("actix_web"))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(wrong, Vec::<PathBuf>::new());
}

#[test]
fn tonic_and_its_messages_stay_in_their_room() {
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
fn the_lower_floors_do_no_io_and_read_no_clock() {
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
        .filter(|(file, _)| floor(&room_of(file)) <= 1)
    {
        let code = text.split("#[cfg(test)]").next().unwrap();
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
        } else if !matches!(name.to_str(), Some("lib.rs" | "main.rs")) {
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The first part of a path: `jose/key.rs` is in `jose`, `app.rs` is `app`.
fn room_of(file: &Path) -> String {
    let first = file.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn rooms_used(text: &str) -> Vec<String> {
    let behind = text.split("crate::").skip(1);
    let names = behind.map(|rest| {
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap()
    });
    names
        .filter(|name| FLOORS.iter().any(|rooms| rooms.contains(name)))
        .map(str::to_owned)
        .collect()
}

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no floor"))
}
