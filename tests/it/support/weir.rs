//! Weir as a test uses it: started on a database, asked over HTTP, killed, started again.
//!
//! ```ignore
//! let mut weir = Weir::on(kind).set("pool.max", "20").start().await;
//! weir.post("/orders", &order).await.expect(201);
//! weir.kill_9();
//! weir.restart().await;
//! assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, 1);
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use awc::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::client::{Answer, Request, client};
use super::databases::{Database, Kind};
use super::process::Run;
use super::raw::Raw;
use super::wait::wait_for;

const START_DEADLINE: Duration = Duration::from_secs(20);

/// Where the process under test keeps its orders: a fresh database, or one that exists.
pub(crate) enum Place {
    Fresh(Kind),
    Given(Database),
}

impl From<Kind> for Place {
    fn from(kind: Kind) -> Self {
        Self::Fresh(kind)
    }
}

impl From<Database> for Place {
    fn from(database: Database) -> Self {
        Self::Given(database)
    }
}

/// What to start, before it is started.
pub(crate) struct Plan {
    place: Place,
    settings: BTreeMap<String, String>,
    prelude: &'static str,
}

impl Plan {
    /// One setting by its key in the configuration file, such as `pool.max`.
    pub(crate) fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.insert(variable(key), value.to_string());
        self
    }

    /// What a shell does in the process before it becomes Weir, such as `ulimit -f 2048`.
    pub(crate) fn under(mut self, prelude: &'static str) -> Self {
        self.prelude = prelude;
        self
    }

    /// Returns when the process is ready.
    pub(crate) async fn start(self) -> Weir {
        let weir = self.start_unready().await;
        weir.wait_until_ready().await;
        weir
    }

    /// Returns when the listeners are bound.
    pub(crate) async fn start_unready(self) -> Weir {
        let prelude = self.prelude;
        let (database, settings) = self.prepare().await;
        let home = home();
        let run = serve(prelude, &home, &settings);
        let mut weir = Weir {
            public: String::new(),
            admin: String::new(),
            database,
            settings,
            prelude,
            home,
            runs: vec![run],
            client: client(),
        };
        weir.wait_until_bound().await;
        weir
    }

    /// For starts that must fail: waits for the end and returns it with all that was said.
    pub(crate) async fn start_and_end(self) -> (ExitStatus, Vec<String>) {
        let prelude = self.prelude;
        let (_database, settings) = self.prepare().await;
        let home = home();
        let mut run = serve(prelude, &home, &settings);
        (run.wait_for_end().await, run.lines())
    }

    async fn prepare(self) -> (Database, BTreeMap<String, String>) {
        let database = match self.place {
            Place::Fresh(kind) => Database::fresh(kind).await,
            Place::Given(database) => database,
        };
        let mut settings = BTreeMap::from([
            (variable("server.bind"), "127.0.0.1:0".to_owned()),
            (variable("admin.bind"), "127.0.0.1:0".to_owned()),
            (variable("log.format"), "json".to_owned()),
            (variable("database.url"), database.url.clone()),
        ]);
        settings.extend(self.settings);
        (database, settings)
    }
}

pub(crate) struct Weir {
    /// Base URL of the public listener, `http://127.0.0.1:PORT`.
    pub(crate) public: String,
    pub(crate) admin: String,
    pub(crate) database: Database,
    settings: BTreeMap<String, String>,
    prelude: &'static str,
    /// Where it runs, and keeps what belongs to no SQLite file.
    home: TempDir,
    /// Every process since the start, the present one last: a failed test shows them all.
    runs: Vec<Run>,
    client: Client,
}

impl Weir {
    pub(crate) fn on(place: impl Into<Place>) -> Plan {
        Plan { place: place.into(), settings: BTreeMap::new(), prelude: "" }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    pub(crate) async fn post_raw(
        &self,
        path: &str,
        content_type: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Answer {
        self.request("POST", path).raw(content_type, bytes).send().await
    }

    pub(crate) async fn admin_get(&self, path: &str) -> Answer {
        self.admin_request("GET", path).send().await
    }

    /// For what the short forms leave out: other methods, headers, connections that may break.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(&self.client, method, format!("{}{path}", self.public))
    }

    pub(crate) fn admin_request(&self, method: &str, path: &str) -> Request {
        Request::new(&self.client, method, format!("{}{path}", self.admin))
    }

    /// The folder that it runs in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A bare connection to the public listener.
    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.public.trim_start_matches("http://")).await
    }

    /// The present process, for its signals and its log.
    pub(crate) fn run(&mut self) -> &mut Run {
        self.runs.last_mut().unwrap()
    }

    /// Every line the present process wrote to stderr.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.runs.last().unwrap().lines()
    }

    /// The log objects of the present process with this message.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        self.runs.last().unwrap().logged(message)
    }

    pub(crate) fn kill_9(&mut self) {
        self.run().kill_9();
    }

    /// Asks the process to end and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.run().signal("TERM");
        self.run().wait_for_end().await
    }

    /// Changes a setting for the next restart.
    pub(crate) fn set(&mut self, key: &str, value: impl ToString) {
        self.settings.insert(variable(key), value.to_string());
    }

    /// Starts again on the same database, on new ports; terminates first what still runs.
    pub(crate) async fn restart(&mut self) {
        self.restart_unready().await;
        self.wait_until_ready().await;
    }

    pub(crate) async fn restart_unready(&mut self) {
        if self.run().ended().is_none() {
            self.terminate().await;
        }
        self.runs.push(serve(self.prelude, &self.home, &self.settings));
        self.client = client();
        self.wait_until_bound().await;
    }

    pub(crate) async fn wait_until_ready(&self) {
        wait_for("readiness", START_DEADLINE, async || {
            let answer = self.request("GET", "/actuator/health/readiness").try_send().await?;
            let is_ready = answer.status == 200;
            is_ready.then_some(()).ok_or(format!("{} {}", answer.status, answer.text))
        })
        .await;
    }

    async fn wait_until_bound(&mut self) {
        let run = self.run();
        let listening = wait_for("the listeners to be bound", START_DEADLINE, async || {
            let ended = run.ended();
            let listening = run.logged("listening").pop();
            assert!(ended.is_none(), "weir ended instead of listening: {ended:?}");
            listening
        })
        .await;
        let base = |listener: &str| format!("http://{}", listening[listener].as_str().unwrap());
        self.public = base("public");
        self.admin = base("admin");
    }
}

fn serve(prelude: &str, home: &TempDir, settings: &BTreeMap<String, String>) -> Run {
    let settings: Vec<_> = settings.clone().into_iter().collect();
    Run::spawn_under(prelude, home.path(), &["serve"], &settings)
}

fn home() -> TempDir {
    tempfile::Builder::new().prefix("weir-home-").tempdir().unwrap()
}

fn variable(key: &str) -> String {
    format!("WEIR__{}", key.to_uppercase().replace('.', "__"))
}
