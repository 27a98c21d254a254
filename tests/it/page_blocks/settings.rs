//! Settings that pages print are read by the reader of the service.

use crate::support::{TestGate, TestIssuer, blocks};

#[test]
fn settings_of_the_pages_are_accepted() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    std::fs::write(&secret, "a secret of the introspection client\n").unwrap();
    let idp = TestIssuer::new();
    let read = |page: &str, number: usize| {
        let block = blocks(page, "yaml").remove(number);
        let text = block.replace("/run/secrets/introspection", secret.to_str().unwrap());
        // What is not whole has its issuer elsewhere.
        let gate = if text.contains("issuer: ") {
            TestGate::new()
        } else {
            TestGate::new().trusting(&idp)
        };
        if let Err(problems) = gate.file(text).configuration() {
            panic!("{page}: {block}{problems}");
        }
    };
    read("docs/settings.md", 0);
    read("docs/introspection.md", 0);
    for number in 0..blocks("docs/limits.md", "yaml").len() {
        read("docs/limits.md", number);
    }
}
