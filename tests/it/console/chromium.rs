//! A Chromium without a screen, with a profile of its own and no way to any other host.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::DEADLINE;
use crate::support::process::guard;
use crate::support::wait_for;

/// Two browsers at a time are slower than one after the other.
static PLACE: Mutex<()> = Mutex::const_new(());

const FLAGS: [&str; 9] = [
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "about:blank",
];

pub(super) struct Chromium {
    /// Where its debugger listens.
    pub(super) debugger: String,
    child: Child,
    guard: Child,
    _profile: TempDir,
    _place: MutexGuard<'static, ()>,
}

impl Chromium {
    /// None where none is installed.
    pub(super) async fn start() -> Option<Self> {
        let Some(binary) = binary() else { return report_missing() };
        let place = PLACE.lock().await;
        let profile = tempfile::Builder::new().prefix("weir-chromium-").tempdir().unwrap();
        let mut command = Command::new(binary);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display()));
        if is_root() {
            // Its sandbox refuses to start as root, which tests in a container are.
            command.arg("--no-sandbox");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("chromium starts");
        let guard = guard(child.id());
        let place_of_port = profile.path().join("DevToolsActivePort");
        let debugger = wait_for("the browser's debugger", DEADLINE, async || {
            let text =
                std::fs::read_to_string(&place_of_port).map_err(|error| error.to_string())?;
            let (port, path) = text.split_once('\n').ok_or("half of it")?;
            Ok::<_, String>(format!("http://127.0.0.1:{port}{}", path.trim()))
        });
        let debugger = debugger.await;
        Some(Self { debugger, child, guard, _profile: profile, _place: place })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(self.guard.stdin.as_mut().unwrap().write_all(b"released\n"));
        drop(self.guard.wait());
    }
}

fn binary() -> Option<&'static str> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    known.into_iter().find(|path| Path::new(path).exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    String::from_utf8_lossy(&id).trim() == "0"
}

/// Says so past libtest's capture.
fn report_missing<T>() -> Option<T> {
    static ONCE: Once = Once::new();
    let required = std::env::var_os("WEIR_TEST_REQUIRE_CHROMIUM").is_some_and(|value| value == "1");
    assert!(!required, "Chromium not found, and WEIR_TEST_REQUIRE_CHROMIUM=1 asks for it");
    ONCE.call_once(|| {
        let line = "Chromium not found: the tests of the console are skipped (install chromium)\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
    None
}
