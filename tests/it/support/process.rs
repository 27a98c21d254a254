//! The program itself, started as a process with an environment of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Runs the program to its end, with these `DOORWARD_` settings and nothing else in its environment
/// but `PATH`.
pub fn doorward(arguments: &[&str], settings: &[(&str, &str)], stdin: &str) -> Output {
    let mut child = command(arguments, settings)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _watch = Watchdog::over(child.id());
    let mut input = child.stdin.take().unwrap();
    // A program that ends without reading is fine.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in settings {
        command.env(format!("DOORWARD_{name}"), value);
    }
    command.stderr(Stdio::piped());
    command
}

/// Kills a program that takes far too long, so that a test which waits for its end fails and does
/// not hang.
struct Watchdog(#[allow(dead_code)] Sender<()>);

impl Watchdog {
    /// Watches until it is dropped.
    fn over(id: u32) -> Self {
        let (dropped, ended) = channel();
        std::thread::spawn(move || {
            if ended.recv_timeout(Duration::from_mins(1)) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill")
                    .args(["-KILL", &id.to_string()])
                    .status();
            }
        });
        Self(dropped)
    }
}

/// The program while it runs. Killed when dropped.
pub struct Service {
    _watch: Watchdog,
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    /// All of stderr that was read.
    pub log: String,
}

impl Service {
    pub fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_with(arguments, settings, &[])
    }

    /// The same with variables of these very names.
    pub fn start_with(
        arguments: &[&str],
        settings: &[(&str, &str)],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = command(arguments, settings);
        command.envs(variables.iter().copied());
        Self::spawn(command, Stdio::null())
    }

    /// Starts it with this in the place of stdin.
    pub fn start_on(stdin: Stdio, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::spawn(command(arguments, settings), stdin)
    }

    /// Starts it by another program, whose last arguments are the program and its own.
    pub fn start_by(starter: &[&str], arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(starter[0]);
        command
            .args(&starter[1..])
            .arg(env!("CARGO_BIN_EXE_doorward"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stderr(Stdio::piped());
        for (name, value) in settings {
            command.env(format!("DOORWARD_{name}"), value);
        }
        Self::spawn(command, Stdio::null())
    }

    fn spawn(mut command: Command, stdin: Stdio) -> Self {
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            _watch: Watchdog::over(child.id()),
            child,
            stderr,
            log: String::new(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it has now (proc(5), `VmRSS`).
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Stdout, once.
    pub fn stdout(&mut self) -> BufReader<std::process::ChildStdout> {
        BufReader::new(self.child.stdout.take().expect("stdout was taken already"))
    }

    /// Reads stderr up to a line that has this in it, and gives that line.
    pub fn wait_for_line(&mut self, part: &str) -> String {
        let line = self.line_or_end(part);
        line.unwrap_or_else(|| panic!("the program ended without {part:?}; it said: {}", self.log))
    }

    /// The same; nothing if the program ends before.
    pub fn line_or_end(&mut self, part: &str) -> Option<String> {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            self.log.push_str(&line);
            if read == 0 || line.contains(part) {
                return Some(line).filter(|_| read > 0);
            }
        }
    }

    /// The address that the program says it listens on: `verify` or `admin`.
    pub fn address(&mut self, listener: &str) -> std::net::SocketAddr {
        let line = self.wait_for_line(&format!("{listener} listener"));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        line["address"].as_str().unwrap().parse().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; gives the exit code, and all of stderr in `log`.
    pub fn wait(&mut self) -> Option<i32> {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        self.log.push_str(&rest);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
