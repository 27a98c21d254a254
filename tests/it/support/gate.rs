//! The service, started inside the test on free ports.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use doorward::app::{Application, Platform, Reload, Shutdown, SystemdNotifier};
use doorward::config::{Configuration, Listen, LogFormat, Source};
use doorward::config_reader::Files;
use doorward::outbound::Egress;
use doorward::platform::SystemClock;
use doorward::telemetry::{LogFilter, LogQueue};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{Request, TestClock, TestIssuer};

/// The name of the configuration file.
const FILE: &str = "doorward.yaml";

/// The service in the making: settings as an operator would set them.
#[derive(Clone)]
pub struct GateBuilder {
    settings: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    file: Option<String>,
    clock: TestClock,
    machine_time: bool,
    egress: Egress,
}

/// The running service. Stops when dropped.
pub struct TestGate {
    pub verify: SocketAddr,
    pub admin: SocketAddr,
    /// The gRPC listener, if there is one.
    pub grpc: SocketAddr,
    pub clock: TestClock,
    pub log: SharedLog,
    events: SharedLog,
    log_queue: LogQueue,
    directory: TempDir,
    ask_for_reload: watch::Sender<u32>,
    tell: watch::Sender<u32>,
    thread: Option<JoinHandle<()>>,
}

/// What the access log says.
#[derive(Clone, Default)]
pub struct SharedLog(Arc<Mutex<Vec<u8>>>);

impl TestGate {
    #[allow(clippy::new_ret_no_self)] // reads well: TestGate::new().trusting(&idp).spawn()
    pub fn new() -> GateBuilder {
        let settings = [
            ("LISTEN", "127.0.0.1:0"),
            ("ADMIN_LISTEN", "127.0.0.1:0"),
            ("WORKERS", "2"),
        ];
        GateBuilder {
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            variables: Vec::new(),
            file: None,
            clock: TestClock::new(),
            machine_time: false,
            egress: Egress::default(),
        }
    }

    /// Where a proxy asks: by gRPC, if that is on.
    pub fn asked(&self) -> SocketAddr {
        if self.grpc.port() == 0 {
            self.verify
        } else {
            self.grpc
        }
    }

