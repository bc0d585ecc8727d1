//! Keeps the admin tokens as their file has them: a rotation needs no restart.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::admin::tokens::Tokens;
use crate::settings::{self, AdminSettings, Secret};

/// How soon a changed file counts.
const LOOK_EVERY: Duration = Duration::from_secs(2);

pub(super) fn of(admin: &AdminSettings) -> Tokens {
    Tokens::new(admin.tokens.iter().map(Secret::expose))
}

/// Reads the file again and again, if there is one. What was good stays good while the file cannot
/// be read or holds no tokens: a listener that asked for one never ceases to.
pub(super) async fn follow(admin: &AdminSettings, tokens: &Tokens) -> Infallible {
    let Some(path) = &admin.token_file else { return std::future::pending().await };
    let mut known = texts(&admin.tokens);
    let mut told: Option<String> = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match read(path.clone()).await {
            Ok(found) => {
                told = None;
                let found_now = texts(&found);
                if found_now != known {
                    tokens.replace(found.iter().map(Secret::expose));
                    log::warn!(good = found.len(); "admin tokens changed");
                    known = found_now;
                }
            }
            Err(must) if told.as_ref() == Some(&must) => {}
            Err(must) => {
                let path = path.display();
                log::error!(path:%, reason = must; "admin tokens could not be read again");
                told = Some(must);
            }
        }
    }
}

/// Not on this thread: a file may lie on a disk that does not answer.
async fn read(path: PathBuf) -> Result<Vec<Secret>, String> {
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
    let text = read.map_err(io::Error::other).flatten();
    settings::tokens(&text.map_err(|error| format!("must be readable: {error}"))?)
        .map_err(|must| format!("must {must}"))
}

fn texts(tokens: &[Secret]) -> Vec<String> {
    tokens.iter().map(|token| token.expose().to_owned()).collect()
}
