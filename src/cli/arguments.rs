//! What can be said on the command line. The help texts are what an operator reads at night; they
//! name the exit codes and give examples.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::admin::Question;
use super::generate::{self, Generate};
use super::queue::{self, Queue};
use super::trade_sim::{self, TradeSim};

const LAYERS: &str = "\
Settings are laid on each other, the later wins:
  1. defaults, compiled in
  2. a file:          --config weir.toml
  3. the environment: WEIR__POOL__MAX=80   (pool.max; `__` stands for the dot)
  4. flags:           --set pool.max=80, --bind, --database-url

Exit codes:
  0  fine
  1  failed
  2  bad settings or bad usage; all faults are listed at once
  3  degraded, of commands that ask a running Weir: it runs, and somebody should look

Examples:
  weir
      serve on 127.0.0.1:8080, with orders in ./weir.db
  weir --bind 0.0.0.0:8080 --database-url sqlite:///var/lib/weir/orders.db
      serve callers on other machines
  WEIR__DATABASE__URL=postgres://weir:secret@db/weir weir --config production.toml serve
      serve from PostgreSQL; the password stays out of the process list
  weir --config production.toml config check
      would this start?
";

const SERVE_EXAMPLES: &str = "\
Examples:
  weir serve
  weir serve --bind 127.0.0.1:0 --set log.level=debug
";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  weir migrate status
  weir migrate up --config production.toml
";

const CONFIG_EXAMPLES: &str = "\
Examples:
  weir config check --config production.toml
  weir config show | grep -v '# default'
";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  weir completions bash > /etc/bash_completion.d/weir
  weir completions zsh > \"${fpath[1]}/_weir\"
";

const HEALTH_EXAMPLES: &str = "\
Examples:
  weir health
  weir health --config production.toml
";

/// Weir, an order service that never drops an order and never drowns its database.
#[derive(Parser)]
#[command(name = "weir", version, after_help = LAYERS)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Settings that are given on the command line. They may stand before or after the command.
#[derive(Args, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Overrides {
    /// Read settings from this TOML file, over the defaults.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// Set one key, over file and environment; may be repeated, the last one wins.
    ///
    /// Not for secrets: other users of the machine can see command lines.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Listen for callers here; short for --set server.bind=ADDR.
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<String>,
    /// Keep orders here: sqlite://FILE or postgres://USER@HOST/NAME.
    ///
    /// Short for --set database.url=URL. With a password in it, use WEIR__DATABASE__URL.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve orders until SIGTERM or SIGINT; the default.
    ///
    /// Listens at once, brings the schema up to date as soon as the database answers, and is ready
    /// then. SIGTERM stops the listening and lets running requests finish for
    /// server.drain_within; what was accepted is on the disk.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Overrides),
    /// Bring the database's schema up to date, or say where it stands.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate {
        #[command(subcommand)]
        step: Migrate,
    },
    /// Check or print the settings, without starting anything.
    #[command(after_help = CONFIG_EXAMPLES)]
    Config {
        #[command(subcommand)]
        question: Config,
    },
    /// Ask the Weir that runs with these settings whether it is healthy.
    ///
    /// Exits with 0 when it says so, with 1 when it does not or does not answer: made for the
    /// health check of a container.
    #[command(after_help = HEALTH_EXAMPLES)]
    Health(Overrides),
    #[command(flatten)]
    Ask(Box<Question>),
    /// Simulate the trade service, with any fault on demand.
    ///
    /// Takes orders as the real one does, each order id once; keeps a book of what was placed how
    /// often, and breaks as it is told. SIGTERM ends it.
    #[command(after_help = trade_sim::EXAMPLES)]
    TradeSim(Box<TradeSim>),
    /// Make orders, or read them from a file, and submit them with the client.
    #[command(after_help = generate::EXAMPLES)]
    Generate(Box<Generate>),
    /// Look after what the client could not bring.
    #[command(after_help = queue::EXAMPLES)]
    Queue {
        #[command(subcommand)]
        step: Queue,
    },
    /// Print what a shell needs to complete these commands.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions { shell: Shell },
}

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply every migration that is missing. Running it again changes nothing.
    Up(Overrides),
    /// List the migrations, applied and missing; changes nothing.
    Status(Overrides),
}

#[derive(Subcommand)]
pub(crate) enum Config {
    /// Print `settings are valid` (exit code 0), or every fault (exit code 2).
    Check(Overrides),
    /// Print every effective value as TOML, each with where it came from; secrets are not shown.
    Show(Overrides),
}

/// Splits `KEY=VALUE` at the first `=`, because values such as addresses may hold more.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as pool.max=80")?;
    Ok((key.to_owned(), value.to_owned()))
}
