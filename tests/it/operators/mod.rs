//! What operators do to a running house, through its admin listener.

mod audit;
mod batches;
mod letters;
mod pauses;
mod shell;
mod shell_orders;
mod traces;

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Answer, Weir};

/// Who is logged in at the shell.
const ACCOUNT: &str = "ann";

/// Runs `weir` to its end; of the settings it is given only the token.
fn run(arguments: &[&str], token: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEIR_") {
            command.env_remove(name);
        }
    }
    command.env("USER", ACCOUNT).env("WEIR__ADMIN__TOKEN", token);
    command.args(arguments).output().expect("weir runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// An order to the house.
async fn order(weir: &Weir, path: &str, body: &Value) -> Answer {
    weir.admin_request("POST", path).json(body).send().await
}

/// The lines of the audit that this query finds, the newest first.
async fn audit_lines(weir: &Weir, query: &str) -> Vec<Value> {
    let page = weir.admin_get(&format!("/admin/audit?{query}")).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}
