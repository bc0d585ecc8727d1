//! The logger behind a switch: another one may take its place while lines are written.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use env_logger::Logger;
use log::{Level, LevelFilter, Log, Metadata, Record};

use super::filter::Filter;
use crate::ports::log_filter::{FilterError, Filters, LogFilter};

/// Makes a logger of a filter.
type Make = Box<dyn Fn(&Filter) -> Logger + Send + Sync>;

/// The switch. Clones are the same one.
#[derive(Clone)]
pub struct Switch(Arc<Inner>);

struct Inner {
    logger: ArcSwap<Logger>,
    make: Make,
    /// Who tells `log` how much is worth asking for.
    bound: fn(LevelFilter),
    state: Mutex<State>,
}

struct State {
    current: String,
    lasting: String,
    /// Of the last change.
    number: u64,
}

impl Switch {
    pub(super) fn new(level: LevelFilter, make: Make, bound: fn(LevelFilter)) -> Self {
        let logger = make(&Filter::level(level));
        bound(logger.filter());
        let text = level.as_str().to_lowercase();
        let state = State { current: text.clone(), lasting: text, number: 0 };
        let (logger, state) = (ArcSwap::from_pointee(logger), Mutex::new(state));
        Self(Arc::new(Inner { logger, make, bound, state }))
    }

    /// The change is told by whichever of the two lets it through: nobody is left to wonder why the
    /// log fell silent.
    fn turn(&self, filter: &Filter, before: &str, now: &str, reason: &str) {
        let (old, new) = (self.0.logger.load_full(), Arc::new((self.0.make)(filter)));
        (self.0.bound)(new.filter());
        self.0.logger.store(Arc::clone(&new));
        let pairs = [("before", before), ("now", now), ("reason", reason)];
        let about = Metadata::builder().level(Level::Warn).target(module_path!()).build();
        if let Some(logger) = [&new, &old].into_iter().find(|logger| logger.enabled(&about)) {
            let mut record = Record::builder();
            record.metadata(about).key_values(&pairs);
            logger.log(&record.args(format_args!("log filter changed")).build());
        }
    }
}

impl Log for Switch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.logger.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.0.logger.load().log(record);
    }

    fn flush(&self) {
        self.0.logger.load().flush();
    }
}

impl LogFilter for Switch {
    fn filters(&self) -> Filters {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        Filters { current: state.current.clone(), lasting: state.lasting.clone() }
    }

    fn set(&self, filter: &str, ends: bool, reason: &str) -> Result<u64, FilterError> {
        let parsed = Filter::parse(filter)?;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.number += 1;
        let before = std::mem::replace(&mut state.current, filter.to_owned());
        if !ends {
            filter.clone_into(&mut state.lasting);
        }
        self.turn(&parsed, &before, filter, reason);
        Ok(state.number)
    }

    fn put_back(&self, number: u64) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What lasts was a filter when it was set.
        if state.number == number
            && let Ok(parsed) = Filter::parse(&state.lasting)
        {
            let lasting = state.lasting.clone();
            let before = std::mem::replace(&mut state.current, lasting);
            self.turn(&parsed, &before, &state.current, "its time is over");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use log::Level;

    use super::*;

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

    fn switch(paper: &Paper) -> Switch {
        let paper = paper.clone();
        let make = move |filter: &Filter| {
            let mut builder = env_logger::Builder::new();
            builder.filter_level(filter.level);
            for (target, level) in &filter.targets {
                builder.filter_module(target, *level);
            }
            builder.target(env_logger::Target::Pipe(Box::new(paper.clone()))).build()
        };
        Switch::new(LevelFilter::Info, Box::new(make), |_| {})
    }

    fn filters(current: &str, lasting: &str) -> Filters {
        Filters { current: current.to_owned(), lasting: lasting.to_owned() }
    }

    #[test]
    fn the_next_line_goes_by_the_new_filter() {
        let paper = Paper::default();
        let switch = switch(&paper);
        let say = |text: &str| {
            let record = Record::builder().level(Level::Debug).target("weir::store").build();
            let metadata = record.metadata().clone();
            let is_enabled = switch.enabled(&metadata);
            let arguments = format_args!("{text}");
            let record = Record::builder().metadata(metadata).args(arguments).build();
            switch.log(&record);
            is_enabled
        };

        assert!(!say("early line"));
        switch.set("weir::store=debug,warn", false, "r").unwrap();
        assert!(say("late line"));

        let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains("late line") && !written.contains("early line"), "{written}");
        let lasting = filters("weir::store=debug,warn", "weir::store=debug,warn");
        assert_eq!(switch.filters(), lasting);
    }

    #[test]
    fn one_that_ends_gives_way_to_the_lasting_one_unless_another_came() {
        let switch = switch(&Paper::default());
        let first = switch.set("debug", true, "r").unwrap();
        assert_eq!(switch.filters(), filters("debug", "info"));

        let second = switch.set("trace", true, "r").unwrap();
        switch.put_back(first);
        assert_eq!(switch.filters(), filters("trace", "info"));

        switch.put_back(second);
        assert_eq!(switch.filters(), filters("info", "info"));
        assert!(!switch.enabled(&Metadata::builder().level(Level::Debug).build()));
    }

    #[test]
    fn each_change_is_told_also_the_one_that_silences() {
        let paper = Paper::default();
        let switch = switch(&paper);

        let number = switch.set("off", true, "too loud").unwrap();
        switch.put_back(number);

        let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), 2, "{written}");
        assert!(lines.iter().all(|line| line.contains("log filter changed")), "{written}");
        assert!(lines[0].contains("too loud") && lines[1].contains("time is over"), "{written}");
    }

    #[test]
    fn nonsense_changes_nothing() {
        let switch = switch(&Paper::default());

        assert!(switch.set("loud", false, "r").is_err());

        assert_eq!(switch.filters(), filters("info", "info"));
    }
}
