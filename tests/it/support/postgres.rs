//! A private PostgreSQL: the tests never touch a server they did not start.
//!
//! One cluster is shared by all tests of the process, each with a fresh database; a test that stops
//! the server takes a cluster of its own. Statics are not dropped and a test process may be killed,
//! so neither is cleaned up from here: the keeper script owns the server, and the end of the pipe
//! to it is what makes it stop the server and remove the folder.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, OnceLock};

use sea_orm::sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

/// Below the range the kernel hands out (32768 and up): the port of a stopped server stays free
/// while other tests bind port 0.
const PORTS: std::ops::Range<u32> = 20_000..32_000;
const START_ATTEMPTS: u32 = 5;

/// The cluster all tests of this process share; `None`, said once aloud, without the binaries.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(Cluster::start_private).as_ref()
}

pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
}

impl Cluster {
    /// A server of the caller's own, stopped and removed on drop; `None` without the binaries.
    pub(crate) fn start_private() -> Option<Self> {
        let binaries = binaries().or_else(report_missing)?;
        let (folder, mut keeper) = Keeper::hire(&binaries);
        // Another process may take a port between the look and the start.
        let port = (0..START_ATTEMPTS)
            .map(|_| free_port())
            .find(|port| keeper.obey(&format!("start {port}")) == "started");
        let port = port.unwrap_or_else(|| panic!("{}", server_log(&folder)));
        Some(Self { folder, port, keeper: Mutex::new(keeper) })
    }

    /// Stops at once and without a checkpoint: sessions break, the next start recovers.
    pub(crate) fn stop(&self) {
        let answer = self.keeper.lock().unwrap().obey("stop");
        assert_eq!(answer, "stopped", "{}", server_log(&self.folder));
    }

    /// Starts again on the same port and data; returns when connections are accepted.
    pub(crate) fn start(&self) {
        let order = format!("start {}", self.port);
        let answer = self.keeper.lock().unwrap().obey(&order);
        assert_eq!(answer, "started", "{}", server_log(&self.folder));
    }

    /// The URL of a database nobody else knows.
    pub(crate) async fn create_database(&self) -> String {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let name = format!("weir_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let statement = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    /// Where everything of the cluster lives, its unix socket and `server.log` included.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://weir@127.0.0.1:{}/{database}", self.port)
    }
}

/// The child that owns the server; see `postgres_keeper.sh`.
struct Keeper {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    fn hire(binaries: &Path) -> (PathBuf, Self) {
        let folder = tempfile::Builder::new().prefix("weir-postgres-").tempdir().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("postgres_keeper.sh"), "weir-postgres-keeper"])
            .args([folder.path(), binaries])
            .current_dir(folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C or a runner's group kill is for the tests; the keeper must outlive them.
            .process_group(0);
        // The owner of a new file is the effective user; PostgreSQL refuses to be root.
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            let (uid, gid) = unprivileged_user();
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let mut child = command.spawn().expect("sh starts");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        // From here on the keeper removes it.
        (folder.keep(), Self { child, orders, answers })
    }

    fn obey(&mut self, order: &str) -> String {
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{order}").expect("the keeper of PostgreSQL lives");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.orders = None;
        drop(self.child.wait());
    }
}

fn binaries() -> Option<PathBuf> {
    let complete =
        |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    if let Some(given) = std::env::var_os("WEIR_TEST_POSTGRES_BIN") {
        return Some(PathBuf::from(given)).filter(complete);
    }
    let version = |folder: &fs::DirEntry| folder.file_name().to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|folder| Some((version(&folder)?, folder.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.map(|(_, folder)| folder).or_else(|| std::env::split_paths(&path).find(complete))
}

/// Says so past libtest's capture: half a suite must not vanish in silence.
fn report_missing<T>() -> Option<T> {
    static ONCE: Once = Once::new();
    let required = std::env::var_os("WEIR_TEST_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
    assert!(!required, "PostgreSQL not found, and WEIR_TEST_REQUIRE_POSTGRES=1 asks for it");
    ONCE.call_once(|| {
        let line = "PostgreSQL not found: its half of the suite is skipped \
                    (install postgresql, or set WEIR_TEST_POSTGRES_BIN)\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
    None
}

fn unprivileged_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let user = users.lines().map(fields).find(|user| user[0] == name)?;
        Some((user[2].parse().ok()?, user[3].parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).expect("a user to run PostgreSQL as")
}

fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    // Processes that run side by side begin at different places.
    let first = std::process::id().wrapping_mul(37);
    let candidates = PORTS.map(|_| first.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed)));
    candidates
        .map(|number| PORTS.start + number % (PORTS.end - PORTS.start))
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

fn server_log(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    format!("PostgreSQL did not do as told; its log:\n{log}")
}
