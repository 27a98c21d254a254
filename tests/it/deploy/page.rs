//! `docs/deployment.md`: every line of its blocks is run here, or names something that exists and
//! is tried elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::documents;
use crate::support::{blocks, doorward, program, repository, shipped};

const PAGE: &str = "docs/deployment.md";

#[test]
fn every_line_of_the_page_means_something() {
    let mut lines = 0;
    for block in blocks(PAGE, "sh") {
        let mut folder = repository().to_owned();
        for line in block.lines() {
            assert!(
                is_known(line.trim_start_matches("sudo "), &mut folder),
                "nobody has tried `{line}`"
            );
            lines += 1;
        }
    }
    assert_eq!(lines, 13, "the page was not read");
}

/// Whether it is; the folder is where the block has got to.
fn is_known(line: &str, folder: &mut PathBuf) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    match words.as_slice() {
        ["cd", to] => {
            *folder = folder.join(to);
            folder.is_dir()
        }
        ["make", target] => shipped("Makefile", &[]).contains(&format!("\n{target}: ")),
        ["apt-get", "install", file] => *file == package(),
        ["sudoedit", file] | ["doorward", "check", "--config", file] => installed(file),
        ["systemctl", "enable", "--now", unit] => repository()
            .join(format!("deploy/systemd/{unit}.service"))
            .is_file(),
        ["openssl", ..] => Command::new("sh")
            .args(["-c", line])
            .current_dir(scratch().path())
            .status()
            .unwrap()
            .success(),
        ["docker", "build", "-t", tag, "."] => {
            *tag == image() && folder.join("Dockerfile").is_file()
        }
        ["docker", "push", tag] => *tag == image(),
        ["docker", "compose", "up", "--detach"] => folder.join("compose.yaml").is_file(),
        [
            "docker",
            "compose",
            "run",
            "--rm",
            "doorward",
            arguments @ ..,
        ] => makes_a_token(arguments),
        ["kubectl", "apply", "-k", place] => renders(&folder.join(place)),
        _ => false,
    }
}

/// `make deb-test` installs it.
fn package() -> String {
    format!(
        "./target/debian/doorward_{}-1_amd64.deb",
        env!("CARGO_PKG_VERSION")
    )
}

fn installed(file: &str) -> bool {
    file == "/etc/doorward/doorward.yaml"
}

fn image() -> String {
    let [minimal, example] = ["minimal", "example"].map(|overlay| {
        let file = format!("deploy/kubernetes/overlays/{overlay}/kustomization.yaml");
        let image = documents(&file).remove(0)["images"][0].clone();
        let text = |name: &str| image[name].as_str().unwrap().to_owned();
        format!("{}:{}", text("newName"), text("newTag"))
    });
    assert_eq!(minimal, example);
    minimal
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// With a secret where the container has one. `deploy/compose` is asked with such a token.
fn makes_a_token(arguments: &[&str]) -> bool {
    let folder = scratch();
    let secret = folder.path().join("secret").display().to_string();
    std::fs::write(&secret, "5a".repeat(32)).unwrap();
    let secret_of_the_container = "/run/secrets/token-secret";
    assert!(arguments.contains(&secret_of_the_container));
    let arguments: Vec<_> = arguments
        .iter()
        .map(|word| {
            if *word == secret_of_the_container {
                secret.as_str()
            } else {
                word
            }
        })
        .collect();
    doorward(&arguments, &[], "").status.success()
}

fn renders(place: &Path) -> bool {
    Command::new(program("kubectl"))
        .arg("kustomize")
        .arg(place)
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn the_configuration_of_the_page_is_one() {
    let folder = scratch();
    let file = folder.path().join("doorward.yaml");
    let yaml = blocks(PAGE, "yaml");
    assert_eq!(yaml.len(), 1);
    std::fs::write(&file, &yaml[0]).unwrap();
    let output = doorward(&["check", "--config", file.to_str().unwrap()], &[], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// systemd reads the unit together with the lines that are to be added, and has nothing to say.
#[test]
fn the_addition_to_the_unit_is_understood() {
    let folder = scratch();
    let unit = shipped(
        "deploy/systemd/doorward.service",
        &[("ExecStart=/usr/bin/doorward", "ExecStart=/bin/true")],
    );
    std::fs::write(folder.path().join("doorward.service"), unit).unwrap();
    for socket in ["doorward.socket", "doorward-admin.socket"] {
        std::fs::write(
            folder.path().join(socket),
            shipped(&format!("deploy/systemd/{socket}"), &[]),
        )
        .unwrap();
    }
    let addition = folder.path().join("doorward.service.d");
    std::fs::create_dir(&addition).unwrap();
    let verify = |lines: &str| {
        std::fs::write(addition.join("override.conf"), lines).unwrap();
        let mut command = Command::new(program("systemd-analyze"));
        let output = command
            .args(["verify", "--man=no", "./doorward.service"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let additions = blocks(PAGE, "ini");
    assert_eq!(additions.len(), 2);
    for lines in additions {
        assert_eq!(verify(&lines), "");
        assert!(
            verify(&lines.replace("LoadCredential", "LoadCredentials"))
                .contains("Unknown key 'LoadCredentials'")
        );
    }
}
