//! The page of each reason: its example, done as a reader would do it, gets the reason.

use std::path::Path;
use std::process::Command;

use doorward::domain::Reason;
use doorward::hints::reason_page;

use crate::support::{Service, blocks, free_port};

#[test]
fn examples_get_their_reason() {
    for reason in Reason::ALL {
        let page = format!("docs/reasons/{}.md", reason.code());
        let [configuration, response] =
            ["yaml", "text"].map(|language| blocks(&page, language).pop().unwrap());
        let output = run(&configuration, &blocks(&page, "sh"));
        // Of several responses the last one counts.
        let last = output
            .rfind("HTTP/1.1 ")
            .map_or("", |start| &output[start..]);
        for line in response.lines() {
            assert!(
                last.lines().any(|found| found == line),
                "{page} promises {line:?}; there came\n{output}"
            );
        }
    }
}

#[test]
fn pages_have_all_their_parts() {
    for reason in Reason::ALL {
        let page = reason_page(*reason);
        let sections: Vec<_> = page.split("\n## ").skip(1).collect();
        let titles = ["Cause", "How to see it", "What to do", "Example"];
        assert_eq!(sections.len(), titles.len(), "{page}");
        for (section, title) in sections.iter().zip(titles) {
            let (heading, text) = section.split_once("\n\n").unwrap();
            assert_eq!(heading, title, "{page}");
            assert!(text.trim().len() > 40, "{page}");
        }
    }
}

/// Runs the last script beside a service with this configuration, and those before it first. Gives
/// what it printed.
fn run(configuration: &str, scripts: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    // A server that an example starts itself.
    let own_server = format!("127.0.0.1:{}", free_port());
    let fitted = |text: &str| text.replace("127.0.0.1:9999", &own_server);
    std::fs::write(folder.path().join("doorward.yaml"), fitted(configuration)).unwrap();
    let (script, before) = scripts.split_last().unwrap();
    for script in before {
        shell(folder.path(), &fitted(script));
    }
    // The configuration may name files beside it, so the service is started there.
    let starter = ["env", "-C", folder.path().to_str().unwrap()];
    let listen = [("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")];
    let mut service = Service::start_by(&starter, &["--config", "doorward.yaml"], &listen);
    let verify = service.address("verify").to_string();
    shell(
        folder.path(),
        &fitted(script).replace("127.0.0.1:8080", &verify),
    )
}

fn shell(folder: &Path, script: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_doorward")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("timeout")
        .args(["30", "sh", "-euc", script])
        .env("PATH", path)
        .env("no_proxy", "*")
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}
