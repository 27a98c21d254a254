//! The Dockerfile's claims, as far as they can be checked without an engine; `make image-test`
//! builds and runs the image.

use super::documents;
use crate::support::shipped;

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let label = format!("org.opencontainers.image.version=\"{version}\"");
    assert!(
        shipped("Dockerfile", &[]).contains(&label),
        "the Dockerfile has another version"
    );
    let overlay = documents("deploy/kubernetes/overlays/example/kustomization.yaml").remove(0);
    assert_eq!(overlay["images"][0]["newTag"], version);
}

/// The engine starts the program itself: a shell in between would swallow the signal to stop.
#[test]
fn nothing_is_started_by_a_shell() {
    let text = shipped("Dockerfile", &[]);
    let stage = text.rsplit_once("\nFROM ").unwrap().1;
    assert!(!stage.contains("\nRUN "), "the last stage runs something");
    let started: Vec<_> = stage
        .lines()
        .filter(|line| line.contains("CMD ") || line.starts_with("ENTRYPOINT "))
        .collect();
    assert_eq!(started.len(), 3, "{started:?}");
    assert!(
        started.iter().all(|line| line.contains(" [\"")),
        "{started:?}"
    );
}
