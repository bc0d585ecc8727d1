//! The command line: what is done when the settings are known. `arguments` is what can be said.

mod admin;
mod arguments;
mod generate;
mod queue;
mod service;
mod trade_sim;

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::iter::successors;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use weir::app;
use weir::outbound::admin::AdminError;
use weir::settings::{self, Effective, SettingsFile, Sources};
use weir::store::MigrationState;

use admin::Answer;
pub(crate) use arguments::Cli;
use arguments::{Command, Config, Migrate, Overrides};
use generate::Generate;

/// Bad settings or bad usage; clap uses the same number for the latter.
const EXIT_BAD_SETTINGS: u8 = 2;

impl Cli {
    /// Does what was asked for. The answer is the exit code.
    pub(crate) fn run(self) -> ExitCode {
        let (command, overrides) = self.split();
        let sources = overrides.sources(std::env::vars_os().collect());

        let effective = match settings::load(sources, |path| std::fs::read_to_string(path)) {
            Ok(effective) => effective,
            Err(faults) => {
                eprintln!("{faults}");
                return ExitCode::from(EXIT_BAD_SETTINGS);
            }
        };
        command.run(&effective)
    }

    /// The command, and the settings that stood before and behind it.
    fn split(self) -> (Command, Overrides) {
        let mut overrides = self.overrides;
        let mut command = self.command.unwrap_or(Command::Serve(Overrides::default()));
        overrides.lay_over(command.overrides().map(std::mem::take).unwrap_or_default());
        (command, overrides)
    }
}

impl Command {
    /// What stood behind the innermost command.
    fn overrides(&mut self) -> Option<&mut Overrides> {
        match self {
            Self::Serve(overrides)
            | Self::Migrate { step: Migrate::Up(overrides) | Migrate::Status(overrides) }
            | Self::Config { question: Config::Check(overrides) | Config::Show(overrides) }
            | Self::Health(overrides) => Some(overrides),
            Self::Ask(question) => Some(question.overrides()),
            Self::TradeSim(_) | Self::Generate(_) | Self::Queue { .. } => None,
            Self::Completions { .. } => None,
        }
    }

    fn run(self, effective: &Effective) -> ExitCode {
        let settings = &effective.settings;
        match self {
            Self::Serve(_) => report(app::serve(effective)),
            Self::Migrate { step: Migrate::Up(_) } => report(app::migrate(settings)),
            Self::Migrate { step: Migrate::Status(_) } => match app::migrations(settings) {
                Ok(steps) => print(&steps.iter().map(migration_line).collect::<String>()),
                Err(error) => report(Err(error)),
            },
            Self::Health(_) => report(app::health(settings)),
            Self::Ask(question) => tell(question.ask(&settings.admin)),
            Self::Completions { shell } => completions(shell),
            Self::TradeSim(wanted) => {
                let at = app::TradeSimAt { trade: wanted.bind, control: wanted.control };
                report(app::trade_sim(&settings.log, at, |control| wanted.options(control)))
            }
            Self::Generate(wanted) => generate(&wanted),
            Self::Queue { step } => match actix::System::new().block_on(step.run()) {
                Ok(answer) => verdict(answer.is_good, &answer.text),
                Err(error) => report(Err(error)),
            },
            Self::Config { question: Config::Check(_) } => match app::check(settings) {
                Ok(()) => print("settings are valid\n"),
                Err(error) => {
                    report(Err(error));
                    ExitCode::from(EXIT_BAD_SETTINGS)
                }
            },
            Self::Config { question: Config::Show(_) } => print(&effective.show()),
        }
    }
}

/// Asks a running Weir and prints what it says; how well it is becomes the exit code.
fn tell(asking: impl Future<Output = Result<Answer, AdminError>>) -> ExitCode {
    match actix::System::new().block_on(asking) {
        Ok(Answer { text, health }) => {
            print(&text);
            health.exit_code()
        }
        Err(error) => report(Err(error)),
    }
}

fn completions(shell: Shell) -> ExitCode {
    let (mut script, mut command) = (Vec::new(), Cli::command());
    clap_complete::generate(shell, &mut command, "weir", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Its own lines of log would only break the one that shows the progress.
fn generate(wanted: &Generate) -> ExitCode {
    let summary = match actix::System::new().block_on(wanted.send()) {
        Ok(summary) => summary,
        Err(error) => return report(Err(error)),
    };
    let queue = wanted.service.file.path.display().to_string();
    let text = if wanted.json { summary.json() } else { summary.text(&queue) };
    verdict(summary.is_good(), &text)
}

/// Prints an answer that may be a bad one.
fn verdict(is_good: bool, text: &str) -> ExitCode {
    let printed = print(text);
    if is_good { printed } else { ExitCode::FAILURE }
}

fn migration_line(step: &MigrationState) -> String {
    let state = if step.applied { "applied" } else { "pending" };
    format!("{state}  {}\n", step.name)
}

impl Overrides {
    /// Adds what stood behind the command to what stood before it. Joined here and not by clap's
    /// global arguments, because those drop the first `--set` when there is one on either side.
    fn lay_over(&mut self, later: Self) {
        self.config = later.config.or(self.config.take());
        self.set.extend(later.set);
        self.bind = later.bind.or(self.bind.take());
        self.database_url = later.database_url.or(self.database_url.take());
    }

    fn sources(self, environment: Vec<(OsString, OsString)>) -> Sources {
        let file = self.config.map(|name| {
            let text = std::fs::read_to_string(&name);
            SettingsFile { name, text }
        });
        let mut flags = self.set;
        flags.extend(self.bind.map(|value| ("server.bind".to_owned(), value)));
        flags.extend(self.database_url.map(|value| ("database.url".to_owned(), value)));
        Sources { file, environment, flags }
    }
}

/// The exit code; an error is told with everything that led to it.
fn report<E: Error>(outcome: Result<(), E>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let causes = successors(error.source(), |&cause| cause.source());
    let chain: String = causes.map(|cause| format!(": {cause}")).collect();
    eprintln!("weir: {error}{chain}");
    ExitCode::FAILURE
}

/// Not `print!`: that panics when the reader has gone, as in `weir config show | head -1`.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use weir::settings::Faults;

    use super::*;

    fn overrides(arguments: &[&str]) -> Overrides {
        Cli::try_parse_from([&["weir"], arguments].concat()).unwrap().split().1
    }

    fn flags(arguments: &[&str]) -> Vec<(String, String)> {
        overrides(arguments).sources(Vec::new()).flags
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_before_and_after_the_command() {
        let before = ["--config", "a.toml", "--set", "pool.max=70"];
        let after = ["config", "show", "--set", "pool.max=80", "--bind", "[::1]:1"];
        let both = [&before[..], &after[..]].concat();

        assert_eq!(overrides(&both).config.as_deref(), Some("a.toml"));
        assert_eq!(
            flags(&both),
            [pair("pool.max", "70"), pair("pool.max", "80"), pair("server.bind", "[::1]:1")]
        );
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(flags(&["--set", "a.b=c=d"]), [pair("a.b", "c=d")]);
    }

    #[test]
    fn a_flag_reaches_the_settings() -> Result<(), Faults> {
        let sources = overrides(&["serve", "--database-url", "sqlite://x.db"]).sources(Vec::new());

        let effective = settings::load(sources, |_| unreachable!())?;

        assert_eq!(effective.settings.database.url.to_string(), "sqlite://x.db");
        Ok(())
    }
}
