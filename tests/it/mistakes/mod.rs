//! About a hundred mistakes that operators make, each with what the program then says.
//!
//! The texts stand in `snapshots/`, one file for each group, so that a reader can judge them: a good
//! one says what is wrong, where it stands, what was found, and what to do. To write them anew:
//! `INSTA_UPDATE=always cargo test --test it -- mistakes`.

mod command_line;
mod configuration_file;
mod fetching;
mod key_files;
mod routes;
mod variables;

use std::fmt::Write;

use crate::support::doorward;

/// Something an operator does wrong.
struct Mistake {
    name: &'static str,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    stdin: String,
    /// What differs from run to run, and what stands for it.
    varying: Vec<(String, &'static str)>,
}

impl Mistake {
    /// A mistake in the arguments. `{dir}` in any of the texts is the folder of the files.
    fn calling(name: &'static str, arguments: &[&str]) -> Self {
        Self {
            name,
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            variables: Vec::new(),
            files: Vec::new(),
            stdin: String::new(),
            varying: Vec::new(),
        }
    }

    /// A mistake in the settings, told by `doorward check`.
    fn checking(name: &'static str) -> Self {
        Self::calling(name, &["check"])
    }

    /// Beside a good issuer and audience.
    fn beside_good(self) -> Self {
        self.set("ISSUER", "https://idp.example")
            .set("AUDIENCE", "api")
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn holding(mut self, file: &str, contents: impl AsRef<[u8]>) -> Self {
        self.files
            .push((file.to_owned(), contents.as_ref().to_vec()));
        self
    }

    /// With this configuration file.
    fn file(self, contents: impl AsRef<[u8]>) -> Self {
        self.holding("doorward.yaml", contents)
            .set("CONFIG", "{dir}/doorward.yaml")
    }

    fn piping(mut self, stdin: &str) -> Self {
        stdin.clone_into(&mut self.stdin);
        self
    }

    fn varying(mut self, text: impl Into<String>, shown: &'static str) -> Self {
        self.varying.push((text.into(), shown));
        self
    }

    /// Makes the mistake. Returns what was given and what came out.
    fn make(self) -> String {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().to_str().unwrap();
        let placed = |text: &str| text.replace("{dir}", folder);
        for (name, contents) in &self.files {
            std::fs::write(place.path().join(name), contents).unwrap();
        }
        let arguments: Vec<_> = self.arguments.iter().map(|text| placed(text)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let settings: Vec<_> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), placed(value)))
            .collect();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let ended = doorward(&arguments, &settings, &self.stdin);
        let text = |bytes| {
            let text = String::from_utf8(bytes).unwrap().replace(folder, "/run");
            self.varying
                .iter()
                .fold(text, |text, (from, to)| text.replace(from, to))
        };
        let (stdout, stderr) = (text(ended.stdout), text(ended.stderr));
        let code = ended.status.code().unwrap();
        assert!(
            has_next_step(code, &stdout, &stderr),
            "{}: nothing says what to do:\n{stdout}{stderr}",
            self.name
        );
        let mut told = format!("=== {}\n", self.name);
        for (name, value) in &self.variables {
            if !["ISSUER", "AUDIENCE", "CONFIG"].contains(&name.as_str()) {
                let value = self
                    .varying
                    .iter()
                    .fold(value.replace("{dir}", "/run"), |text, (from, to)| {
                        text.replace(from, to)
                    });
                writeln!(told, "    DOORWARD_{name}={}", shortened(&value)).unwrap();
            }
        }
        for (name, contents) in &self.files {
            if let Ok(contents) = std::str::from_utf8(contents)
                && !contents.contains("-----")
            {
                writeln!(told, "    {name}:").unwrap();
                for line in contents.lines() {
                    writeln!(told, "    | {}", shortened(&line.replace('\t', "⇥"))).unwrap();
                }
            }
        }
        let command = self.arguments.join(" ").replace("{dir}", "/run");
        writeln!(told, "    $ doorward {} → {code}", shortened(&command)).unwrap();
        told + &stdout + &stderr
    }
}

/// Says whether a refusal tells what to do: in brackets behind each problem, or on a line of its
/// own.
fn has_next_step(code: i32, stdout: &str, stderr: &str) -> bool {
    let has_line = ["hint: ", "tip: ", "For more information, try '--help'."]
        .iter()
        .any(|begin| stdout.contains(begin) || stderr.contains(begin));
    match code {
        0 => true,
        78 => stderr.lines().all(|line| line.ends_with(')')),
        _ => has_line || stderr.trim_end().ends_with(')'),
    }
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(100).collect();
    if start.len() < text.len() {
        start + "…"
    } else {
        start
    }
}

/// Makes all mistakes of a group, and puts what came out one below the other.
fn made(mistakes: Vec<Mistake>) -> String {
    let made: Vec<_> = mistakes.into_iter().map(Mistake::make).collect();
    made.join("\n")
}
