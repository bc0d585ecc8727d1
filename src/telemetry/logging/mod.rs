//! The log: one line per event on stderr, as text or as JSON.
//!
//! No event can forge a second line: control characters are escaped in both forms. A stderr that
//! nobody reads any more loses lines and does nothing else. Which lines are written can be changed
//! while the service runs: the logger stands behind a switch.

mod filter;
mod line;
mod members;
mod switch;

use std::io::Write;
use std::sync::Arc;

use env_logger::{Builder, WriteStyle};
use log::{LevelFilter, SetLoggerError};

use self::filter::Filter;
pub use self::switch::Switch;
use crate::ports::clock::Clock;
use crate::settings::{LogFormat, LogSettings};

/// Those who write a line per statement: unless somebody is looking for a fault, only their
/// warnings are wanted. A name covers all that begin with it, such as `sea_orm_migration`.
const TALKATIVE: [&str; 3] = ["actix_server", "sqlx", "sea_orm"];

/// From now on `log::info!` and its sisters write to stderr. Fails when it was called before.
pub fn start(settings: &LogSettings, clock: Arc<dyn Clock>) -> Result<Switch, SetLoggerError> {
    let format = settings.format;
    let make = move |filter: &Filter| builder(filter, format, Arc::clone(&clock)).build();
    let switch = Switch::new(settings.level, Box::new(make), log::set_max_level);
    log::set_boxed_logger(Box::new(switch.clone()))?;
    Ok(switch)
}

fn builder(filter: &Filter, format: LogFormat, clock: Arc<dyn Clock>) -> Builder {
    let write = match format {
        LogFormat::Text => line::text,
        LogFormat::Json => line::json,
    };
    let mut builder = Builder::new();
    builder.write_style(WriteStyle::Never).filter_level(filter.level);
    for (target, level) in &filter.targets {
        builder.filter_module(target, *level);
    }
    builder.format(move |out, record| writeln!(out, "{}", write(record, clock.utc())));
    builder
}

fn level_of_the_talkative(level: LevelFilter) -> LevelFilter {
    if level >= LevelFilter::Debug { level } else { level.min(LevelFilter::Warn) }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use log::{Level, Log, Metadata, Record};

    use super::*;
    use crate::ports::clock::SystemClock;

    fn builder(level: LevelFilter, format: LogFormat) -> Builder {
        super::builder(&Filter::level(level), format, Arc::new(SystemClock))
    }

    #[test]
    fn statements_are_logged_only_for_those_who_look_for_a_fault() {
        let table = [
            (LevelFilter::Off, "weir::app", Level::Error, false),
            (LevelFilter::Error, "sqlx::query", Level::Warn, false),
            (LevelFilter::Info, "weir::app", Level::Info, true),
            (LevelFilter::Info, "weir::app", Level::Debug, false),
            (LevelFilter::Info, "sqlx::query", Level::Info, false),
            (LevelFilter::Info, "sqlx::query", Level::Warn, true),
            (LevelFilter::Info, "sea_orm_migration::migrator", Level::Info, false),
            (LevelFilter::Debug, "sqlx::query", Level::Debug, true),
            (LevelFilter::Trace, "sea_orm::driver", Level::Trace, true),
        ];
        for (level, target, of_line, written) in table {
            let logger = builder(level, LogFormat::Text).build();
            let metadata = Metadata::builder().target(target).level(of_line).build();

            assert_eq!(logger.enabled(&metadata), written, "{level} {target} {of_line}");
        }
    }

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_becomes_exactly_one_line_in_the_form_that_is_set() {
        for (format, begin) in [(LogFormat::Text, "20"), (LogFormat::Json, "{\"timestamp\":\"20")] {
            let paper = Paper::default();
            let mut builder = builder(LevelFilter::Info, format);
            let logger = builder.target(env_logger::Target::Pipe(Box::new(paper.clone()))).build();

            logger.log(&Record::builder().args(format_args!("two\nlines")).build());

            let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
            assert!(written.starts_with(begin), "{written}");
            assert_eq!(written.matches('\n').count(), 1, "{written}");
            assert!(written.ends_with('\n'), "{written}");
        }
    }
}