    pub fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.verify, method, target)
    }

    pub fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    /// Asks the admin listener.
    pub fn admin(&self, target: &str) -> Request {
        Request::new(self.admin, "GET", target).host("localhost")
    }

    /// Asks the admin listener what would become of a described request.
    pub fn explain(&self, description: impl AsRef<[u8]>) -> Request {
        Request::new(self.admin, "POST", "/explain")
            .host("localhost")
            .body(description)
    }

    /// The verdict about this token: `200`, or `401 token_expired`.
    pub fn verdict(&self, token: &str) -> String {
        self.get("/verify").bearer(token).send().verdict()
    }

    /// Asks the admin listener until the answer satisfies; gives up by panicking.
    pub fn wait_for(
        &self,
        target: &str,
        satisfied: impl Fn(&super::Answer) -> bool,
    ) -> super::Answer {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let answer = self.admin(target).send();
            if satisfied(&answer) {
                return answer;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "never satisfied; at last: {answer:?}"
            );
            std::thread::yield_now();
        }
    }

    /// The value of this series, labels included as Prometheus writes them; 0 if there is none.
    pub fn metric(&self, series: &str) -> f64 {
        let page = self.admin("/metrics").send().body;
        let line = page.lines().find_map(|line| {
            line.strip_prefix(series)?
                .strip_prefix(' ')
                .map(str::to_owned)
        });
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// What the service has logged about itself so far, each with its level in front. Only what
    /// happens on its own thread, as fetching does.
    pub fn events(&self) -> Vec<String> {
        let lines = self.events.text();
        let events = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let own = events.filter(|event| event["target"].as_str().unwrap().starts_with("doorward"));
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let told = own.map(|event| {
            format!(
                "{} {}",
                text(&event["level"]),
                text(&event["fields"]["message"])
            )
        });
        told.collect()
    }

    /// The same with all that each line says.
    pub fn events_in_full(&self) -> Vec<String> {
        self.events.text().lines().map(str::to_owned).collect()
    }

    /// Writes the configuration file anew, all at once as editors do, and tells nobody.
    pub fn rewrite(&self, text: &str) {
        let beside = self.directory.path().join("new.yaml");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, self.directory.path().join(FILE)).unwrap();
    }

    /// Mounts this text in the place of the configuration file as Kubernetes does, and tells
    /// nobody: the file is a link through `..data`, and that is the link which is exchanged.
    pub fn remount(&self, version: &str, text: &str) {
        let at = |name: &str| self.directory.path().join(name);
        std::fs::create_dir(at(version)).unwrap();
        std::fs::write(at(version).join(FILE), text).unwrap();
        let exchange = |target: &str, name: &str| {
            symlink(target, at("..new")).unwrap();
            std::fs::rename(at("..new"), at(name)).unwrap();
        };
        exchange(version, "..data");
        if !at(FILE).is_symlink() {
            exchange(&format!("..data/{FILE}"), FILE);
        }
    }

    /// Takes the configuration file away.
    pub fn remove(&self) {
        std::fs::remove_file(self.directory.path().join(FILE)).unwrap();
    }

    /// Asks for the configuration to be read anew, and waits for what comes of it; tells whether it
    /// is in force.
    pub fn reload(&self) -> bool {
        let count = |result: &str| {
            self.metric(&format!(
                "doorward_config_reload_total{{result=\"{result}\"}}"
            ))
        };
        let before = (count("success"), count("failure"));
        self.ask_for_reload.send_modify(|times| *times += 1);
        self.wait_for("/metrics", |_| {
            (count("success"), count("failure")) != before
        });
        count("success") > before.0
    }

    /// The lines of the access log so far.
    pub fn log_lines(&self) -> Vec<serde_json::Value> {
        self.log_queue.flush();
        self.log
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl GateBuilder {
    /// Sets `DOORWARD_…`.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.retain(|(own, _)| own != name);
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Leaves `DOORWARD_…` to the file.
    pub fn unset(mut self, name: &str) -> Self {
        self.settings.retain(|(own, _)| own != name);
        self
    }

    /// Sets a variable of this very name, which is not doorward's own.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Trusts this issuer by keys in the configuration, for the audience `api`; its clock is the
    /// service's.
    pub fn trusting(self, issuer: &TestIssuer) -> Self {
        let jwks = issuer.jwks();
        self.by_time_of(issuer)
            .set("ISSUER", issuer.url())
            .set("JWKS", jwks)
            .set("AUDIENCE", "api")
    }

    /// Trusts this issuer by discovery, for the audience `api`; its clock is the service's.
    pub fn discovering(self, issuer: &TestIssuer) -> Self {
        self.by_time_of(issuer)
            .set("ISSUER", issuer.url())
            .set("AUDIENCE", "api")
    }

    pub fn by_time_of(mut self, issuer: &TestIssuer) -> Self {
        self.clock = issuer.clock.clone();
        self
    }

    /// Goes by the machine's clock, because an issuer that is a program of its own does.
    pub fn by_machine_time(mut self) -> Self {
        self.machine_time = true;
        self
    }

    /// Fetches keys as it would with these variables in the environment.
    pub fn egress(mut self, variables: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        self.egress = Egress::of_environment(&pairs);
        self
    }

    /// Reads this YAML as well.
    pub fn file(mut self, text: impl Into<String>) -> Self {
        self.file = Some(text.into());
        self
    }

    /// Writes this in place of a part of the YAML that must be there.
    pub fn change_file(mut self, part: &str, other: &str) -> Self {
        let text = self.file.take().unwrap();
        assert!(text.contains(part), "{part:?} in {text}");
        self.file = Some(text.replace(part, other));
        self
    }

    /// The configuration, or everything that is wrong with it; the file is called `doorward.yaml`.
    pub fn configuration(&self) -> Result<Configuration, String> {
        let directory = tempfile::tempdir().unwrap();
        let read = self.source(directory.path()).read();
        read.map_err(|problems| {
            problems
                .to_string()
                .replace(&format!("{}/", directory.path().display()), "")
        })
    }

    /// The settings, with the file in this directory.
    fn source(&self, directory: &Path) -> Source {
        let path = directory.join(FILE);
        self.file
            .iter()
            .for_each(|text| std::fs::write(&path, text).unwrap());
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (format!("DOORWARD_{name}"), value.clone()));
        let pairs = own
            .chain(self.variables.clone())
            .map(|(name, value)| (name.into(), value.into()));
        Source::new(self.file.as_ref().map(|_| path), pairs)
    }

    pub fn spawn(self) -> TestGate {
        let directory = tempfile::tempdir().unwrap();
        let source = self.source(directory.path());
        let (configuration, files) = source.read_from(Files::default());
        let configuration = configuration.unwrap_or_else(|problems| panic!("{problems}"));
        let (ask_for_reload, reload) = Reload::channel(source, files);
        let log = SharedLog::default();
        let log_queue = LogQueue::start(log.clone()).unwrap();
        let (tell, shutdown) = Shutdown::channel();
        let (report, reported) = std::sync::mpsc::channel();
        let platform = Platform {
            clock: if self.machine_time {
                Arc::new(SystemClock)
            } else {
                Arc::new(self.clock.clone())
            },
            egress: self.egress.clone(),
            log: log_queue.clone(),
            log_format: LogFormat::Json,
            log_filter: LogFilter::default(),
            manager: SystemdNotifier::default(),
        };
        let events = SharedLog::default();
        let writer = events.clone();
        let thread = std::thread::spawn(move || {
            let subscriber = tracing_subscriber::fmt()
                .json()
                .with_writer(move || writer.clone())
                .finish();
            let _until_the_end = tracing::subscriber::set_default(subscriber);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let application = Application::build(configuration, &platform).unwrap();
                let addresses = [
                    application.verify_addresses(),
                    application.admin_addresses(),
                    application.grpc_addresses(),
                ];
                let addresses = addresses.map(tcp);
                report.send(addresses).unwrap();
                application.run(shutdown, reload).await.unwrap();
            });
        });
        let [verify, admin, grpc] = reported.recv().expect("the service did not start");
        TestGate {
            verify,
            admin,
            grpc,
            clock: self.clock,
            log,
            events,
            log_queue,
            directory,
            ask_for_reload,
            tell,
            thread: Some(thread),
        }
    }
}

impl Drop for TestGate {
    fn drop(&mut self) {
        // Twice: not gracefully, but now.
        self.tell.send_modify(|times| *times += 2);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the service panicked"
            );
        }
    }
}

impl SharedLog {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for SharedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The first TCP address; the loopback one of port 0 if there is none.
fn tcp(addresses: &[Listen]) -> SocketAddr {
    let found = addresses.iter().find_map(|address| match address {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    });
    found.unwrap_or_else(|| ([127, 0, 0, 1], 0).into())
}
