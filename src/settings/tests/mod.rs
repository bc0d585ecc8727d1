//! The settings as a whole, through [`load`]: nothing here touches the process.

mod contradictions;
mod faults;
mod files;
mod layers;

use super::*;

/// What each layer says; the ways to build one for a test.
#[derive(Default)]
struct Given(Sources);

impl Given {
    fn nothing() -> Self {
        Self::default()
    }

    fn file(mut self, name: &str, text: &str) -> Self {
        self.0.file = Some(SettingsFile { name: name.to_owned(), text: Ok(text.to_owned()) });
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.0.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.0.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn load(self) -> Result<Effective, Faults> {
        load(self.0, |path| match path.to_str() {
            Some("/run/token") => Ok("0123456789abcdef-from-file\n".to_owned()),
            Some("/run/short") => Ok("short\n".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        })
    }

    fn settings(self) -> Settings {
        self.load().map_err(|faults| faults.to_string()).unwrap().settings
    }

    fn shown(self) -> String {
        self.load().map_err(|faults| faults.to_string()).unwrap().show()
    }

    /// Each fault as it is printed.
    fn faults(self) -> Vec<String> {
        let faults = self.load().err().unwrap();
        faults.list().iter().map(Fault::to_string).collect()
    }
}
