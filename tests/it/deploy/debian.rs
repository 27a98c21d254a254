//! `deploy/debian`: what `make deb-test` installs, upgrades and removes, as far as it can be
//! checked without root.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::process::Command;

use serde_json::Value;

use super::systemd::{SERVICE, values};
use crate::support::{doorward, program, repository, shipped};

fn assets() -> Vec<(String, String)> {
    let arguments = [
        "metadata",
        "--no-deps",
        "--offline",
        "--locked",
        "--format-version=1",
    ];
    let output = Command::new(program("cargo"))
        .args(arguments)
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let assets = metadata["packages"][0]["metadata"]["deb"]["assets"]
        .as_array()
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assets
        .iter()
        .map(|asset| (text(&asset[0]), text(&asset[1])))
        .collect()
}

#[test]
fn the_package_has_what_the_unit_names() {
    let assets = assets();
    let made = tempfile::tempdir().unwrap();
    let script = Command::new("bash")
        .arg(repository().join("scripts/shell-files.sh"))
        .arg(env!("CARGO_BIN_EXE_doorward"))
        .arg(made.path().join("shell"))
        .output()
        .unwrap();
    assert!(script.status.success(), "{script:?}");
    for (source, _) in &assets {
        if let Some(own) = source.strip_prefix("target/shell/") {
            let folder = made.path().join("shell").join(own.trim_end_matches('*'));
            let mut files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
            assert!(
                files.all(|file| file.metadata().unwrap().len() > 100),
                "{source}"
            );
            continue;
        }
        let folder = Path::new(source.trim_end_matches("/**/*"));
        let folder = if folder == Path::new(source) {
            folder.parent().unwrap()
        } else {
            folder
        };
        let built = folder == Path::new("target/release");
        let pattern = source.contains('*');
        assert!(
            built || pattern && folder.is_dir() || Path::new(source).is_file(),
            "{source}"
        );
    }
    let installed = |source: &str, path: &str| {
        let (_, place) = assets.iter().find(|(own, _)| own == source).unwrap();
        let name = if place.ends_with('/') {
            source.rsplit('/').next().unwrap()
        } else {
            ""
        };
        assert_eq!(format!("/{place}{name}"), path);
    };
    let command = values(SERVICE, "ExecStart").remove(0);
    let words: Vec<_> = command.split(' ').collect();
    assert_eq!(words[1..3], ["serve", "--config"]);
    installed("target/release/doorward", words[0]);
    installed("deploy/debian/doorward.yaml", words[3]);
    installed(
        "deploy/debian/default",
        values(SERVICE, "EnvironmentFile")[0].trim_start_matches('-'),
    );
}

/// Every link of README and docs leads to a file of the package, too.
#[test]
fn links_lead_somewhere_in_the_package() {
    let mut files = BTreeSet::new();
    for (source, place) in assets() {
        let Some(place) = place.strip_prefix("usr/share/doc/doorward/") else {
            continue;
        };
        let folder = source.trim_end_matches(['*', '/']);
        let found = if source.contains('*') {
            files_below(folder, source.contains("**"))
        } else {
            vec![source.clone()]
        };
        // cargo-deb keeps what is behind the part in front of `**`, else the name alone.
        let kept = |file: &str| {
            let skipped = if source.contains("**") {
                folder.len()
            } else {
                file.rfind('/').unwrap_or_default()
            };
            file[skipped..].trim_start_matches('/').to_owned()
        };
        files.extend(found.iter().map(|file| format!("{place}{}", kept(file))));
    }
    let is_page = |file: &&String| Path::new(file).extension().is_some_and(|end| end == "md");
    let pages = files.iter().filter(is_page);
    let mut links = 0;
    for page in pages.filter(|page| *page != "CHANGELOG.md") {
        let folder = Path::new(page).parent().unwrap();
        let text = shipped(page, &[]);
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if target.is_empty() || target.starts_with("http") {
                continue;
            }
            let target = normal(&folder.join(target));
            let is_folder = files
                .iter()
                .any(|file| file.starts_with(&format!("{target}/")));
            assert!(files.contains(&target) || is_folder, "{page}: {target}");
            links += 1;
        }
    }
    assert!(links > 100, "the pages were not read");
}

fn files_below(folder: &str, deep: bool) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{folder}/{}", path.file_name().unwrap().display());
        if path.is_file() {
            files.push(name);
        } else if deep {
            files.extend(files_below(&name, deep));
        }
    }
    files
}

/// Without `..` and a slash at the end.
fn normal(path: &Path) -> String {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part.as_os_str().to_str().unwrap()),
        }
    }
    parts.join("/")
}

/// As it comes it is no configuration, and says so; with its comments taken away it is one.
#[test]
fn the_installed_configuration_wants_an_issuer_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.yaml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = doorward(&["check", "--config", file.to_str().unwrap()], &[], "");
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let shipped = shipped("deploy/debian/doorward.yaml", &[]);
    let (code, problems) = check(&shipped);
    assert_eq!(code, Some(78));
    assert!(problems.contains("audience: missing"), "{problems}");
    assert_eq!(
        check(
            &shipped
                .replace("\n#issuer", "\nissuer")
                .replace("\n#audience", "\naudience")
        )
        .0,
        Some(0)
    );
    let all = ["issuer", "audience", "proxy"];
    let uncommented = all.iter().fold(shipped, |text, name| {
        text.replace(&format!("\n#{name}:"), &format!("\n{name}:"))
    });
    assert_eq!(check(&uncommented).0, Some(0));
}

#[test]
fn the_variables_of_the_environment_file_are_settings() {
    let text = shipped("deploy/debian/default", &[]);
    let settings: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#DOORWARD_")?.split_once('='))
        .collect();
    assert!(settings.len() > 1);
    let needed = [
        ("ISSUER", "https://idp.example.com"),
        ("AUDIENCE", "my-api"),
    ];
    let output = doorward(&["check"], &[&needed, settings.as_slice()].concat(), "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
