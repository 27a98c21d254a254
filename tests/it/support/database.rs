//! Real databases: `PostgreSQL`, `MariaDB` and `SQLite`.
//!
//! A server that tests share is started by the first of them, and ends with the process: its
//! guardian, a shell, waits for the end of a pipe that only this process holds, stops the server
//! and removes its directory. A test that stops or breaks its server has one of its own.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use super::{Credentials, eventually, free_port, program};

/// The user and group `nobody`, for servers that refuse to run as root.
const NOBODY: &str = "65534";

/// A database with an empty schema. `run` is its administrator; `url` is for doorward.
pub struct TestDatabase {
    pub url: String,
    access: Access,
    _file: Option<TempDir>,
}

#[derive(Clone)]
enum Access {
    Postgres {
        directory: PathBuf,
        port: u16,
        name: String,
    },
    MariaDb {
        directory: PathBuf,
        name: String,
    },
    Sqlite(PathBuf),
}

/// A server of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServerKind {
    Postgres,
    MariaDb,
}

/// A server with its directory, for one test or for all.
pub struct DatabaseServer {
    pub port: u16,
    kind: ServerKind,
    /// Removed when the server is dropped; by its guardian where the whole process ends first.
    directory: TempDir,
    tls: bool,
    running: Option<(Child, ChildStdin)>,
}

static DATABASES: AtomicUsize = AtomicUsize::new(0);

impl TestDatabase {
    /// A database of the `PostgreSQL` that all tests share.
    pub fn postgres() -> Self {
        static SHARED: OnceLock<Mutex<DatabaseServer>> = OnceLock::new();
        Self::shared(&SHARED, ServerKind::Postgres)
    }

    /// A database of the `MariaDB` that all tests share.
    pub fn mariadb() -> Self {
        static SHARED: OnceLock<Mutex<DatabaseServer>> = OnceLock::new();
        Self::shared(&SHARED, ServerKind::MariaDb)
    }

