//! A rival as a process: it ends when the pipe to it does, however this one ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::FLAG;
use crate::plan::Who;

pub(crate) struct Process {
    child: Child,
    pub(crate) public: String,
}

impl Process {
    /// Returns when it listens, on a database with Weir's schema.
    pub(crate) fn start(who: Who, database: &str, trade: &str) -> Self {
        let word = if who == Who::Before { "before" } else { "plain" };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([FLAG, word, database, trade]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the rival starts");
        let mut public = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut public).unwrap();
        assert!(public.starts_with("http://"), "the rival listens: {public:?}");
        Self { child, public: public.trim().to_owned() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
