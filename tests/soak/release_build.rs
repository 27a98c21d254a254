//! The release build, as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// The running service. Killed when dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
}

impl Service {
    /// Starts it with this configuration, and waits until as many lines with this text were logged
    /// after it began to listen.
    pub fn start(configuration: &str, (line, count): (&str, usize)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("doorward.yaml");
        std::fs::write(&file, configuration).unwrap();
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
                panic!("{}: {error}\nhint: run `make build`", program.display())
            });
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let listens = lines
            .find(|line| line.contains("verify listener"))
            .expect("it ended at once");
        let listens: serde_json::Value = serde_json::from_str(&listens).unwrap();
        let address = listens["address"].as_str().unwrap().parse().unwrap();
        // The file may go only now, and the pipe must not fill up.
        let logged = lines.by_ref().filter(|own| own.contains(line));
        assert_eq!(logged.take(count).count(), count, "lines with {line:?}");
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