    /// A file of `SQLite`.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("users.db");
        let database = Self {
            url: format!("sqlite:{}", path.display()),
            access: Access::Sqlite(path),
            _file: Some(directory),
        };
        database.run("PRAGMA user_version = 1");
        database
    }

    fn shared(place: &'static OnceLock<Mutex<DatabaseServer>>, kind: ServerKind) -> Self {
        let server = place.get_or_init(|| Mutex::new(DatabaseServer::start(kind)));
        server.lock().unwrap().database()
    }

    /// The URL by the socket of its server.
    pub fn socket_url(&self) -> String {
        match &self.access {
            Access::Postgres {
                directory,
                port,
                name,
            } => format!(
                "postgres://doorward@localhost/{name}?host={}&port={port}",
                directory.display()
            ),
            Access::MariaDb { directory, name } => format!(
                "mysql://doorward:s3cret@localhost/{name}?socket={}/socket",
                directory.display()
            ),
            Access::Sqlite(_) => self.url.clone(),
        }
    }

    /// Runs statements as the administrator, and gives what they print.
    pub fn run(&self, sql: &str) -> String {
        let mut command = self.access.client();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(sql.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts statements that hold a lock. Dropping the result ends them.
    pub fn begin(&self, sql: &str) -> Statement {
        let mut command = self.access.client();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(sql.as_bytes()).unwrap();
        Statement {
            child,
            input: Some(input),
        }
    }
}

/// A client of the administrator in the middle of a transaction.
pub struct Statement {
    child: Child,
    input: Option<ChildStdin>,
}

impl Statement {
    /// Waits until it has printed a line with this in it.
    pub fn wait_for_line(&mut self, part: &str) {
        use std::io::{BufRead, BufReader};
        let output = self.child.stdout.take().unwrap();
        let lines = BufReader::new(output).lines();
        let found = lines.map_while(Result::ok).find(|line| line.contains(part));
        assert!(found.is_some(), "it ended without {part:?}");
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Access {
    fn client(&self) -> Command {
        match self {
            Self::Postgres {
                directory,
                port,
                name,
            } => {
                let mut psql = Command::new(program("psql"));
                psql.args([
                    "-qtAX",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-U",
                    "doorward",
                    "-d",
                    name,
                ])
                .arg("-h")
                .arg(directory)
                .arg("-p")
                .arg(port.to_string());
                psql
            }
            Self::MariaDb { directory, name } => {
                let mut client = Command::new(program("mariadb"));
                client
                    .args(["--no-defaults", "--unbuffered", "-BN", "-u", "root"])
                    .arg("--socket")
                    .arg(directory.join("socket"))
                    .arg(name);
                client
            }
            Self::Sqlite(path) => {
                let mut client = Command::new(program("sqlite3"));
                client.args(["-bail", "-batch"]).arg(path);
                client
            }
        }
    }
}

impl DatabaseServer {
    /// Starts a server of its own for a test.
    pub fn start(kind: ServerKind) -> Self {
        Self::start_with(kind, None)
    }

    /// Starts a server of its own for a test, with TLS if there are credentials.
    pub fn start_with(kind: ServerKind, tls: Option<&Credentials>) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("doorward-db-")
            .tempdir()
            .unwrap();
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let mut server = Self {
            port: free_port(),
            kind,
            directory,
            tls: tls.is_some(),
            running: None,
        };
        server.initialise();
        if let Some(credentials) = tls {
            server.write("cert.pem", &credentials.certificate);
            server.write("key.pem", &credentials.key);
        }
        server.start_again();
        if kind == ServerKind::MariaDb {
            let user = "CREATE USER doorward IDENTIFIED BY 's3cret'; \
                        GRANT SELECT, EXECUTE ON *.* TO doorward";
            server.administrator().run(user);
        }
        server
    }

    /// Writes a file that the server alone may read.
    fn write(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            let nobody = NOBODY.parse().unwrap();
            std::os::unix::fs::chown(&path, Some(nobody), Some(nobody)).unwrap();
        }
    }

    fn access(&self, name: &str) -> Access {
        let (directory, port, name) =
            (self.directory.path().to_owned(), self.port, name.to_owned());
        match self.kind {
            ServerKind::Postgres => Access::Postgres {
                directory,
                port,
                name,
            },
            ServerKind::MariaDb => Access::MariaDb { directory, name },
        }
    }

    fn administrator(&self) -> TestDatabase {
        let access = match self.kind {
            ServerKind::Postgres => self.access("postgres"),
            ServerKind::MariaDb => self.access("mysql"),
        };
        TestDatabase {
            url: String::new(),
            access,
            _file: None,
        }
    }

    /// A new database.
    pub fn database(&self) -> TestDatabase {
        let name = format!("users{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let port = self.port;
        let url = match self.kind {
            ServerKind::Postgres => format!("postgres://doorward@127.0.0.1:{port}/{name}"),
            ServerKind::MariaDb => format!("mysql://doorward:s3cret@127.0.0.1:{port}/{name}"),
        };
        self.administrator().run(&format!("CREATE DATABASE {name}"));
        TestDatabase {
            url,
            access: self.access(&name),
            _file: None,
        }
    }

    fn initialise(&self) {
        let data = self.directory.path().join("data");
        let mut command = match self.kind {
            ServerKind::Postgres => {
                let mut command = as_nobody(&postgres_program("initdb"));
                command
                    .arg("-D")
                    .arg(data)
                    .args(["-U", "doorward", "--auth=trust", "--no-sync", "-E", "UTF8"])
                    .arg("--locale=C.UTF-8");
                command
            }
            ServerKind::MariaDb => {
                let mut command = as_nobody(&program("mariadb-install-db"));
                command
                    .args(["--no-defaults", "--auth-root-authentication-method=normal"])
                    .args(["--skip-test-db", "--innodb-use-native-aio=0"])
                    .arg(format!("--datadir={}", data.display()));
                command
            }
        };
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Starts the server on its data and its port.
    pub fn start_again(&mut self) {
        let (data, port) = (self.directory.path().join("data"), self.port.to_string());
        let server = match self.kind {
            ServerKind::Postgres => {
                let mut server = as_nobody(&postgres_program("postgres"));
                server
                    .arg("-D")
                    .arg(data)
                    .arg("-k")
                    .arg(self.directory.path());
                server.args(["-h", "127.0.0.1", "-p", &port, "-c", "fsync=off"]);
                server.args(["-c", "max_connections=200", "-c", "shared_buffers=16MB"]);
                if self.tls {
                    let own = self.directory.path().display();
                    server.args(["-c", "ssl=on"]);
                    server
                        .arg("-c")
                        .arg(format!("ssl_cert_file={own}/cert.pem"));
                    server.arg("-c").arg(format!("ssl_key_file={own}/key.pem"));
                }
                server
            }
            ServerKind::MariaDb => {
                let mut server = as_nobody(&program("mariadbd"));
                server.args([
                    "--no-defaults",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                ]);
                server.args([
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-buffer-pool-size=16M",
                    "--innodb-use-native-aio=0",
                ]);
                if self.tls {
                    let own = self.directory.path().display();
                    server.arg(format!("--ssl-cert={own}/cert.pem"));
                    server.arg(format!("--ssl-key={own}/key.pem"));
                }
                server.arg(format!("--port={port}"));
                server.arg(format!("--datadir={}", data.display()));
                server.arg(format!(
                    "--socket={}/socket",
                    self.directory.path().display()
                ));
                server.arg(format!(
                    "--pid-file={}/pid",
                    self.directory.path().display()
                ));
                server
            }
        };
        let mut guardian = Command::new("sh");
        // Without the word the whole process has ended, and nothing of it is needed any more.
        let script = r#"trap '' INT; "$@" >>"$0/log" 2>&1 & server=$!; word=$(cat)
            kill -QUIT $server 2>/dev/null; (sleep 1; kill -KILL $server) 2>/dev/null & wait $server
            [ "$word" = keep ] || rm -rf "$0""#;
        guardian.args(["-c", script]).arg(self.directory.path());
        guardian.arg(server.get_program()).args(server.get_args());
        guardian
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = guardian.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        self.running = Some((child, input));
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        eventually("a database that answers", || {
            let mut client = self.administrator().access.client();
            client.stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = client.stderr(Stdio::null()).spawn().unwrap();
            let _ = child.stdin.take().unwrap().write_all(b"SELECT 1");
            child.wait().unwrap().success().then_some(())
        });
    }

    /// Stops the server at once, and closes its connections.
    pub fn stop(&mut self) {
        if let Some((mut child, mut input)) = self.running.take() {
            let _ = input.write_all(b"keep");
            drop(input);
            let _ = child.wait();
        }
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| program(name))
}

/// A program that runs as an ordinary user, also if the tests do not.
fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"])
        .arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
