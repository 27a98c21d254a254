//! Diagrams: Mermaid, which draws them on the pages, reads each one.

use std::process::Command;

use super::every_block;
use crate::support::{program, repository};

/// Reads diagrams from files, and prints what is wrong with each. Mermaid cleans texts for a
/// browser by a library that needs one; nothing is drawn here.
const READER: &str = "
import { readFileSync } from 'node:fs';
import purify from 'dompurify';
import mermaid from 'mermaid';
purify.addHook = () => {};
purify.sanitize = (text) => text;
for (const file of process.argv.slice(2)) {
  try { await mermaid.parse(readFileSync(file, 'utf8')); console.log('ok'); }
  catch (error) { console.log(`${file}: ${String(error).replaceAll('\\n', ' ')}`); }
}
";

#[test]
fn diagrams_can_be_drawn() {
    let diagrams = every_block().into_iter();
    let diagrams = diagrams.filter(|block| block.language == "mermaid");
    let texts: Vec<_> = diagrams.map(|block| block.text).collect();
    assert!(texts.len() > 5, "{texts:?}");
    assert_eq!(read(&texts), vec!["ok"; texts.len()]);
    // A bracket that is not closed is noticed.
    let broken = "flowchart LR\n    a[one --> b\n".to_owned();
    assert!(read(&[broken])[0].contains("Parse error"));
}

fn read(diagrams: &[String]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let packages = repository().join(".tools/node/node_modules");
    assert!(
        packages.join("mermaid").is_dir(),
        "mermaid is not installed\nhint: run `make setup`"
    );
    std::os::unix::fs::symlink(packages, directory.path().join("node_modules")).unwrap();
    std::fs::write(directory.path().join("reader.mjs"), READER).unwrap();
    let names: Vec<_> = (0..diagrams.len())
        .map(|number| format!("{number}.mmd"))
        .collect();
    for (name, diagram) in names.iter().zip(diagrams) {
        std::fs::write(directory.path().join(name), diagram).unwrap();
    }
    let mut node = Command::new(program("node"));
    node.arg("reader.mjs").args(&names).current_dir(&directory);
    let output = node.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}
