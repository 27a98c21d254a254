//! The release build, as a process of its own.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::actor::{Actor, Character, MIN_REFETCH, REFRESH, SHORT_STALE};

/// The running service. Killed when dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
}

impl Service {
    /// Starts it with these issuers, and waits until it has the keys of all.
    pub fn start(actors: &[Actor]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("doorward.yaml");
        std::fs::write(&file, configuration(actors)).unwrap();
        let program = std::env::current_exe()
            .unwrap()
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("doorward");
        let mut child = Command::new(&program)
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}\nhint: run `make soak`", program.display())
            });
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let listens = lines
            .find(|line| line.contains("verify listener"))
            .expect("it ended at once");
        let line: serde_json::Value = serde_json::from_str(&listens).unwrap();
        let address = line["address"].as_str().unwrap().parse().unwrap();
        // The file may go only now, and the pipe must not fill up.
        let keys = lines
            .by_ref()
            .filter(|line| line.contains("keys changed"))
            .take(actors.len())
            .count();
        assert_eq!(keys, actors.len(), "keys of all issuers");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub fn resident_kilobytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(actors: &[Actor]) -> String {
    let mut text = format!(
        "listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
access_log: off
log_format: json
token_cache_capacity: 5000
jwks_refresh: {}s
jwks_min_refetch: {}s
jwks_timeout: 1s
issuers:
",
        REFRESH.as_secs(),
        MIN_REFETCH.as_secs(),
    );
    for actor in actors {
        let stale = if actor.character == Character::Gone {
            format!("{}s", SHORT_STALE.as_secs())
        } else {
            "1h".into()
        };
        let (name, url) = (actor.name(), &actor.issuer.url);
        writeln!(
            text,
            "  - {{name: {name}, issuer: '{url}', audience: [api], jwks_max_stale: {stale}}}"
        )
        .unwrap();
    }
    text
}
