//! One run of the real binary: its signals, its end, and every line it said.
//!
//! Dropping a run kills it. A test process that is killed drops nothing, so a guard beside each run
//! kills it when the pipe from the test process ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::wait::wait_for;

const BINARY: &str = env!("CARGO_BIN_EXE_weir");
const GUARD: &str = r#"read -r released || kill -KILL "$1""#;
const EXIT_DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Run {
    child: Child,
    guard: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    status: Option<ExitStatus>,
}

impl Run {
    /// Runs `weir` with these arguments; of the `WEIR__` environment it sees only `settings`.
    pub(crate) fn spawn<S: AsRef<OsStr>>(arguments: &[&str], settings: &[(String, S)]) -> Self {
        // No settings file of the repository may be found by accident.
        Self::spawn_under("", &std::env::temp_dir(), arguments, settings)
    }

    /// The same in `folder`, after a shell ran `prelude` in the place that then becomes `weir`: for
    /// limits.
    pub(crate) fn spawn_under<S: AsRef<OsStr>>(
        prelude: &str,
        folder: &Path,
        arguments: &[&str],
        settings: &[(String, S)],
    ) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{prelude}\nexec \"$0\" \"$@\""), BINARY]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WEIR_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).envs(settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.current_dir(folder);
        let mut child = command.spawn().expect("weir starts");
        let guard = guard(child.id());

        let lines = Arc::new(Mutex::new(Vec::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                kept.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { child, guard, lines, reader: Some(reader), status: None }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// All lines so far; all lines for good once the process has ended.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines that are JSON objects with this message.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let objects = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|object| object["message"] == message).collect()
    }

    /// Sends a signal by name, such as `TERM`, `STOP` or `CONT`; not to a process that has ended.
    pub(crate) fn signal(&mut self, name: &str) {
        assert!(self.ended().is_none(), "weir has ended before {name}");
        let id = self.child.id().to_string();
        let arguments = ["-c", r#"kill -s "$1" "$2""#, "signal", name, &id];
        assert!(Command::new("sh").args(arguments).status().unwrap().success());
    }

    pub(crate) fn kill_9(&mut self) -> ExitStatus {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        self.close(status)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none()
            && let Some(status) = self.child.try_wait().unwrap()
        {
            self.close(status);
        }
        self.status
    }

    pub(crate) async fn wait_for_end(&mut self) -> ExitStatus {
        wait_for("weir to end", EXIT_DEADLINE, async || self.ended()).await
    }

    /// After the end: nothing is left to guard, and the pipe gives its last lines.
    fn close(&mut self, status: ExitStatus) -> ExitStatus {
        if self.status.is_none() {
            let stdin = self.guard.stdin.as_mut().unwrap();
            drop(stdin.write_all(b"released\n"));
            self.guard.wait().unwrap();
            self.reader.take().map(JoinHandle::join);
            self.status = Some(status);
        }
        status
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill_9();
        }
        if std::thread::panicking() {
            eprintln!("--- weir {} said, then {:?}:", self.child.id(), self.status);
            self.lines().iter().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Kills the process when the pipe from this one ends; a line into the pipe lets it go.
pub(crate) fn guard(id: u32) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "weir-guard", &id.to_string()]).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("sh starts")
}
